//! `make bench`: speed as ratios to the physical limit or to a plain loop in the same run. Each figure is a RESULT line.
//!
//! Broker's sync interval at its default for the ratios; the shipped setting (`always`) is told beside it. Arguments
//! name the parts to run (`intake router story paced maildir sla web phone social`; `sla:2000` takes fewer complaints, `phone:1000` fewer rows); none runs all. `--corpus <folder>` runs the parts of
//! `workload` instead (`speed pollers full`) over the mails of that folder.

mod bare;
mod intake;
mod load;
mod maildir;
mod paced;
mod phone;
mod router;
mod sla;
mod social;
mod story;
mod web;
mod workload;

use redress_tests::results::{Results, say};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_runtime::http::install_tls();
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.first().is_some_and(|first| first == workload::SINK) {
        return workload::be_sink().await;
    }
    if wanted.first().is_some_and(|first| first == web::BE_HANDLER) {
        return web::be_handler().await;
    }
    if wanted.first().is_some_and(|first| first == "--corpus") {
        anyhow::ensure!(wanted.len() > 1, "usage: bench --corpus <folder> [speed] [pollers] [full]");
        let folder = wanted.drain(..2).next_back().unwrap_or_default();
        return workload(folder.as_ref(), &wanted).await;
    }
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
    let named = wanted.iter().find_map(|part| sla::wanted(part));
    if let Some(complaints) = named.or_else(|| wanted.is_empty().then(|| sla::wanted("sla")).flatten()) {
        say(&format!(
            "\nsla: {complaints} open complaints with ten milestones each, first left alone, then disturbed"
        ));
        sla::run(complaints, &mut results).await?;
    }
    let rows = wanted.iter().find_map(|part| phone::wanted(part));
    if let Some(rows) = rows.or_else(|| wanted.is_empty().then(|| phone::wanted("phone")).flatten()) {
        say(&format!(
            "\nphone.table: {rows} rows of a table beside a bare loop that publishes the same messages"
        ));
        phone::run(rows, &mut results).await?;
    }
    if wants("social") {
        say("\nsocial: posts of each platform a second on one core, from the bytes of a payload to contacts");
        social::run(&mut results)?;
    }
    if wants("web") {
        say(
            "\nweb.accepted: complaints over 64 connections beside a plain handler that publishes the same messages",
        );
        web::run(&mut results).await?;
    }
    results.finish()
}

async fn workload(folder: &std::path::Path, wanted: &[String]) -> anyhow::Result<()> {
    let mut results = Results::default();
    workload::run(folder, wanted, &mut results).await?;
    results.finish()
}
