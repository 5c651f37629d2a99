//! Who may do what: one user per service and per kind of tool, each with exactly the subjects it needs.
//!
//! Permissions alone do not hold: the broker does not check where an answer is to go, so whoever may ask anything could
//! have it store the answer under any subject, a stored message of their own among them (`docs/adr`: an account for each user). So each
//! user lives in an account of its own, in which no subject leads anywhere but those it may use itself; the streams
//! lie in an account that nobody but [`BACKUP`] logs in to.
//!
//! Reading order: this table, [`configuration`] (what the broker is told), [`seed`] (how a user proves who it is).

pub mod configuration;
pub mod seed;

use redress_contract::subject::name;

use crate::layout::{DURABLES, Durable, blobs_stream, bucket_stream, streams_by_name};

/// Makes and changes streams and consumers; the only one who may.
pub const PROVISION: &str = "provision";
/// What a person does at the terminal: queue, show, act, events, dead, verify, doctor.
pub const OPERATOR: &str = "operator";
/// Takes personal data off the disk; the only one who may delete a message.
pub const ERASE: &str = "erase";
/// Copies streams out and in, whole.
pub const BACKUP: &str = "backup";
/// Other systems that read the published feed.
pub const SUBSCRIBER: &str = "subscriber";

/// Data keys, each written once. Marks of destroyed ones have a word more: whoever may add keys may not mark any.
const DATA_KEYS: &str = "$KV.keys.*.*";

/// One who connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name: of its seed file, its inbox, its connection.
    pub name: &'static str,
    /// What it may publish on, and how the broker answers.
    pub rights: Vec<Right>,
}

/// A subject that may be published on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The subject; wildcards as the broker knows them.
    pub subject: String,
    /// How many messages answer.
    pub answers: Answers,
}

/// How many messages answer a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answers {
    /// One.
    One,
    /// Any number, until the broker says that it was the last.
    Many,
}

/// Every user.
pub fn roster() -> Vec<User> {
    let user = |name, rights: Vec<Vec<Right>>| {
        let mut rights = rights.concat();
        rights.sort();
        rights.dedup();
        User { name, rights }
    };
    vec![
        user("email", email()),
        user("phone", phone()),
        user("social", social()),
        user("web", web()),
        user("router", router()),
        user("sla", sla()),
        user("notifier", notifier()),
        user("feed", feed()),
        user(OPERATOR, operator()),
        user(PROVISION, provision()),
        user(ERASE, erase()),
        user(BACKUP, backup()),
        user(SUBSCRIBER, subscriber()),
    ]
}

fn email() -> Vec<Vec<Right>> {
    let cursors = "$KV.cursors.email.>";
    let attempts = bucket_stream(name::ATTEMPTS);
    vec![
        channel("email"),
        publish(cursors),
        publish("$KV.cursors.health.email.*"),
        read_on(&bucket_stream(name::CURSORS), cursors),
        bucket(name::LEASES, "email.*"),
        bucket(name::ATTEMPTS, "email-reading.*"),
        // Should there be more notes than come at once.
        info(&attempts),
    ]
}

fn phone() -> Vec<Vec<Right>> {
    let cursors = "$KV.cursors.phone.>";
    vec![
        channel("phone"),
        publish(cursors),
        read_on(&bucket_stream(name::CURSORS), cursors),
        bucket(name::LEASES, "phone.*"),
    ]
}

/// It hears and answers: what became of an answer stands on the complaint, and what is to be said lies sealed in OUTBOX.
fn social() -> Vec<Vec<Right>> {
    let cursors = "$KV.cursors.social.>";
    let keys = bucket_stream(name::KEYS);
    vec![
        channel("social_public"),
        channel("social_dm"),
        publish(cursors),
        publish("$KV.cursors.health.social.*"),
        read_on(&bucket_stream(name::CURSORS), cursors),
        bucket(name::LEASES, "social.*"),
        consume("social"),
        ledger(),
        [read(&keys), lead(&keys)].concat(),
        pin(),
    ]
}

fn web() -> Vec<Vec<Right>> {
    let references = bucket_stream(name::REFERENCES);
    vec![
        channel("web"),
        channel("api"),
        // What a clerk types in, or a system with a key.
        channel("letter"),
        channel("in_person"),
        channel("phone"),
        publish("$KV.references.*"),
        read(&references),
        lead(&references),
        // Whoever follows the link in a mail about an escalation; what it says is signed, and `sla` looks.
        publish("timer.acknowledged.*.*.*.*.*"),
        // The open complaints of whoever calls, for the clerk: keyed hashes and ids.
        read(&bucket_stream(name::CORRELATION)),
        // The status page: events hold no personal data, and of what lies in OUTBOX it opens what went to the complainant.
        read(name::COMPLAINTS),
        read_on(name::OUTBOX, "outbox.email.*"),
        read_on(name::OUTBOX, "outbox.social.*"),
    ]
}

/// What every channel may: add contacts of its kind with their blobs and data keys, and see whether one is there.
fn channel(channel: &str) -> Vec<Right> {
    let contacts = format!("intake.{channel}.*");
    let keys = bucket_stream(name::KEYS);
    [
        publish(&contacts),
        read_on(name::INTAKE, &contacts),
        // A stream that is not there gives no answer to this one; what it answers is that there is no such message.
        publish("$O.blobs.C.*"),
        publish("$O.blobs.M.*"),
        publish(DATA_KEYS),
        lead(&keys),
    ]
    .concat()
}

fn router() -> Vec<Vec<Right>> {
    vec![
        consume("router"),
        ledger(),
        private(),
        bucket(name::REFERENCES, ">"),
        bucket(name::CORRELATION, ">"),
        // Calls whose decision waits.
        bucket(name::LIMITS, "call.*"),
        info(&bucket_stream(name::LIMITS)),
        pin(),
    ]
}

fn sla() -> Vec<Vec<Right>> {
    vec![
        consume("sla"),
        ledger(),
        info(name::COMPLAINTS),
        publish("timer.set.*.*.*"),
        publish("timer.cancelled.*.*.*"),
        read(name::TIMERS),
        lead(name::TIMERS),
        info(name::TIMERS),
        bucket(name::LEASES, "sla-sweep"),
        pin(),
    ]
}

fn notifier() -> Vec<Vec<Right>> {
    let limits = bucket_stream(name::LIMITS);
    vec![
        consume("notifier"),
        ledger(),
        private(),
        publish("outbox.*.*"),
        publish(DATA_KEYS),
        bucket(name::LIMITS, ">"),
        info(&limits),
        pin(),
    ]
}

fn feed() -> Vec<Vec<Right>> {
    vec![
        read(name::COMPLAINTS),
        info(name::COMPLAINTS),
        publish("event.*.*"),
        read(name::EVENTS),
        lead(name::EVENTS),
        info(name::EVENTS),
        bucket(name::CURSORS, "feed"),
    ]
}

fn operator() -> Vec<Vec<Right>> {
    let everything = streams_by_name().into_iter().flat_map(|stream| [read(&stream), lead(&stream)].concat());
    vec![
        everything.collect(),
        publish("complaint.*"),
        publish("content.*.*"),
        publish(DATA_KEYS),
        publish("dead.*.replay.*.*"),
        publish("dead.*.letter.*.*"),
        publish("dead.settled.*"),
        // The doctor signs in to mailboxes and platforms, which may take a new token; a lost one could be the last.
        publish("$KV.cursors.email.*.token"),
        publish("$KV.cursors.social.*.session"),
        ask("$JS.API.STREAM.INFO.*"),
        ask("$JS.API.CONSUMER.INFO.*.*"),
        pin(),
    ]
}

fn provision() -> Vec<Vec<Right>> {
    let streams = ["CREATE", "UPDATE", "INFO"].map(|act| ask(&format!("$JS.API.STREAM.{act}.*")).remove(0));
    let consumers = ["CREATE.>", "DURABLE.CREATE.*.*", "INFO.*.*"]
        .map(|act| ask(&format!("$JS.API.CONSUMER.{act}")).remove(0));
    vec![streams.to_vec(), consumers.to_vec(), pin(), lead(&bucket_stream(name::POLICIES))]
}

fn erase() -> Vec<Vec<Right>> {
    let blobs = blobs_stream();
    let buckets = [name::KEYS, name::LIMITS, name::CORRELATION].map(bucket_stream);
    let personal: Vec<String> =
        [name::INTAKE, name::CONTENT, name::OUTBOX, &blobs].map(str::to_owned).to_vec();
    let erased = personal.into_iter().chain(buckets);
    let erased = erased.flat_map(|stream| ask(&format!("$JS.API.STREAM.MSG.DELETE.{stream}")));
    vec![
        operator().concat(),
        erased.collect(),
        publish("intake.*.*"),
        publish("outbox.*.*"),
        publish("$KV.keys.>"),
        publish("$KV.limits.>"),
        bucket(name::CURSORS, "erase"),
        publish("$KV.cursors.erasing.>"),
        publish("$KV.leases.*"),
    ]
}

/// Works inside the account of the streams, since the broker sends copies where it is told to.
fn backup() -> Vec<Vec<Right>> {
    let whole = ["$JS.API.STREAM.>", "$JS.API.CONSUMER.>", "$JS.API.DIRECT.GET.>", "$JS.SNAPSHOT.>"];
    // After a restore it notes when, for the notifier.
    whole.into_iter().chain(["$KV.limits.restored"]).map(ask).collect()
}

/// Reads EVENTS by consumers of its own making.
fn subscriber() -> Vec<Vec<Right>> {
    let on_events = |act: &str| format!("$JS.API.CONSUMER.{act}.{}.>", name::EVENTS);
    vec![
        read(name::EVENTS),
        info(name::EVENTS),
        many(&on_events("MSG.NEXT")),
        ["CREATE", "DURABLE.CREATE", "INFO", "DELETE"].map(|act| ask(&on_events(act)).remove(0)).to_vec(),
        acknowledge(name::EVENTS, ">"),
    ]
}

fn consume(service: &str) -> Vec<Right> {
    let own = DURABLES.iter().filter(|durable| durable.service == service);
    own.flat_map(|durable| [pull(durable.stream, durable.name), replays(durable)].concat()).collect()
}

/// What handling a consumer's messages to a noted outcome takes, beside pulling them.
fn replays(durable: &Durable) -> Vec<Right> {
    let Durable { service, name, stream, .. } = durable;
    [
        pull(name::DEAD, &crate::consume::replay_name(name)),
        read(stream),
        publish(&format!("dead.{service}.letter.{name}.*")),
        lead(name::DEAD),
        bucket(name::ATTEMPTS, &format!("{name}.*")),
    ]
    .concat()
}

fn pull(stream: &str, consumer: &str) -> Vec<Right> {
    [
        ask(&format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}")),
        many(&format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}")),
        acknowledge(stream, &format!("{consumer}.>")),
    ]
    .concat()
}

/// In both forms that the broker knows, with and without its domain.
fn acknowledge(stream: &str, consumer: &str) -> Vec<Right> {
    [ask(&format!("$JS.ACK.{stream}.{consumer}")), ask(&format!("$JS.ACK.*.*.{stream}.{consumer}"))].concat()
}

fn ledger() -> Vec<Right> {
    [publish("complaint.*"), read(name::COMPLAINTS), lead(name::COMPLAINTS)].concat()
}

/// Reading what is sealed; opening it takes the private key, too.
fn private() -> Vec<Right> {
    let streams =
        [name::INTAKE.to_owned(), name::CONTENT.to_owned(), name::OUTBOX.to_owned(), blobs_stream()];
    let mut rights: Vec<Right> =
        streams.iter().flat_map(|stream| [read(stream), lead(stream)].concat()).collect();
    rights.extend([read(&bucket_stream(name::KEYS)), lead(&bucket_stream(name::KEYS))].concat());
    rights
}

/// Policies are pinned, and read back as they once were, by whoever decides by them; the stream itself keeps what is pinned.
fn pin() -> Vec<Right> {
    let stream = bucket_stream(name::POLICIES);
    [publish("$KV.policies.*"), read(&stream), lead(&stream)].concat()
}

fn bucket(bucket: &str, keys: &str) -> Vec<Right> {
    let stream = bucket_stream(bucket);
    [publish(&format!("$KV.{bucket}.{keys}")), read(&stream), lead(&stream)].concat()
}

fn publish(subject: &str) -> Vec<Right> {
    ask(subject)
}

/// Any message of a stream, from any replica.
fn read(stream: &str) -> Vec<Right> {
    [many(&format!("$JS.API.DIRECT.GET.{stream}")), ask(&format!("$JS.API.DIRECT.GET.{stream}.>"))].concat()
}

/// The last message on subjects of this form.
fn read_on(stream: &str, subjects: &str) -> Vec<Right> {
    ask(&format!("$JS.API.DIRECT.GET.{stream}.{subjects}"))
}

/// The last message on any subject as the leader knows it, which where there is one copy is whoever answers.
fn lead(stream: &str) -> Vec<Right> {
    [ask(&format!("$JS.API.STREAM.MSG.GET.{stream}")), read_on(stream, ">")].concat()
}

fn info(stream: &str) -> Vec<Right> {
    ask(&format!("$JS.API.STREAM.INFO.{stream}"))
}

fn ask(subject: &str) -> Vec<Right> {
    vec![Right { subject: subject.to_owned(), answers: Answers::One }]
}

fn many(subject: &str) -> Vec<Right> {
    vec![Right { subject: subject.to_owned(), answers: Answers::Many }]
}
