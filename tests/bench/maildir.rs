//! From a mail lying in the Maildir to its acknowledgement handed to SMTP, at 20 a second, settings as shipped.

use std::collections::HashMap;
use std::time::Duration;

use redress_testkit::{SmtpSink, eventually_within};
use redress_tests::mails;
use redress_tests::program::Running;
use redress_tests::results::{Bar, Results};
use tokio::time::Instant;

use crate::load::percentile;

const MAILS: usize = 400;
const PACE: Duration = Duration::from_millis(50);

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let maildir = folder.path().join("in");
    for name in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(maildir.join(name))?;
    }
    let config = folder.path().join("redress.toml");
    let address = sink.address();
    let text = format!(
        "[data]\nfolder = \"{0}/data\"\n[public]\naddress = \"127.0.0.1:0\"\n[health]\naddress = \"127.0.0.1:0\"\n\
         [log]\nfilter = \"warn\"\n[email.accounts.help]\nkind = \"maildir\"\npath = \"{0}/in\"\n\
         address = \"help@example.org\"\n[notifier]\ntransport = \"smtp\"\nbreaker_per_minute = 100000\n\
         from_address = \"help@example.org\"\n\
         [notifier.smtp]\nhost = \"{1}\"\nport = {2}\ntls = \"none\"\n",
        folder.path().display(),
        address.ip(),
        address.port(),
    );
    std::fs::write(&config, text)?;
    let running = Running::start(&config, &folder.path().join("house.log"), &["up"])?;
    running.address("public")?;
    let mut dropped = HashMap::new();
    let mut beat = tokio::time::interval(PACE);
    for (n, mail) in mails::make_small(3, MAILS).into_iter().enumerate() {
        beat.tick().await;
        let name = format!("{n}.example");
        std::fs::write(maildir.join("tmp").join(&name), &mail.raw)?;
        std::fs::rename(maildir.join("tmp").join(&name), maildir.join("new").join(&name))?;
        dropped.insert(mail.from, Instant::now());
    }
    eventually_within(Duration::from_mins(2), "every mail is acknowledged", || async {
        (sink.count() >= MAILS).then_some(())
    })
    .await;
    let waits: Vec<f64> = sink
        .mails()
        .iter()
        .filter_map(|mail| {
            let at = dropped.get(mail.recipients.first()?)?;
            Some(mail.at.duration_since(*at).as_secs_f64() * 1000.0)
        })
        .collect();
    anyhow::ensure!(waits.len() >= MAILS, "{} of {MAILS} acknowledgements are known", waits.len());
    results.tell("email.story_p50", percentile(waits.clone(), 0.5), "ms", Bar::None);
    results.tell("email.story_p99", percentile(waits, 0.99), "ms", Bar::AtMost(1000.0));
    drop(running);
    Ok(())
}
