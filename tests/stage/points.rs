//! Every fail point of the product, with the process in which a directed run dies there and what must happen for it to
//! be reached. `tests/architecture` compares this list with the sources: none is missing here, none is dead there.

/// What brings a process to a fail point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// It starts: it passes there once in its life.
    Start,
    /// Mails and forms come in, as always.
    Load,
    /// How far the mailbox was read is forgotten: it is looked at as for the first time.
    CursorGone,
    /// The process that ran before died in the middle of its work.
    AfterACrash,
    /// A message cannot be handled: whoever tries panics.
    Poison,
    /// A dead letter is replayed, and fails again.
    PoisonReplayed,
    /// A dead letter is replayed, and is handled.
    Replay,
    /// The mail server takes some mails only at the second try.
    Greylisted,
    /// Somebody complains too often to be answered at once.
    Crowd,
    /// The time has come to answer who complained too often.
    CrowdAnswered,
    /// The broker has lost every timer.
    TimersGone,
    /// And while it had, deadlines passed.
    DeadlinesPassed,
    /// The process is asked to stop.
    Stop,
}

/// One fail point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Which process dies there.
    pub service: &'static str,
    /// The name of the fail point.
    pub name: &'static str,
    /// What brings it there.
    pub scene: Scene,
}

const fn at(service: &'static str, name: &'static str, scene: Scene) -> Point {
    Point { service, name, scene }
}

/// All of them, for each service in the order in which it is led there.
pub const POINTS: [Point; 52] = [
    at("email", "email::begun", Scene::CursorGone),
    at("email", "email::taken_over", Scene::Start),
    at("email", "email::fetched", Scene::Load),
    at("email", "email::tried", Scene::Load),
    at("email", "vault::key_put", Scene::Load),
    at("email", "vault::blob_put", Scene::Load),
    at("email", "intake::recorded", Scene::Load),
    at("email", "email::recorded", Scene::Load),
    at("email", "email::flagged", Scene::Load),
    at("email", "email::noted", Scene::Load),
    at("email", "email::taken", Scene::Load),
    at("email", "email::moved", Scene::Load),
    at("web", "web::claimed", Scene::Load),
    at("web", "vault::key_put", Scene::Load),
    at("web", "intake::recorded", Scene::Load),
    at("web", "web::recorded", Scene::Load),
    at("router", "router::opened", Scene::Load),
    at("router", "router::claimed", Scene::Load),
    at("router", "ledger::decided", Scene::Load),
    at("router", "ledger::appended", Scene::Load),
    at("router", "router::committed", Scene::Load),
    at("router", "router::kept", Scene::Load),
    at("router", "bus::handled", Scene::Load),
    at("router", "bus::acknowledged", Scene::Load),
    at("router", "bus::begun", Scene::AfterACrash),
    at("router", "bus::buried", Scene::Poison),
    at("router", "bus::buried_again", Scene::PoisonReplayed),
    at("router", "bus::letter_settled", Scene::Replay),
    at("sla", "sla::leased", Scene::Start),
    at("sla", "sla::set", Scene::Load),
    at("sla", "sla::fired", Scene::Load),
    at("sla", "ledger::decided", Scene::Load),
    at("sla", "ledger::appended", Scene::Load),
    at("sla", "bus::handled", Scene::Load),
    at("sla", "sla::repaired", Scene::TimersGone),
    at("sla", "sla::swept", Scene::DeadlinesPassed),
    at("notifier", "notifier::counted", Scene::Load),
    at("notifier", "vault::key_put", Scene::Load),
    at("notifier", "notifier::put", Scene::Load),
    at("notifier", "notifier::sent", Scene::Load),
    at("notifier", "notifier::noted", Scene::Load),
    at("notifier", "ledger::decided", Scene::Load),
    at("notifier", "ledger::appended", Scene::Load),
    at("notifier", "bus::handled", Scene::Load),
    at("notifier", "notifier::queued", Scene::Greylisted),
    at("notifier", "bus::noted", Scene::Greylisted),
    at("notifier", "notifier::waiting", Scene::Crowd),
    at("notifier", "notifier::gathered", Scene::CrowdAnswered),
    at("notifier", "notifier::forgotten", Scene::CrowdAnswered),
    at("feed", "feed::filled", Scene::Load),
    at("feed", "feed::appended", Scene::Load),
    at("feed", "feed::kept", Scene::Stop),
];
