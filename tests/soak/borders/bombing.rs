//! Acknowledgements as a weapon: thousands of forms name one victim. The real form, router and notifier run against a
//! mail server; what reaches the victim is counted over a day, and read: no word of the forms may stand in it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::SignedDuration;
use redress::cli::Service;
use redress_contract::subject::name;
use redress_testkit::eventually_within;
use redress_tests::mails::Dice;
use redress_tests::results::{Bar, Results, say};
use redress_tests::stage::Stage;
use redress_tests::stage::outgoing::Sent;

use super::markers::PREFIX;

const VICTIM: &str = "victim@example.net";

/// Requests at once.
const PARALLEL: usize = 32;

/// DESIGN §9: to one address from anonymous contacts.
const AN_HOUR: usize = 2;
const A_DAY: usize = 5;

/// How long the house may take to work through the forms.
const PATIENCE: Duration = Duration::from_mins(20);

pub(crate) async fn run(seed: u64, forms: usize, results: &mut Results) -> anyhow::Result<()> {
    let stage =
        Stage::with("").without(Service::Sla).without(Service::Feed).without(Service::Email).set().await;
    let client = redress_runtime::http::client().context("make a client")?;
    let address = stage.public("/");
    send_all(&stage, &client, &address, (seed, forms)).await?;
    say(&format!("{forms} forms were taken"));
    until_routed(&stage, forms).await?;
    let at_once = stage.sent_so_far().len();
    for _ in 0..23 {
        stage.advance(SignedDuration::from_hours(1));
        quiet(&stage).await?;
    }
    let sent = stage.sent_so_far();
    let strangers = sent.iter().filter(|mail| mail.to != VICTIM).count();
    let repeated = sent.iter().filter(|mail| repeats_the_forms(mail)).count();
    results.count("core.bombing_forms", forms, "forms", Bar::None);
    results.count("core.bombing_mails_in_the_hour", at_once, "mails", Bar::AtMost(2.0));
    results.count("core.bombing_mails", sent.len(), "mails/day", Bar::AtMost(5.0));
    results.count("core.bombing_mails_with_words", repeated, "mails", Bar::Exactly(0.0));
    ensure!(at_once <= AN_HOUR && sent.len() <= A_DAY, "the cap does not hold");
    ensure!(!sent.is_empty() && strangers == 0, "the victim alone is written to, and is");
    stage.leave().await;
    Ok(())
}

/// Opens a form for each, lets the time pass that a person needs, and sends them all.
async fn send_all(
    stage: &Stage,
    client: &reqwest::Client,
    address: &str,
    (seed, count): (u64, usize),
) -> anyhow::Result<()> {
    let opened = futures::stream::iter(0..count).map(|_| async {
        let page = client.get(address).send().await?.text().await?;
        anyhow::Ok((hidden(&page, "submission_key")?, hidden(&page, "form_stamp")?))
    });
    let opened: Vec<(String, String)> = opened.buffered(PARALLEL).try_collect().await?;
    stage.advance(SignedDuration::from_secs(90));
    let mut dice = Dice::new(seed);
    let forms: Vec<_> = opened.into_iter().map(|hidden| fields(hidden, &mut dice)).collect();
    let sent = futures::stream::iter(forms).map(|form| async move {
        loop {
            let answer = client.post(address).form(&form).send().await?;
            match answer.status().as_u16() {
                202 => return anyhow::Ok(()),
                // As many as it takes at once; a sender comes again.
                429 | 503 => tokio::time::sleep(Duration::from_millis(50)).await,
                other => anyhow::bail!("the form was answered with {other}"),
            }
        }
    });
    sent.buffer_unordered(PARALLEL).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// A form whose every word is a marker.
fn fields((key, stamp): (String, String), dice: &mut Dice) -> Vec<(&'static str, String)> {
    let mut word = || format!("{PREFIX}{:x}{:x}", dice.below(usize::MAX), dice.below(usize::MAX));
    let story = format!("{} {}\nBuy at http://{}.example {}", word(), word(), word(), word());
    vec![
        ("submission_key", key),
        ("form_stamp", stamp),
        ("website", String::new()),
        ("email", VICTIM.to_owned()),
        ("name", format!("{} http://{}.example", word(), word())),
        ("what_happened", story),
        ("order_number", word()),
        ("product", word()),
        ("remedy", word()),
    ]
}

/// Every form is a complaint, and the notifier has dealt with each.
async fn until_routed(stage: &Stage, forms: usize) -> anyhow::Result<()> {
    eventually_within(PATIENCE, "every form is a complaint", async || {
        let commits = stage.house.bus().last_seq(name::COMPLAINTS).await.unwrap_or(0);
        (usize::try_from(commits).unwrap_or(0) >= forms).then_some(())
    })
    .await;
    quiet(stage).await
}

/// Waits until every consumer has nothing left, and nothing more is stored or sent for a while.
async fn quiet(stage: &Stage) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let (mut before, mut looks) = ((0, 0), 0);
    while looks < 5 {
        ensure!(Instant::now() < until, "the house does not come to rest");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = (stage.house.bus().last_seq(name::COMPLAINTS).await?, stage.sent_so_far().len());
        looks = if now == before && stage.is_idle().await { looks + 1 } else { 0 };
        before = now;
    }
    Ok(())
}

fn repeats_the_forms(mail: &Sent) -> bool {
    let read = [mail.text(), mail.html(), mail.subject(), String::from_utf8_lossy(&mail.raw).into_owned()];
    read.iter().any(|text| text.to_lowercase().contains(PREFIX))
}

fn hidden(page: &str, name: &str) -> anyhow::Result<String> {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).with_context(|| format!("find {name} in the form"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
