//! One reader for everything that comes as named values: columns of a table, places in JSON, fields of a form. Which name
//! holds what is said by a preset or by the settings; what follows from it is worked out here.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use redress_contract::contact::Call;
use redress_contract::{CallDirection, CallState};

use crate::entry::{Entry, Fault};
use crate::time;

/// What a name may hold.
pub const FIELDS: [&str; 19] = [
    "answered",
    "at",
    "call_id",
    "called",
    "caller",
    "caller_name",
    "cause",
    "direction",
    "duration",
    "ended",
    "language",
    "leg",
    "queue",
    "recording",
    "staff",
    "started",
    "state",
    "talking",
    "text",
];

/// Longest word that is taken over from a telephone system: what is longer is no id, queue or number.
const WORD_CHARS_MAX: usize = 200;

/// No call lasts longer.
const SECONDS_MAX: i64 = 31 * 24 * 3600;

/// Which names hold what; of several the first that is not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<&'static str, Vec<String>>);

/// What a platform's own words for the state of a call mean, beside those that are known.
pub type States = BTreeMap<String, CallState>;

/// How values are read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Which names hold what.
    pub names: Names,
    /// Words for the state of a call.
    pub states: States,
    /// The zone of local times.
    pub zone: Option<TimeZone>,
    /// The form of times (strftime), when it is none of those that are known.
    pub time_format: Option<String>,
}

impl Names {
    /// Of a preset: field and names.
    pub fn of(preset: &[(&'static str, &[&str])]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self(preset.iter().map(|(field, names)| (*field, owned(names))).collect())
    }

    /// Sets what holds a field, in place of what the preset says; false when there is no such field.
    pub fn set(&mut self, field: &str, names: Vec<String>) -> bool {
        let known = FIELDS.iter().find(|known| **known == field);
        known.map(|known| self.0.insert(known, names)).is_some()
    }

    /// True when some name holds it.
    pub fn holds(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(|names| !names.is_empty())
    }

    fn get(&self, field: &'static str, value: &dyn Fn(&str) -> Option<String>) -> String {
        let values = self.0.get(field).into_iter().flatten().filter_map(|name| value(name));
        values.map(|found| found.trim().to_owned()).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

/// The values of one row or post.
struct Values<'a> {
    reading: &'a Reading,
    value: &'a dyn Fn(&str) -> Option<String>,
    is_ambiguous: bool,
}

impl Values<'_> {
    fn text(&self, field: &'static str) -> String {
        self.reading.names.get(field, self.value)
    }

    fn word(&self, field: &'static str) -> Result<String, Fault> {
        let word = self.text(field);
        if word.chars().count() > WORD_CHARS_MAX {
            return Err(Fault(format!("{field} is longer than {WORD_CHARS_MAX} characters")));
        }
        Ok(word)
    }

    fn time(&mut self, field: &'static str) -> Result<Option<Timestamp>, Fault> {
        let (zone, format) = (self.reading.zone.as_ref(), self.reading.time_format.as_deref());
        let time =
            time::read(&self.text(field), zone, format).map_err(|wrong| Fault(format!("{field} {wrong}")))?;
        self.is_ambiguous |= time.is_some_and(|time| time.is_ambiguous);
        Ok(time.map(|time| time.at))
    }

    fn seconds(&self, field: &'static str) -> Result<Option<u32>, Fault> {
        let text = self.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        let whole = text.split('.').next().unwrap_or_default();
        let seconds = whole.parse::<i64>().ok().filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
        let seconds = seconds.ok_or_else(|| Fault(format!("{field} is no number of seconds")))?;
        Ok(u32::try_from(seconds).ok())
    }
}

/// Reads one row or post.
///
/// # Errors
/// [`Fault`] names the field that is wrong, never its value.
pub fn read(reading: &Reading, value: &dyn Fn(&str) -> Option<String>) -> Result<Entry, Fault> {
    let mut values = Values { reading, value, is_ambiguous: false };
    let call = Call {
        call_id: values.word("call_id")?,
        leg: values.word("leg")?,
        queue: values.word("queue")?,
        staff: values.word("staff")?,
        cause: values.word("cause")?,
        direction: direction(&values.word("direction")?),
        started_at: values.time("started")?,
        answered_at: values.time("answered")?,
        ended_at: values.time("ended")?,
        ..Call::default()
    };
    let stated = state(&values.word("state")?, &reading.states)?;
    let at = values.time("at")?;
    let (duration, talking) = (values.seconds("duration")?, values.seconds("talking")?);
    let mut call = completed(call, stated, duration, talking);
    call.time_ambiguous = values.is_ambiguous;
    if let Some(at) = at {
        happened(&mut call, at);
    }
    Ok(Entry {
        call,
        caller: values.word("caller")?,
        caller_name: values.word("caller_name")?,
        called: values.word("called")?,
        text: values.text("text"),
        language: values.word("language")?,
        recording: values.text("recording"),
        problem: String::new(),
    })
}

/// Dates an entry that says what happened, but not when: an event is reported as it happens.
pub fn happened(call: &mut Call, at: Timestamp) {
    if call.started_at.is_some() || call.answered_at.is_some() || call.ended_at.is_some() {
        return;
    }
    match call.state {
        CallState::Ringing => call.started_at = Some(at),
        CallState::Answered | CallState::Voicemail => call.answered_at = Some(at),
        CallState::Unspecified => {}
        _ => call.ended_at = Some(at),
    }
}

/// What follows from the times and lengths of a row.
fn completed(mut call: Call, stated: CallState, duration: Option<u32>, talking: Option<u32>) -> Call {
    let seconds = |count: u32| SignedDuration::from_secs(count.into());
    if call.ended_at.is_none() {
        call.ended_at = call.started_at.zip(duration).map(|(start, length)| start + seconds(length));
    }
    let talked = talking.filter(|length| *length > 0);
    if call.answered_at.is_none() {
        call.answered_at = call.ended_at.zip(talked).map(|(end, length)| end - seconds(length));
    }
    let is_over = call.ended_at.is_some() || duration.is_some();
    call.state = match stated {
        CallState::Unspecified if call.answered_at.is_some() || talked.is_some() => CallState::Answered,
        CallState::Unspecified if is_over => CallState::Unanswered,
        stated => stated,
    };
    let was_answered = matches!(call.state, CallState::Answered | CallState::Voicemail);
    call.talking_seconds = talking.filter(|_| was_answered);
    call.waiting_seconds = match (duration, talking) {
        (Some(whole), Some(talked)) => Some(whole.saturating_sub(talked)),
        (Some(whole), None) if !was_answered => Some(whole),
        _ => None,
    };
    call
}

/// Letters and digits alone, in lower case: `NO ANSWER`, `no-answer` and `noAnswer` are one word.
fn bare(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn state(word: &str, own: &States) -> Result<CallState, Fault> {
    if let Some(known) = own.get(&bare(word)) {
        return Ok(*known);
    }
    Ok(match bare(word).as_str() {
        "" => CallState::Unspecified,
        "ringing" | "ring" | "newcall" | "incomingcall" | "outgoingcall" | "queued" | "initiated" => {
            CallState::Ringing
        }
        "answered" | "answer" | "inprogress" | "completed" | "connected" | "callaccepted" => {
            CallState::Answered
        }
        "ended" | "hangup" | "hungup" => CallState::Ended,
        "unanswered" | "noanswer" | "missed" | "abandoned" | "abandon" | "cancel" | "canceled"
        | "cancelled" => CallState::Unanswered,
        "busy" => CallState::Busy,
        "failed" | "congestion" => CallState::Failed,
        "voicemail" => CallState::Voicemail,
        _ => return Err(Fault::new("state is a word that is not known; say what it means in `states`")),
    })
}

/// A word as the settings write it for [`States`].
pub fn state_word(word: &str) -> String {
    bare(word)
}

fn direction(word: &str) -> CallDirection {
    match bare(word).as_str() {
        "in" | "inbound" | "incoming" | "incomingcall" => CallDirection::Inbound,
        "out" | "outbound" | "outgoing" | "outgoingcall" | "outboundapi" | "outbounddial" => {
            CallDirection::Outbound
        }
        "internal" | "local" => CallDirection::Internal,
        _ => CallDirection::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_row(values: &[(&str, &str)]) -> Result<Entry, Fault> {
        let mut names = Names::default();
        for field in FIELDS {
            assert!(names.set(field, vec![field.to_owned()]));
        }
        let zone = TimeZone::get("Europe/Berlin").ok();
        let reading = Reading { names, zone, ..Reading::default() };
        let value = |name: &str| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        read(&reading, &value)
    }

    #[test]
    fn what_is_not_said_follows_from_what_is() {
        let row = [("started", "2026-02-01 11:30:34"), ("duration", "28"), ("talking", "22")];
        let call = read_row(&row).unwrap().call;
        assert_eq!(call.state, CallState::Answered);
        assert_eq!(call.answered_at.unwrap().to_string(), "2026-02-01T10:30:40Z");
        assert_eq!(call.ended_at.unwrap().to_string(), "2026-02-01T10:31:02Z");
        assert_eq!((call.waiting_seconds, call.talking_seconds), (Some(6), Some(22)));
        let call = read_row(&[("started", "1769941834"), ("duration", "28"), ("talking", "0")]).unwrap().call;
        assert_eq!((call.state, call.waiting_seconds), (CallState::Unanswered, Some(28)));
    }

    #[test]
    fn an_event_happened_when_it_says() {
        let call = read_row(&[("state", "newCall"), ("at", "1769941834")]).unwrap().call;
        assert_eq!(
            (call.state, call.started_at),
            (CallState::Ringing, Timestamp::from_second(1_769_941_834).ok())
        );
        let call = read_row(&[("state", "NO ANSWER"), ("at", "1769941834")]).unwrap().call;
        assert_eq!((call.state, call.ended_at.is_some()), (CallState::Unanswered, true));
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        for (row, expected) in [
            (("duration", "long"), "duration is no number of seconds"),
            (("started", "soon"), "started is no time"),
            (("state", "sleeping"), "state is a word that is not known; say what it means in `states`"),
        ] {
            assert_eq!(read_row(&[row]).unwrap_err().to_string(), expected);
        }
        let long = "9".repeat(201);
        assert!(read_row(&[("caller", &long)]).unwrap_err().to_string().starts_with("caller is longer"));
    }
}
