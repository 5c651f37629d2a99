//! `make bench`: speed as ratios to the physical limit or to a plain loop in the same run. Each figure is a RESULT line.
//!
//! Broker's sync interval at its default for the ratios; the shipped setting (`always`) is told beside it. Arguments
//! name the parts to run (`intake router story paced maildir`); none runs all.

mod bare;
mod intake;
mod load;
mod maildir;
mod paced;
mod router;
mod story;

use redress_tests::results::{Results, say};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_runtime::http::install_tls();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    let mut results = Results::default();
    if wants("intake") {
        say("\ncore.intake: recording contacts beside a bare loop that publishes the same messages");
        intake::run(&mut results).await?;
    }
    if wants("router") {
        say("\ncore.router: contacts waiting, one replica, the other services stopped");
        router::run(&mut results).await?;
    }
    if wants("story") {
        say("\ncore.story: from accepted contact to acknowledgement taken by the mail server");
        story::run(&mut results).await?;
    }
    if wants("paced") {
        say("\ncore.registered_p99: contacts at 200/s");
        paced::run(&mut results).await?;
    }
    if wants("maildir") {
        say("\nemail.story: Maildir to acknowledgement at 20/s, settings as shipped");
        maildir::run(&mut results).await?;
    }
    results.finish()
}
