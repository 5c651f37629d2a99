//! Events in words, one line each, and the look of tables.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use redress_contract::{Event, HandlerId, Recipient};

/// A table without frames, as wide as the terminal.
pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A time as people read it; always UTC, always marked so.
pub(super) fn clock_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What an event says, in a line.
pub(super) fn words(event: &Event) -> String {
    match event {
        Event::ClockStarted(_)
        | Event::MilestoneSet(_)
        | Event::MilestoneMet(_)
        | Event::MilestoneBreached(_)
        | Event::MilestoneReopened(_)
        | Event::DeadlineChanged(_)
        | Event::ExtensionRequested(_)
        | Event::ExtensionGranted(_)
        | Event::ClockStopped(_) => of_deadlines(event),
        Event::WarningReached(_) | Event::Escalated(_) | Event::EscalationAcknowledged(_) => {
            of_escalations(event)
        }
        Event::CommunicationQueued(_)
        | Event::CommunicationAccepted(_)
        | Event::CommunicationBounced(_)
        | Event::CommunicationFailed(_)
        | Event::CommunicationSuppressed(_) => of_communications(event),
        Event::Registered(e) => format!("as {} by {}", e.reference, e.channel),
        Event::ContactLinked(e) => {
            format!("{} {} ({}%: {})", e.channel, e.contact_id, e.confidence_percent, e.reasons.join(", "))
        }
        Event::Classified(e) => {
            format!("{}, {}, {} (rule {})", e.disposition, e.category, e.severity, e.rule)
        }
        Event::Assigned(e) => match &e.handler {
            Some(handler) => format!("to {} of {}", handler, e.team),
            None => format!("to {}", e.team),
        },
        Event::Accepted(e) => format!("by {}", e.handler),
        Event::NoteAdded(e) => format!("by {}: {}", e.author, e.content_id),
        Event::Held(e) => e.hold.to_string(),
        Event::Released(e) => format!("{} communications let go", e.communication_ids.len()),
        Event::Decided(e) => format!("{}, remedy {}, by {}", e.outcome, e.remedy, e.handler),
        Event::Closed(e) => e.reason.to_string(),
        Event::Reopened(e) => e.reason.clone(),
        Event::ReviewRequested(e) => format!("in {}", e.contact_id),
        Event::WithdrawalRequested(e) => format!("in {}", e.contact_id),
        Event::ErasureRequested(e) => e.reason.clone(),
        Event::ErasureCompleted(e) => format!(
            "{}: {} contacts, {} texts, {} communications",
            e.reason, e.contacts, e.contents, e.communications
        ),
        Event::Unknown { .. } => "(of a newer version)".to_owned(),
    }
}

fn of_deadlines(event: &Event) -> String {
    match event {
        Event::ClockStarted(e) => format!("{} from {}", e.clock, clock_time(e.anchor_at)),
        Event::MilestoneSet(e) => format!("{}/{} due {}", e.clock, e.milestone, clock_time(e.due_at)),
        Event::MilestoneMet(e) => {
            format!("{}/{}{}", e.clock, e.milestone, if e.late { ", late" } else { "" })
        }
        Event::MilestoneBreached(e) => {
            format!("{}/{} was due {}{}", e.clock, e.milestone, clock_time(e.due_at), late(e.late_by_s))
        }
        Event::MilestoneReopened(e) => {
            format!("{}/{} ({}) due {}", e.clock, e.milestone, e.reason, clock_time(e.due_at))
        }
        Event::DeadlineChanged(e) => {
            let due = e
                .due_at
                .map_or_else(|| "its time stands still".to_owned(), |due| format!("due {}", clock_time(due)));
            format!("{}/{} ({}): {due}", e.clock, e.milestone, e.reason)
        }
        Event::ExtensionRequested(e) => format!("{}/{} by {}", e.clock, e.milestone, e.handler),
        Event::ExtensionGranted(e) => format!("{}/{} by {}", e.clock, e.milestone, e.handler),
        Event::ClockStopped(e) => format!("{} ({})", e.clock, e.reason),
        other => other.name().to_owned(),
    }
}

fn of_escalations(event: &Event) -> String {
    match event {
        Event::WarningReached(e) => {
            let (told, late) = (told(&e.recipients), late(e.late_by_s));
            format!("{}/{} {}% told {told}{late}", e.clock, e.milestone, e.percent)
        }
        Event::Escalated(e) => {
            let (told, late) = (told(&e.recipients), late(e.late_by_s));
            let told = if e.held_back {
                format!("acknowledged before, {told} not told")
            } else {
                format!("told {told}")
            };
            format!("{}/{} rung {} {told}{late}", e.clock, e.milestone, e.rung)
        }
        Event::EscalationAcknowledged(e) => {
            let by = e.handler.as_ref().map_or(e.recipient.token(), HandlerId::as_str);
            format!("{}/{} rung {} by {by}", e.clock, e.milestone, e.rung)
        }
        other => other.name().to_owned(),
    }
}

fn of_communications(event: &Event) -> String {
    match event {
        Event::CommunicationQueued(e) => format!("{} to {} by {}", e.purpose, e.recipient, e.medium),
        Event::CommunicationAccepted(e) => format!("{} to {} by {}", e.purpose, e.recipient, e.medium),
        Event::CommunicationBounced(e) => format!("{} ({})", e.communication_id, e.status),
        Event::CommunicationFailed(e) => format!("{} to {}: {}", e.purpose, e.recipient, e.reason),
        Event::CommunicationSuppressed(e) => format!("{} to {}: {}", e.purpose, e.recipient, e.reason),
        other => other.name().to_owned(),
    }
}

fn told(recipients: &[Recipient]) -> String {
    recipients.iter().map(|recipient| recipient.token()).collect::<Vec<_>>().join(", ")
}

fn late(seconds: u32) -> String {
    if seconds == 0 { String::new() } else { format!(", {seconds} s late") }
}
