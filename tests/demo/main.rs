//! `make demo`: the whole story on the terminal. Sample mails and a web form become complaints, are acknowledged, run
//! into deadlines that are seconds long, and are escalated. It ends by itself, and fails when something did not happen.

mod story;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_tests::program::{Running, ask};
use redress_tests::results::say;
use story::Story;

/// Folder of the demo, beside the caller's.
const FOLDER: &str = "demo";

/// How long the story may take at most.
const PATIENCE: Duration = Duration::from_mins(2);

const MAILS: [(&str, &str); 4] = [
    ("kettle.eml", include_str!("mails/kettle.eml")),
    ("ticket.eml", include_str!("mails/ticket.eml")),
    ("ticket-again.eml", include_str!("mails/ticket-again.eml")),
    ("away.eml", include_str!("mails/away.eml")),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_runtime::http::install_tls();
    let folder = std::path::absolute(FOLDER)?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("clear {}", folder.display()))?;
    }
    let maildir = folder.join("inbox");
    for name in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(maildir.join(name))?;
    }
    let config = folder.join("redress.toml");
    std::fs::write(&config, include_str!("redress.toml").replace("{folder}", &folder.display().to_string()))?;

    std::fs::create_dir_all(folder.join("calls"))?;

    say("Starting redress: every service in one process, next to a nats-server of its own …");
    let mut running = Running::start(&config, &folder.join("redress.log"), &["up"])?;
    let public = running.address("public")?;
    say(&format!("It is up. The public form is at {public}\n"));

    let events =
        Running::start(&config, &folder.join("events.log"), &["events", "--from", "beginning", "--follow"])?;
    for (name, mail) in MAILS {
        say(&format!("  a mail arrives: {}", subject(mail)));
        deliver(&maildir, name, mail)?;
    }
    say("  somebody calls, waits for 68 seconds, and gives up");
    std::fs::write(folder.join("calls/queue_log"), given_up())?;
    let reference = complain(&public).await?;
    say(&format!("  somebody fills in the web form and is told the reference {reference}\n"));

    let mut story = Story::default();
    let until = std::time::Instant::now() + PATIENCE;
    while !story.is_told() {
        let left = until.saturating_duration_since(std::time::Instant::now());
        let line = events.line(left).context("the story did not come to its end in time")?;
        if let Some(told) = story.hear(&line) {
            say(&told);
        }
        if let Some(late) = story.unattended() {
            say(&format!("  ina looks after it: redress act {late} --as ina acknowledge"));
            ask(&config, &["act", &late, "--as", "ina", "acknowledge"])?;
        }
    }
    drop(events);
    summary(&config, &folder, &reference, &story)?;
    running.stop().context("stop redress")?;
    say(
        "redress has drained and stopped. `make up` starts it with the example settings and keeps it running.",
    );
    Ok(())
}

fn subject(mail: &str) -> &str {
    mail.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("(no subject)")
}

fn deliver(maildir: &Path, name: &str, mail: &str) -> anyhow::Result<()> {
    let written = maildir.join("tmp").join(name);
    std::fs::write(&written, mail.replace('\n', "\r\n"))?;
    std::fs::rename(written, maildir.join("new").join(name))?;
    Ok(())
}

/// What Asterisk writes of a caller who gave up.
fn given_up() -> String {
    let now = redress_runtime::Clock::system().now().as_second();
    let call = format!("{}.17", now - 68);
    format!(
        "{}|{call}|hotline|NONE|ENTERQUEUE||+442079460123|1\n{now}|{call}|hotline|NONE|ABANDON|1|1|68\n",
        now - 68
    )
}

/// Complains through the API, as a form on somebody's own page would.
async fn complain(public: &str) -> anyhow::Result<String> {
    let body = serde_json::json!({
        "whatHappened": "My parcel has been promised for Tuesday three times and has not come.",
        "name": "Sam Okoro",
        "email": "sam@example.com",
        "remedy": "Bring it, or pay it back.",
    });
    let answer = redress_runtime::http::client()?
        .post(format!("{public}/v1/complaints"))
        .header("idempotency-key", "demo-0000-0000-0001")
        .json(&body)
        .send()
        .await?;
    let status = answer.status();
    let told: serde_json::Value = answer.json().await?;
    ensure!(status.as_u16() == 202, "the API answered {status}: {told}");
    Ok(told["reference"].as_str().context("the answer holds a reference")?.to_owned())
}

fn summary(config: &Path, folder: &Path, reference: &str, story: &Story) -> anyhow::Result<()> {
    let outgoing: Vec<PathBuf> =
        std::fs::read_dir(folder.join("outbox/new"))?.flatten().map(|entry| entry.path()).collect();
    let dead = ask(config, &["dead", "list"])?;
    ensure!(dead.trim().is_empty(), "there are dead letters:\n{dead}");
    ask(config, &["verify"]).context("verify the hash chain")?;
    ensure!(!outgoing.is_empty(), "no mail went out");
    say(&format!("\n{}", story.summary()));
    say(&format!("{} mails went out; they lie in {}", outgoing.len(), folder.join("outbox/new").display()));
    say("Every complaint is a hash chain; `redress verify` found it whole, and no dead letter was left.");
    let settings = config.display();
    say("To look at one of them, start it again on the same data, and ask from another terminal:");
    say(&format!("  target/debug/redress -c {settings} up"));
    say(&format!("  target/debug/redress -c {settings} show {reference}\n"));
    Ok(())
}
