//! Who may do what, written down a second time and by hand: every user, every class of subject. What is printed for the
//! broker is compared with this, not with itself.

use std::collections::BTreeSet;

/// Every user.
pub(crate) const USERS: [&str; 13] = [
    "email",
    "phone",
    "social",
    "web",
    "router",
    "sla",
    "notifier",
    "feed",
    "operator",
    "provision",
    "erase",
    "backup",
    "subscriber",
];

/// A subject, and who may publish on it.
pub(crate) struct Row {
    pub(crate) subject: String,
    pub(crate) allowed: BTreeSet<&'static str>,
}

/// A stream: who may ask for its state, read any of it, ask its leader, delete from it.
pub(crate) struct StreamRow {
    pub(crate) name: &'static str,
    info: &'static [&'static str],
    read: &'static [&'static str],
    lead: &'static [&'static str],
    delete: &'static [&'static str],
}

const DECIDE: &[&str] = &["social", "router", "sla", "notifier"];
const OPEN: &[&str] = &["router", "notifier"];
const ERASE: &[&str] = &["erase"];

const fn stream(
    name: &'static str,
    info: &'static [&'static str],
    read: &'static [&'static str],
    lead: &'static [&'static str],
    delete: &'static [&'static str],
) -> StreamRow {
    StreamRow { name, info, read, lead, delete }
}

/// Every stream; beside those named here: operator and erase read all, provision asks for the state of all, backup may
/// do everything with whole streams.
pub(crate) const STREAMS: [StreamRow; 16] = [
    stream("INTAKE", &[], OPEN, OPEN, ERASE),
    stream(
        "COMPLAINTS",
        &["sla", "feed"],
        &["social", "web", "router", "sla", "notifier", "feed"],
        DECIDE,
        &[],
    ),
    stream("EVENTS", &["feed", "subscriber"], &["feed", "subscriber"], &["feed"], &[]),
    stream("CONTENT", &[], OPEN, OPEN, ERASE),
    stream("TIMERS", &["sla"], &["sla"], &["sla"], &[]),
    stream("OUTBOX", &[], &["social", "router", "notifier"], OPEN, ERASE),
    stream("DEAD", &[], &[], DECIDE, &[]),
    stream(
        "KV_keys",
        &[],
        &["social", "router", "notifier"],
        &["email", "phone", "social", "web", "router", "notifier"],
        ERASE,
    ),
    stream("KV_references", &[], &["web", "router"], &["web", "router"], &[]),
    stream("KV_correlation", &[], &["web", "router"], &["router"], ERASE),
    stream(
        "KV_policies",
        &[],
        &["social", "router", "sla", "notifier", "provision"],
        &["social", "router", "sla", "notifier", "provision"],
        &[],
    ),
    stream("KV_cursors", &[], &["feed"], &["feed"], &[]),
    stream("KV_leases", &[], &["email", "phone", "social", "sla"], &["email", "phone", "social", "sla"], &[]),
    stream("KV_limits", &["router", "notifier"], OPEN, OPEN, ERASE),
    stream(
        "KV_attempts",
        &["email"],
        &["email", "social", "router", "sla", "notifier"],
        &["email", "social", "router", "sla", "notifier"],
        &[],
    ),
    stream("OBJ_blobs", &[], OPEN, OPEN, ERASE),
];

/// Every durable consumer: its stream, its name, its service.
pub(crate) const CONSUMERS: [(&str, &str, &str); 14] = [
    ("INTAKE", "router", "router"),
    ("COMPLAINTS", "sla", "sla"),
    ("TIMERS", "sla-due", "sla"),
    ("TIMERS", "sla-acknowledged", "sla"),
    ("COMPLAINTS", "notifier", "notifier"),
    ("OUTBOX", "notifier-outbox", "notifier"),
    ("OUTBOX", "social-outbox", "social"),
    ("DEAD", "router-replay", "router"),
    ("DEAD", "sla-replay", "sla"),
    ("DEAD", "sla-due-replay", "sla"),
    ("DEAD", "sla-acknowledged-replay", "sla"),
    ("DEAD", "notifier-replay", "notifier"),
    ("DEAD", "notifier-outbox-replay", "notifier"),
    ("DEAD", "social-outbox-replay", "social"),
];

/// Subjects that hold messages.
const MESSAGES: [(&str, &[&str]); 56] = [
    ("intake.email.x", &["email", "erase"]),
    ("intake.web.x", &["web", "erase"]),
    ("intake.api.x", &["web", "erase"]),
    ("intake.phone.x", &["phone", "web", "erase"]),
    ("intake.letter.x", &["web", "erase"]),
    ("intake.in_person.x", &["web", "erase"]),
    ("intake.social_dm.x", &["social", "erase"]),
    ("intake.social_public.x", &["social", "erase"]),
    ("intake.email.x.y", &[]),
    ("complaint.x", &["social", "router", "sla", "notifier", "operator", "erase"]),
    ("content.x.y", &["operator", "erase"]),
    ("event.Decided.x", &["feed"]),
    ("outbox.email.x", &["notifier", "erase"]),
    ("outbox.social.x", &["notifier", "erase"]),
    ("timer.set.x.y.z", &["sla"]),
    ("timer.cancelled.x.y.z", &["sla"]),
    ("timer.due.x.y.z", &[]),
    ("timer.acknowledged.x.y.z.1.4", &["web"]),
    ("dead.router.letter.router.1", &["router", "operator", "erase"]),
    ("dead.sla.letter.sla-due.1", &["sla", "operator", "erase"]),
    ("dead.notifier.letter.notifier.1", &["notifier", "operator", "erase"]),
    ("dead.social.letter.social-outbox.1", &["social", "operator", "erase"]),
    ("dead.router.replay.router.1", &["operator", "erase"]),
    ("dead.settled.1", &["operator", "erase"]),
    ("$KV.keys.x", &["erase"]),
    ("$KV.keys.x.y", &["email", "phone", "social", "web", "notifier", "operator", "erase"]),
    ("$KV.keys.destroyed.key.x", &["erase"]),
    ("$KV.references.x", &["web", "router"]),
    ("$KV.correlation.x", &["router"]),
    ("$KV.policies.x", &["social", "router", "sla", "notifier", "operator", "provision", "erase"]),
    ("$KV.cursors.email.x", &["email"]),
    ("$KV.cursors.email.x.token", &["email", "operator", "erase"]),
    ("$KV.cursors.health.email.x", &["email"]),
    ("$KV.cursors.phone.x.y", &["phone"]),
    ("$KV.cursors.social.x.state", &["social"]),
    ("$KV.cursors.social.x.session", &["social", "operator", "erase"]),
    ("$KV.cursors.health.social.x", &["social"]),
    ("$KV.cursors.feed", &["feed"]),
    ("$KV.cursors.erase", &["erase"]),
    ("$KV.cursors.erasing.intake.email.x", &["erase"]),
    ("$KV.leases.sla-sweep", &["sla", "erase"]),
    ("$KV.leases.x", &["erase"]),
    ("$KV.leases.email.x", &["email"]),
    ("$KV.leases.phone.x", &["phone"]),
    ("$KV.leases.social.x", &["social"]),
    ("$KV.limits.call.x", &["router", "notifier", "erase"]),
    ("$KV.limits.x", &["notifier", "erase"]),
    ("$KV.limits.restored", &["notifier", "erase", "backup"]),
    ("$KV.attempts.email-reading.x", &["email"]),
    ("$KV.attempts.router.1", &["router"]),
    ("$KV.attempts.sla-due.1", &["sla"]),
    ("$KV.attempts.notifier.1", &["notifier"]),
    ("$O.blobs.C.x", &["email", "phone", "social", "web"]),
    ("$O.blobs.M.x", &["email", "phone", "social", "web"]),
    ("_INBOX_router.x", &[]),
    ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.INTAKE.router", &[]),
];

/// What changes the broker itself, or looks at all of it: nobody.
const NOBODY: [&str; 8] = [
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.SERVER.PING.JSZ",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SYS._INBOX.x",
    "$JS.API.INFO",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$JS.API.ACCOUNT.PURGE.REDRESS",
];

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = MESSAGES.iter().map(|(subject, allowed)| row(*subject, &[allowed])).collect();
    rows.extend(NOBODY.iter().map(|subject| row(*subject, &[])));
    rows.push(row("$JS.API.STREAM.NAMES", &[&["backup"]]));
    rows.push(row("$JS.API.STREAM.LIST", &[&["backup"]]));
    rows.extend(STREAMS.iter().flat_map(on_stream));
    rows.extend(CONSUMERS.iter().flat_map(on_consumer));
    for medium in ["email", "social"] {
        let letters = format!("$JS.API.DIRECT.GET.OUTBOX.outbox.{medium}.x");
        rows.push(row(letters, &[OPEN, &["social", "web", "operator", "erase", "backup"]]));
    }
    rows.push(row("$JS.API.CONSUMER.MSG.NEXT.EVENTS.x", &[&["backup", "subscriber"]]));
    rows
}

fn on_stream(stream: &StreamRow) -> Vec<Row> {
    let name = stream.name;
    let makes: &[&str] = if name == "EVENTS" { &["subscriber"] } else { &[] };
    let mut rows = vec![
        row(
            format!("$JS.API.STREAM.INFO.{name}"),
            &[stream.info, &["operator", "erase", "provision", "backup"]],
        ),
        row(format!("$JS.API.DIRECT.GET.{name}"), &[stream.read, &["operator", "erase", "backup"]]),
        row(
            format!("$JS.API.DIRECT.GET.{name}.some.subject"),
            &[stream.read, stream.lead, &["operator", "erase", "backup"]],
        ),
        row(format!("$JS.API.STREAM.MSG.GET.{name}"), &[stream.lead, &["operator", "erase", "backup"]]),
        row(format!("$JS.API.STREAM.MSG.DELETE.{name}"), &[stream.delete, &["backup"]]),
        row(format!("$JS.API.CONSUMER.DELETE.{name}.x"), &[makes, &["backup"]]),
        row(format!("$JS.API.CONSUMER.PAUSE.{name}.x"), &[&["backup"]]),
        row(format!("$JS.API.CONSUMER.DURABLE.CREATE.{name}.x"), &[makes, &["provision", "backup"]]),
        row(format!("$JS.API.CONSUMER.CREATE.{name}.x"), &[makes, &["provision", "backup"]]),
        row(format!("$JS.API.CONSUMER.CREATE.{name}"), &[&["provision", "backup"]]),
    ];
    for act in ["CREATE", "UPDATE"] {
        rows.push(row(format!("$JS.API.STREAM.{act}.{name}"), &[&["provision", "backup"]]));
    }
    for act in ["DELETE", "PURGE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"] {
        rows.push(row(format!("$JS.API.STREAM.{act}.{name}"), &[&["backup"]]));
    }
    rows
}

fn on_consumer((stream, name, service): &(&'static str, &'static str, &'static str)) -> Vec<Row> {
    let own = std::slice::from_ref(service);
    vec![
        row(
            format!("$JS.API.CONSUMER.INFO.{stream}.{name}"),
            &[own, &["operator", "erase", "provision", "backup"]],
        ),
        row(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"), &[own, &["backup"]]),
        row(format!("$JS.ACK.{stream}.{name}.1.1.1.1.0"), &[own]),
        row(format!("$JS.ACK.domain.account.{stream}.{name}.1.1.1.1.0"), &[own]),
    ]
}

fn row(subject: impl Into<String>, allowed: &[&[&'static str]]) -> Row {
    Row { subject: subject.into(), allowed: allowed.concat().into_iter().collect() }
}
