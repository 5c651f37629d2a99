//! Every user tries every class of subject on a broker that was told what `redress provision` prints; then what no list
//! of subjects shows: answers aimed elsewhere, headers that wipe, schedules that publish elsewhere.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_nats::{Client, Event, HeaderMap, ServerError};
use futures::TryStreamExt as _;
use redress_bus::Bus;
use redress_bus::users::{BACKUP, PROVISION, SUBSCRIBER, configuration, roster, seed};
use redress_testkit::broker::Options;
use redress_testkit::{Broker, eventually};
use redress_tests::results::{Bar, Results, say};
use serde_json::{Value, json};

use table::{CONSUMERS, Row, STREAMS, USERS, rows};

/// What the broker stores, and who should not be able to have it stored.
const AIMS: [&str; 9] = [
    "complaint.aimed",
    "intake.email.aimed",
    "event.Decided.aimed",
    "content.a.aimed",
    "outbox.email.aimed",
    "timer.set.a.b.aimed",
    "$KV.keys.aimed",
    "$O.blobs.M.aimed",
    "dead.router.letter.router.aimed",
];
/// Tries before the client has told what was refused: it keeps 128 of the broker's words and drops the rest.
const AT_ONCE: usize = 40;
/// Long enough for an answer that will come.
const PATIENCE: Duration = Duration::from_secs(5);

/// Counts what was as expected, and says what was not.
#[derive(Default)]
struct Tally {
    tried: usize,
    wrong: usize,
}

impl Tally {
    fn note(&mut self, as_expected: bool, what: impl FnOnce() -> String) {
        self.tried += 1;
        if !as_expected {
            self.wrong += 1;
            say(&format!("not as expected: {}", what()));
        }
    }
}

/// A connection, and what it was refused.
struct Visitor {
    client: Client,
    name: String,
    refused: Arc<Mutex<Vec<String>>>,
    fences: usize,
}

pub(crate) async fn run(results: &mut Results) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("redress-users-").tempdir()?;
    let users = folder.path().join("users");
    let broker = Broker::start_as(Options { users: Some(users.clone()), ..Options::default() }).await;
    let config = redress_bus::Config::check(&broker.settings())?;
    Bus::connect(&config, PROVISION).await?.prepare().await?;
    let backup = Visitor::enter(&broker, &users, BACKUP).await?;
    nothing_is_missing(&backup).await?;

    let mut tally = Tally::default();
    let rows = rows();
    for user in USERS {
        let mut visitor = Visitor::enter(&broker, &users, user).await?;
        publishing(&mut visitor, &rows, &mut tally).await?;
        subscribing(&mut visitor, &mut tally).await?;
    }
    for user in USERS.iter().filter(|user| **user != BACKUP) {
        let mut visitor = Visitor::enter(&broker, &users, user).await?;
        aiming(&mut visitor).await?;
    }
    delivering_elsewhere(&broker, &users).await?;
    landed(&backup, &mut tally).await;
    for user in USERS.iter().filter(|user| **user != BACKUP) {
        headers(&Visitor::enter(&broker, &users, user).await?, &mut tally).await?;
    }
    strangers(&broker, &mut tally).await;
    results.count("core.permissions_tried", tally.tried, "tries", Bar::None);
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
    let share = 100.0 * (tally.tried - tally.wrong) as f64 / tally.tried as f64;
    results.tell("core.permissions", share, "%", Bar::AtLeast(100.0));
    Ok(())
}

/// The table knows every user, every stream and every consumer that there is.
async fn nothing_is_missing(backup: &Visitor) -> anyhow::Result<()> {
    let jetstream = async_nats::jetstream::new(backup.client.clone());
    let there: BTreeSet<String> = jetstream.stream_names().try_collect().await?;
    let known: BTreeSet<String> = STREAMS.iter().map(|row| row.name.to_owned()).collect();
    ensure!(there == known, "streams {there:?}, in the table {known:?}");
    let mut consumers = BTreeSet::new();
    for stream in &there {
        let names = jetstream.get_stream(stream).await?.consumer_names().try_collect::<Vec<_>>().await?;
        consumers.extend(names.into_iter().map(|name| (stream.clone(), name)));
    }
    let known: BTreeSet<(String, String)> =
        CONSUMERS.iter().map(|(stream, name, _)| ((*stream).to_owned(), (*name).to_owned())).collect();
    ensure!(consumers == known, "consumers {consumers:?}, in the table {known:?}");
    let users: BTreeSet<&str> = roster().iter().map(|user| user.name).collect();
    ensure!(users == USERS.into(), "users {users:?}, in the table {USERS:?}");
    Ok(())
}

/// Publishes on every subject of the table what no request understands, so that nothing comes of it.
async fn publishing(visitor: &mut Visitor, rows: &[Row], tally: &mut Tally) -> anyhow::Result<()> {
    for rows in rows.chunks(AT_ONCE) {
        for row in rows {
            let inbox = visitor.client.new_inbox();
            visitor.client.publish_with_reply(row.subject.clone(), inbox.clone(), "{".into()).await?;
            visitor.client.publish_with_reply(visitor.called(&row.subject), inbox, "{".into()).await?;
        }
        let refused = visitor.refused_so_far().await?;
        for row in rows {
            published(visitor, row, &refused, tally);
        }
    }
    Ok(())
}

fn published(visitor: &Visitor, row: &Row, refused: &BTreeSet<String>, tally: &mut Tally) {
    let (should, called) = (row.allowed.contains(visitor.name.as_str()), visitor.called(&row.subject));
    let may = !refused.contains(&called);
    tally.note(should == may, || format!("{} on {called}: may {may}, should {should}", visitor.name));
    if called != row.subject {
        let may = !refused.contains(&row.subject);
        tally.note(!may, || format!("{} on {}: may, should not", visitor.name, row.subject));
    }
}

async fn subscribing(visitor: &mut Visitor, tally: &mut Tally) -> anyhow::Result<()> {
    let own = format!("_INBOX_{}.>", visitor.name);
    let others = USERS.iter().filter(|user| **user != visitor.name).map(|user| format!("_INBOX_{user}.>"));
    let streams = [">", "complaint.*", "intake.>", "event.>", "$KV.>", "$JS.>", "$SYS.>", "_INBOX.>"];
    let all: Vec<String> =
        streams.map(str::to_owned).into_iter().chain(others).chain([own.clone()]).collect();
    let mut held = Vec::new();
    for subject in &all {
        held.push(visitor.client.subscribe(subject.clone()).await?);
    }
    let refused = visitor.refused_so_far().await?;
    for subject in &all {
        let (may, should) = (!refused.contains(subject), *subject == own);
        tally.note(should == may, || format!("{} listens to {subject}: may {may}", visitor.name));
    }
    Ok(())
}

/// Everything a user may ask, with the answer to be sent to where the user may not publish.
async fn aiming(visitor: &mut Visitor) -> anyhow::Result<()> {
    let own = roster().into_iter().find(|user| user.name == visitor.name).context("a user of the roster")?;
    let subjects: Vec<String> =
        own.rights.iter().map(|right| visitor.called(&example(&right.subject))).collect();
    for subject in &subjects {
        for aim in AIMS.iter().filter(|aim| !may_publish(&visitor.name, aim)) {
            for question in ["{}", r#"{"seq":1}"#, r#"{"batch":3,"no_wait":true}"#, ""] {
                visitor.client.publish_with_reply(subject.clone(), *aim, question.into()).await?;
            }
        }
    }
    visitor.refused_so_far().await?;
    Ok(())
}

/// Headers by which one message could wipe a stream, or have the broker publish elsewhere.
async fn headers(visitor: &Visitor, tally: &mut Tally) -> anyhow::Result<()> {
    for aim in AIMS.iter().filter(|aim| may_publish(&visitor.name, aim)) {
        // Where schedules are, the broker insists on rolling up: `sla` could wipe TIMERS, which is derived.
        let should = aim.starts_with("timer.");
        let stored = visitor.stored(aim, &[("Nats-Rollup", "all")]).await?;
        tally.note(stored == should, || format!("{} rolls up {aim}: {stored}", visitor.name));
        for target in AIMS.iter().filter(|target| *target != aim) {
            let schedule = [("Nats-Schedule", "@at 2020-01-01T00:00:00Z"), ("Nats-Schedule-Target", *target)];
            let stored = visitor.stored(aim, &schedule).await?;
            tally.note(!stored, || format!("{} schedules {target} on {aim}", visitor.name));
        }
    }
    Ok(())
}

/// A consumer that delivers the feed as commits.
async fn delivering_elsewhere(broker: &Broker, users: &Path) -> anyhow::Result<()> {
    let feed = Visitor::enter(broker, users, "feed").await?;
    feed.stored("event.Decided.x", &[]).await?;
    let visitor = Visitor::enter(broker, users, SUBSCRIBER).await?;
    let pushed = json!({ "stream_name": "EVENTS", "config": {
        "name": "aimed", "deliver_subject": "complaint.aimed", "ack_policy": "none", "deliver_policy": "all",
    }});
    // Whether it is made or refused: what counts is what is stored in the end.
    let create = visitor.called("$JS.API.CONSUMER.CREATE.EVENTS.aimed");
    visitor.client.request(create, pushed.to_string().into()).await?;
    Ok(())
}

/// What was aimed at is empty, though the same from inside the account of the streams arrives.
async fn landed(backup: &Visitor, tally: &mut Tally) {
    let control = "complaint.control";
    let asked = backup.client.publish_with_reply("$JS.API.STREAM.INFO.INTAKE", control, "".into()).await;
    asked.expect("the connection stands");
    eventually("the control lands", || async { backup.last("COMPLAINTS", control).await }).await;
    let streams =
        ["COMPLAINTS", "INTAKE", "EVENTS", "CONTENT", "OUTBOX", "TIMERS", "KV_keys", "OBJ_blobs", "DEAD"];
    for (stream, aim) in streams.iter().zip(AIMS) {
        let found = backup.last(stream, aim).await;
        tally.note(found.is_none(), || format!("an answer of the broker's was stored on {aim}: {found:?}"));
    }
}

/// Nobody gets in without a key, or with one the broker was not told.
async fn strangers(broker: &Broker, tally: &mut Tally) {
    let anybody = async_nats::ConnectOptions::new().connect(broker.url()).await;
    tally.note(anybody.is_err(), || "somebody without a key gets in".to_owned());
    let folder = tempfile::tempdir().expect("a temporary folder");
    seed::make_missing(folder.path(), ["web"]).expect("a seed is made");
    let seed = seed::read(folder.path(), "web").expect("a seed can be read");
    let stranger =
        async_nats::ConnectOptions::with_nkey(seed.expose().to_owned()).connect(broker.url()).await;
    tally.note(stranger.is_err(), || "a stranger's key gets in".to_owned());
}

impl Visitor {
    async fn enter(broker: &Broker, users: &Path, name: &str) -> anyhow::Result<Self> {
        let refused: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = refused.clone();
        let seed = seed::read(users, name)?;
        let client = async_nats::ConnectOptions::with_nkey(seed.expose().to_owned())
            .custom_inbox_prefix(format!("_INBOX_{name}"))
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                if let Event::ServerError(ServerError::Other(words)) = event {
                    heard.lock().expect("nobody panics while holding it").push(words);
                }
                std::future::ready(())
            })
            .connect(broker.url())
            .await
            .with_context(|| format!("enter as {name}"))?;
        Ok(Self { client, name: name.to_owned(), refused, fences: 0 })
    }

    /// A subject as this user knows it.
    fn called(&self, subject: &str) -> String {
        if self.name == BACKUP { subject.to_owned() } else { configuration::local(subject) }
    }

    /// The subjects this connection was refused. The broker answers in order: when what is refused to everybody has
    /// been, everything before it was looked at.
    async fn refused_so_far(&mut self) -> anyhow::Result<BTreeSet<String>> {
        self.fences += 1;
        let fence = format!("fence.{}", self.fences);
        self.client.publish(fence.clone(), "".into()).await?;
        self.client.flush().await?;
        let refused = self.refused.clone();
        let subject = |words: &String| words.split('"').nth(1).map(str::to_owned);
        Ok(eventually("the broker refuses the fence", || async {
            let words = refused.lock().expect("nobody panics while holding it");
            let subjects: BTreeSet<String> = words.iter().filter_map(subject).collect();
            subjects.contains(&fence).then_some(subjects)
        })
        .await)
    }

    /// True when the broker stores a message with these headers.
    async fn stored(&self, subject: &str, headers: &[(&str, &str)]) -> anyhow::Result<bool> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, *value);
        }
        let answer = self.client.request_with_headers(subject.to_owned(), map, "own".into()).await?;
        let answer: Value = serde_json::from_slice(&answer.payload)?;
        Ok(answer["error"].is_null())
    }

    async fn last(&self, stream: &str, subject: &str) -> Option<Value> {
        let question = json!({ "last_by_subj": subject }).to_string();
        let answer =
            self.client.request(format!("$JS.API.STREAM.MSG.GET.{stream}"), question.into()).await.ok()?;
        let answer: BTreeMap<String, Value> = serde_json::from_slice(&answer.payload).ok()?;
        answer.get("message").cloned()
    }
}

fn may_publish(user: &str, subject: &str) -> bool {
    let user = roster().into_iter().find(|it| it.name == user);
    user.is_some_and(|user| user.rights.iter().any(|right| matches(&right.subject, subject)))
}

fn matches(pattern: &str, subject: &str) -> bool {
    let (mut pattern, mut subject) = (pattern.split('.'), subject.split('.'));
    loop {
        match (pattern.next(), subject.next()) {
            (None, None) | (Some(">"), Some(_)) => return true,
            (Some(wanted), Some(there)) if wanted == "*" || wanted == there => {}
            _ => return false,
        }
    }
}

/// A subject that a pattern allows: one of those the visitor has published on before, where there are such.
fn example(pattern: &str) -> String {
    pattern
        .split('.')
        .map(|token| if token == "*" || token == ">" { "x" } else { token })
        .collect::<Vec<_>>()
        .join(".")
}
