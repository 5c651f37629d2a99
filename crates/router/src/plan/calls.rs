//! Which complaint a telephone call makes, and whether it makes one: what all entries about it come to.

use bytes::Bytes;
use redress_contract::contact::Call;
use redress_contract::{Channel, Contact, ContactId, Disposition, ParseStatus};
use redress_domain::{CallLog, Facts, Opens};
use redress_identity::Keys;
use serde::{Deserialize, Serialize};

use super::facts;

/// The category of a call that nobody answered, where no rule sets another.
const MISSED_CALL: &str = "missed_call";

/// What the bucket holds of an entry about a call: enough to open its contact again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The channel its contact came by: a clerk's note is no entry of the telephone system's, yet `phone` as well.
    pub channel: Channel,
}

impl Noted {
    /// Reads what is written of an entry; none when it is none.
    pub fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    /// As it is written.
    pub fn bytes(self) -> Bytes {
        serde_json::to_vec(&self).expect("a word always becomes JSON").into()
    }
}

/// The call a contact is about; none when it names none.
pub fn call(contact: &Contact) -> Option<&Call> {
    contact.call.as_ref().filter(|call| !call.call_id.is_empty())
}

/// True when a person's words are in it.
pub fn has_words(contact: &Contact) -> bool {
    !contact.text.trim().is_empty()
}

/// A line of a telephone system's file that could not be read: it is kept, and people are told of it; nobody complained by it.
pub fn is_unread_line(contact: &Contact) -> bool {
    contact.channel == Channel::Phone
        && contact.parse_status == ParseStatus::Failed
        && contact.call.is_none()
        && contact.recorded_by.is_none()
}

/// Where the entries about a call are noted: below `call.<keyed hash>`.
pub fn entries_key(call: &Call, keys: &Keys) -> String {
    format!("call.{}", keys.correlation_key("call", &[&call.system, &call.call_id]))
}

/// Where it is noted that the decision about a call waits.
pub fn waiting_key(contact: &ContactId) -> String {
    format!("call.{contact}")
}

/// The facts of any contact; of one about a call, with what is known of that call.
pub fn facts_of(contact: &Contact, log: Option<&CallLog>) -> Facts {
    match (call(contact), log) {
        (None, _) => facts(contact),
        (Some(_), Some(log)) => call_facts(contact, log),
        (Some(own), None) => call_facts(contact, &CallLog::of([own])),
    }
}

/// The facts of a contact about a call, with what all entries about that call come to.
pub fn call_facts(contact: &Contact, log: &CallLog) -> Facts {
    let mut facts = facts(contact);
    let words = [
        ("call_state", log.state.token(), log.state.is_unspecified()),
        ("call_direction", log.direction.token(), log.direction.is_unspecified()),
        ("queue", log.queue.as_str(), log.queue.is_empty()),
    ];
    for (name, word, is_unknown) in words {
        if !is_unknown {
            facts.fields.insert(name.to_owned(), word.to_owned());
        }
    }
    if !has_words(contact) && log.is_to_return() {
        facts.category = Some(MISSED_CALL.to_owned());
        facts.disposition = facts.disposition.or(Some(Disposition::ServiceRequest));
    }
    facts
}

/// The entry by which a call opens a complaint, as the rules are asked of each: the first with words, else the first that
/// somebody from outside caused. None when the call opens none.
pub fn opener(entries: &[Contact], opens: impl Fn(&Facts) -> Opens) -> Option<&Contact> {
    let log = log(entries);
    let mut in_order: Vec<&Contact> = entries.iter().collect();
    in_order
        .sort_by(|a, b| (!has_words(a), a.received_at, &a.id).cmp(&(!has_words(b), b.received_at, &b.id)));
    let first = in_order.first()?;
    opens(&call_facts(first, &log)).opens(has_words(first), log.is_to_return()).then_some(first)
}

/// What these entries about one call come to.
pub fn log(entries: &[Contact]) -> CallLog {
    CallLog::of(entries.iter().filter_map(call))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use redress_contract::{CallDirection, CallState};

    use super::*;

    fn entry(id: &str, state: CallState, text: &str) -> Contact {
        let call = Call {
            call_id: "1.2".to_owned(),
            state,
            direction: CallDirection::Inbound,
            queue: "help".to_owned(),
            ..Call::default()
        };
        Contact {
            id: ContactId::new(id).unwrap(),
            channel: Channel::Phone,
            received_at: Timestamp::UNIX_EPOCH,
            text: text.to_owned(),
            call: Some(call),
            ..Contact::default()
        }
    }

    #[track_caller]
    fn check(entries: &[Contact], opens: Opens, expected: Option<&str>) {
        assert_eq!(opener(entries, |_| opens).map(|contact| contact.id.as_str()), expected);
    }

    #[test]
    fn words_open_a_complaint_and_so_does_a_call_nobody_answered() {
        let answered = entry("a", CallState::Answered, "");
        let missed = entry("m", CallState::Unanswered, "");
        let note = entry("n", CallState::Unspecified, "The kettle leaks.");
        check(std::slice::from_ref(&answered), Opens::WithWords, None);
        check(std::slice::from_ref(&answered), Opens::Always, Some("a"));
        check(std::slice::from_ref(&missed), Opens::WithWords, Some("m"));
        check(std::slice::from_ref(&missed), Opens::Never, None);
        check(&[answered, note.clone()], Opens::WithWords, Some("n"));
        check(&[missed, note], Opens::Never, None);
    }

    #[test]
    fn rules_see_what_the_whole_call_came_to() {
        let entries = [entry("m", CallState::Unanswered, ""), entry("n", CallState::Answered, "")];
        let seen = call_facts(&entries[0], &log(&entries));
        assert_eq!(seen.fields["call_state"], "answered");
        assert_eq!(seen.fields["queue"], "help");
        assert_eq!(seen.category, None);
        let missed = call_facts(&entries[0], &log(&entries[..1]));
        assert_eq!(missed.category.as_deref(), Some("missed_call"));
        assert_eq!(missed.disposition, Some(Disposition::ServiceRequest));
    }
}
