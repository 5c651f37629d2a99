//! The rules: what may happen to a complaint, and by when.
//!
//! In: a complaint's state, a command, the compiled rules, the time. Out: events, or a refusal.
//! Synchronous and total: no I/O, no clock, no randomness; `decide` is the only place that says no, `evolve`
//! never fails because what the log holds has happened.
//!
//! Reading order: [`complaint`] (the state), [`command`] (wishes and refusals), [`decide`](mod@decide) and
//! [`evolve`](mod@evolve) (the rules), [`settings`] and [`rules`] (policies, calendars, routing as data, compiled),
//! [`matcher`] (one matcher for routing and policies), [`calendar`], [`deadline`] and [`pause`] (business time), [`explain`](mod@explain) (counted again),
//! [`presets`] (policies of regulators to start from), [`simulate`](mod@simulate) (a history under other rules),
//! [`ladder`] (rungs of escalation), [`guard`] (may this communication go out now?), [`outbox`] (is it still to be sent?), [`queue`] (order of urgency),
//! [`findings`](mod@findings) (what the words of a post speak for), [`call`] (what the entries about a telephone call come to), [`standing`](mod@standing) (as whom does a sender enter a complaint?).

pub mod calendar;
pub mod call;
pub mod command;
pub mod complaint;
pub mod deadline;
pub mod decide;
pub mod evolve;
pub mod explain;
pub mod findings;
pub mod guard;
pub mod ladder;
pub mod matcher;
pub mod outbox;
pub mod pause;
pub mod presets;
pub mod queue;
pub mod rules;
pub mod settings;
pub mod simulate;
pub mod standing;

pub use call::{CallLog, Opens};
pub use command::{Assignment, Classification, Command, CommunicationFact, Link, Refusal, Register};
pub use complaint::{
    Clock, Complaint, Delivery, DeliveryStatus, ExtensionWish, HoldPeriod, LinkedContact, Milestone,
    STATE_VERSION, Status,
};
pub use decide::decide;
pub use evolve::{evolve, replay};
pub use rules::{Facts, Routed, Rules};
pub use settings::{Problem, RulesSettings};
pub use simulate::simulate;
pub use standing::{Relation, Vouching, reference_confidence, standing};
