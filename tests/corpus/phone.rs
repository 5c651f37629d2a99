//! `PART=phone`: call logs, transcripts and posts of telephone systems.
//!
//! Every row of every file goes through a running service into a broker, twice, and once more under another name: each is an
//! entry about a call or is kept apart. Sequences of posts must come to the calls that their set expects; numbers are found in
//! text; signatures of Twilio hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::http::{HeaderMap, HeaderValue, header};
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use redress_bus::Bus;
use redress_contract::subject::name;
use redress_contract::{CallDirection, Contact};
use redress_domain::CallLog;
use redress_identity::numbers;
use redress_intake::Intake;
use redress_phone::config::{AccountSettings, House, Kind, Provider, Webhook};
use redress_phone::formats::Format;
use redress_phone::hooks::{self, Post, twilio_signature_is_valid};
use redress_phone::map::{Names, Reading};
use redress_phone::normalize::{self, Envelope};
use redress_phone::{Config, Deps, Service, Settings};
use redress_runtime::{Clock, Health, Secret, Shutdown};
use redress_testkit::{Broker, eventually_within};
use redress_tests::house;
use redress_tests::results::{Bar, Results, say};
use redress_vault::Vault;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_mins(2);

/// How each file of call logs is read, by what stands in its name; the first that fits. Any other is read as a table.
const FILES: [(&str, &str, Format); 8] = [
    ("queue_log", "", Format::QueueLog),
    ("ari-events", "", Format::AsteriskAri),
    ("freeswitch", ".csv", Format::FreeswitchCsv),
    ("Master.csv", "", Format::AsteriskCsv),
    ("cdr_csv", ".csv", Format::AsteriskCsv),
    ("", ".json", Format::FreeswitchJson),
    ("", ".txt", Format::FreeswitchEvent),
    ("", "", Format::Table),
];

/// Columns of the file of `cdr_custom`, as its source says.
const CUSTOM: [&str; 19] = [
    "clid",
    "src",
    "dst",
    "dcontext",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "accountcode",
    "uniqueid",
    "userfield",
    "sequence",
];

/// Columns of the table, and which hold what.
const TABLE: [&str; 8] = ["number", "name", "called", "duration", "billsec", "code", "uuid", "start"];

/// The post of a sequence after the one before.
const BETWEEN: SignedDuration = SignedDuration::from_millis(2_500);

pub(crate) async fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("phone");
    if !folder.is_dir() {
        return Ok(());
    }
    files(&folder, results).await?;
    for provider in [("cti", Provider::Cti), ("placetel", Provider::Placetel), ("sipgate", Provider::Sipgate)]
    {
        sequences(&folder.join("cti-webhooks"), provider, results)?;
    }
    find_numbers(&folder.join("number-extraction/vectors.json"), results)?;
    signatures(&folder.join("twilio/signature-vectors.json"), results)
}

/// A file, how it is read, and how many rows it has.
struct Log {
    path: PathBuf,
    account: AccountSettings,
    rows: usize,
}

async fn files(folder: &Path, results: &mut Results) -> anyhow::Result<()> {
    let mut logs = Vec::new();
    for path in below(&folder.join("cdr"))?.into_iter().filter(|path| !path.ends_with("SOURCES.txt")) {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let known = FILES.iter().find(|(part, end, _)| file.contains(part) && file.ends_with(end));
        let format = known.map_or(Format::Table, |(_, _, format)| *format);
        logs.push(log(path, format)?);
    }
    for path in below(&folder.join("webvtt"))?.into_iter().filter(|path| !path.ends_with("LICENCE.txt")) {
        logs.push(log(path, Format::Transcript)?);
    }
    let rows: usize = logs.iter().map(|log| log.rows).sum();
    results.count("phone.corpus_rows", rows, "rows", Bar::at_least(1));
    let place = tempfile::Builder::new().prefix("redress-corpus-").tempdir()?;
    let broker = Broker::start().await;
    broker.bus("prepare").await;
    let bus = broker.bus("phone").await;
    let vault = Vault::new(bus.clone(), Arc::new(house::keys()), house::seals());
    pass(&logs, place.path(), "", &vault).await?;
    let contacts = contacts(&bus, &vault).await?;
    let apart: Vec<_> = contacts.iter().filter(|contact| contact.call.is_none()).collect();
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for call in contacts.iter().filter_map(|contact| contact.call.as_ref()) {
        *seen.entry((&call.system, &call.call_id)).or_default() += 1;
    }
    let parts: usize = seen.values().map(|entries| entries - 1).sum();
    for contact in &apart {
        say(&format!("APART {}: {}", contact.account, contact.parse_problem));
    }
    results.count("phone.corpus_calls", seen.len(), "contacts", Bar::None);
    results.count("phone.corpus_parts", parts, "contacts", Bar::None);
    results.count("phone.corpus_kept_apart", apart.len(), "contacts", Bar::None);
    let without_line = apart.iter().filter(|contact| !contact.parse_problem.contains(": ")).count();
    results.count("phone.corpus_apart_without_place", without_line, "contacts", Bar::exactly(0));
    results.count(
        "phone.corpus_unaccounted",
        rows.abs_diff(seen.len() + parts + apart.len()),
        "rows",
        Bar::exactly(0),
    );
    for (name, prefix) in [("phone.corpus_second_pass", ""), ("phone.corpus_other_name", "copy of ")] {
        pass(&logs, place.path(), prefix, &vault).await?;
        let now = usize::try_from(bus.last_seq(name::INTAKE).await?)?;
        results.count(name, now - contacts.len(), "contacts", Bar::exactly(0));
    }
    Ok(())
}

fn log(path: PathBuf, format: Format) -> anyhow::Result<Log> {
    let rows = if format.is_whole() { 1 } else { rows(&path, format)? };
    let is_custom = path.to_string_lossy().contains("custom");
    let owned = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    let named = [
        ("call_id", "uuid"),
        ("caller", "number"),
        ("caller_name", "name"),
        ("called", "called"),
        ("duration", "duration"),
        ("talking", "billsec"),
        ("cause", "code"),
        ("started", "start"),
    ];
    let is_table = format == Format::Table;
    let account = AccountSettings {
        kind: Some(Kind::Folder),
        format: Some(format),
        zone: "Europe/Berlin".to_owned(),
        columns: if is_custom {
            owned(&CUSTOM)
        } else if is_table {
            owned(&TABLE)
        } else {
            Vec::new()
        },
        fields: named
            .iter()
            .filter(|_| is_table)
            .map(|(field, name)| ((*field).to_owned(), owned(&[name])))
            .collect(),
        follow: Vec::new(),
        settle_seconds: 0,
        ..AccountSettings::default()
    };
    Ok(Log { path, account, rows })
}

/// The rows of a file, counted by somebody else: a line each, and in a table line ends inside quotes are none.
fn rows(path: &Path, format: Format) -> anyhow::Result<usize> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    if !format.is_csv() {
        return Ok(text.lines().filter(|line| !line.trim().is_empty()).count());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    Ok(reader.records().count())
}

/// Lays every file into a folder of its own and lets the service read them until all are done.
async fn pass(logs: &[Log], place: &Path, prefix: &str, vault: &Vault) -> anyhow::Result<()> {
    let mut settings = Settings { rescan_seconds: 1, ..Settings::default() };
    let mut left = Vec::new();
    for (n, log) in logs.iter().enumerate() {
        let folder = place.join(format!("log-{n}"));
        std::fs::create_dir_all(&folder)?;
        let file = log.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A transcript is known by its name, which says which call it is of.
        let is_named = log.account.format == Some(Format::Transcript);
        let name = if is_named { file.clone() } else { format!("{prefix}{file}") };
        std::fs::copy(&log.path, folder.join(&name))?;
        left.push(folder.join(name));
        let account = AccountSettings { path: Some(folder), ..log.account.clone() };
        settings.accounts.insert(format!("log-{n}"), account);
    }
    let config = Config::check(&settings, "").map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let (clock, shutdown) = (Clock::system(), Shutdown::new());
    let intake = Intake::new(vault.for_channels(), clock.clone());
    let service = Service::new(config, Deps { intake, clock, health: Health::new() });
    let running = tokio::spawn(service.run(shutdown.clone()));
    eventually_within(PATIENCE, "every file is done", || async {
        left.iter().all(|path| !path.exists()).then_some(())
    })
    .await;
    shutdown.ask();
    running.await??;
    Ok(())
}

async fn contacts(bus: &Bus, vault: &Vault) -> anyhow::Result<Vec<Contact>> {
    let mut stored = bus.scan(name::INTAKE, "intake.phone.*", 1).await?;
    let mut contacts = Vec::new();
    while let Some(message) = stored.next().await {
        let message = message?;
        contacts.extend(vault.open_contact(&message.subject, &message.headers, &message.body).await?);
    }
    Ok(contacts)
}

/// The posts of one provider, in order, and what its set expects of the call after each.
fn sequences(
    folder: &Path,
    (named, provider): (&str, Provider),
    results: &mut Results,
) -> anyhow::Result<()> {
    let (mut posts, mut apart, mut asked, mut met) = (0, 0, 0, 0);
    for path in below(folder)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !file.starts_with(named) || path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let set: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let mut calls: BTreeMap<String, Vec<Contact>> = BTreeMap::new();
        let mut now: Timestamp = "2026-02-02T09:00:00Z".parse()?;
        for event in set["events"].as_array().into_iter().flatten() {
            now += BETWEEN;
            if event["params"]["event"].is_null() && !event["params"].is_string() {
                continue;
            }
            posts += 1;
            let contact = match posted(provider, event, now) {
                Ok(contact) => contact,
                Err(why) => {
                    say(&format!("POST {file}: kept apart: {why}"));
                    apart += 1;
                    continue;
                }
            };
            let call = contact.call.clone().unwrap_or_default();
            let entries = calls.entry(call.call_id).or_default();
            entries.push(contact);
            for expected in event["expect"].as_array().into_iter().flatten() {
                let Some(verdict) = verdict(expected, entries) else { continue };
                asked += 1;
                met += usize::from(verdict);
                if !verdict {
                    say(&format!("CALL {file}: {expected} after {}", event["params"]));
                }
            }
        }
    }
    results.count(&format!("phone.{named}_posts"), posts, "posts", Bar::at_least(1));
    results.count(&format!("phone.{named}_posts_kept_apart"), apart, "posts", Bar::None);
    results.count(&format!("phone.{named}_expected"), asked, "facts", Bar::None);
    results.count(&format!("phone.{named}_unmet"), asked - met, "facts", Bar::exactly(0));
    Ok(())
}

fn posted(provider: Provider, event: &Value, now: Timestamp) -> anyhow::Result<Contact> {
    let (body, media_type) = match &event["params"] {
        Value::String(form) => (form.clone(), "application/x-www-form-urlencoded"),
        json => (json.to_string(), "application/json"),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let post = Post { headers, url: String::new(), rest: String::new(), body: body.clone().into() };
    let webhook = Webhook {
        provider,
        secret: Secret::new("x"),
        user: String::new(),
        signature_header: String::new(),
        archive: None,
    };
    let reading = Reading { names: Names::of(webhook.names()), ..Reading::default() };
    let entry = hooks::read(&webhook, &reading, &post, now)?;
    let (keys, house) =
        (house::keys(), House { system: "pbx".to_owned(), extension_digits_max: 5, ..House::default() });
    let envelope = Envelope { account: "pbx", house: &house, now, keys: &keys };
    let bytes = normalize::Bytes { raw: body.as_bytes(), media_type, place: "", ordinal: 0 };
    Ok(normalize::contact(entry, &envelope, &bytes))
}

/// Whether a call is as expected; none for what is no fact about a call here: answers of the peer's own web server, names out of
/// its address book, numbers that its settings put in place of others.
fn verdict(expected: &Value, entries: &[Contact]) -> Option<bool> {
    let (what, wanted) = (expected[0].as_str()?.strip_prefix("log.")?, expected[2].as_str()?);
    let log = CallLog::of(entries.iter().filter_map(|contact| contact.call.as_ref()));
    let is_outbound = log.direction == CallDirection::Outbound;
    let fits = |found: Option<String>| {
        Some(match wanted {
            "be_nil" | "eq(nil)" => found.is_none(),
            "be_truthy" => found.is_some(),
            range if range.starts_with("be_between(") => {
                let inside = range.trim_start_matches("be_between(").trim_end_matches(')');
                let (from, to) = inside.split_once(", ")?;
                let number: f64 = found?.parse().ok()?;
                (from.parse::<f64>().ok()?..=to.parse::<f64>().ok()?).contains(&number)
            }
            equal => {
                let equal = equal.strip_prefix("eq(")?.strip_suffix(')')?.trim_matches('\'');
                found.as_deref() == Some(equal)
            }
        })
    };
    let some = |word: &str| (!word.is_empty()).then(|| word.to_owned());
    let seconds = |count: Option<u32>| count.map(|count| count.to_string());
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let staff_field = if is_outbound { "from_comment" } else { "to_comment" };
    match what {
        "direction" => fits(some(if is_outbound { "out" } else { "in" })),
        "state" => fits(some(match (log.ended_at, log.answered_at) {
            (Some(_), _) => "hangup",
            (None, Some(_)) => "answer",
            (None, None) => "newCall",
        })),
        // Nobody has to see to it now: it is not to be returned, or the caller is on the line.
        "done" => fits(some(if log.is_to_return() && !log.goes_on() { "false" } else { "true" })),
        "comment" => fits(some(&log.cause)),
        "initialized_at" => fits(time(log.started_at)),
        "start_at" => fits(time(log.answered_at)),
        "end_at" => fits(time(log.ended_at)),
        "duration_waiting_time" => fits(seconds(log.waiting_seconds)),
        "duration_talking_time" => fits(seconds(log.talking_seconds)),
        // What the peer's settings put in place of our own number is not in the posts.
        "queue" if !(is_outbound && wanted.contains("4930777000000")) => fits(some(&log.queue)),
        field if field == staff_field && !wanted.contains("CallerId") && !wanted.contains("Bob Smith") => {
            fits(some(&log.staff)).filter(|_| wanted != "eq(nil)")
        }
        _ => None,
    }
}

fn find_numbers(path: &Path, results: &mut Results) -> anyhow::Result<()> {
    let vectors: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let vectors = vectors.as_array().context("it is a list")?;
    let mut found = 0;
    for vector in vectors {
        let input = vector["input"].as_str().context("it has an input")?;
        let bare = |number: String| number.trim_start_matches('+').to_owned();
        let (is_right, got) = match &vector["expected"] {
            Value::Array(expected) => {
                let got: Vec<String> = numbers::find(input, Some("DE")).into_iter().map(bare).collect();
                let expected: Vec<&str> = expected.iter().filter_map(Value::as_str).collect();
                (got == expected, got.join(", "))
            }
            expected => {
                let got = numbers::international(input, Some("DE")).map(bare).unwrap_or_default();
                (Some(got.as_str()) == expected.as_str(), got)
            }
        };
        found += usize::from(is_right);
        if !is_right {
            say(&format!("NUMBER {input:?}: {got:?}"));
        }
    }
    ensure!(!vectors.is_empty(), "there are no vectors");
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
    let share = found as f64 / vectors.len() as f64;
    results.tell("phone.numbers", share, "share", Bar::AtLeast(0.95));
    Ok(())
}

fn signatures(path: &Path, results: &mut Results) -> anyhow::Result<()> {
    let vectors: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let (mut wrong, mut all) = (0, 0);
    for vector in vectors.as_array().into_iter().flatten() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let mut fields = Vec::new();
        for (name, value) in vector["params"].as_object().into_iter().flatten() {
            match value {
                Value::Array(values) => {
                    let each =
                        values.iter().filter_map(Value::as_str).map(|value| (name.clone(), value.to_owned()));
                    fields.extend(each);
                }
                value => fields.push((name.clone(), value.as_str().unwrap_or_default().to_owned())),
            }
        }
        let body = vector["body"].as_str().map(str::as_bytes);
        let signed =
            |token: &str| twilio_signature_is_valid(token, &text("url"), &fields, body, &text("signature"));
        all += 1;
        let is_right = signed(&text("auth_token")) == vector["valid"].as_bool().unwrap_or_default();
        // And nobody else's token does.
        if !is_right || signed("another token") {
            say(&format!("SIGNATURE {}", text("name")));
            wrong += 1;
        }
    }
    results.count("phone.twilio_vectors", all, "vectors", Bar::at_least(1));
    results.count("phone.twilio_wrong", wrong, "vectors", Bar::exactly(0));
    Ok(())
}

pub(crate) fn below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}
