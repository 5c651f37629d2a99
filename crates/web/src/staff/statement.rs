//! What a clerk states beside the complaint itself: how it came, where, when, and what they vouch for. Pure.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use redress_contract::Channel;
use redress_contract::contact::{Call, RecordedBy};

use crate::config::STATED_CHANNELS;
use crate::normalize::Stated;
use crate::submission::{GIVEN, Submission, clean_line, clean_text};

/// What begins the name of each field that only a clerk is asked for.
pub(crate) const STAFF_PREFIX: &str = "staff_";

/// What was received longer ago than this needs a reason.
const BACKDATED_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The fields that only a clerk is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// Letter, in person, phone.
    Channel,
    /// Where it came in.
    Counter,
    /// When it reached the organisation.
    ReceivedAt,
    /// Why that is long ago.
    BackdatingReason,
    /// How it came, in the clerk's words.
    Arrival,
    /// The telephone call that it is a note of, by the telephone system's id.
    Call,
    /// That it was read back, and confirmed.
    ReadBack,
    /// Where to write to.
    PostalAddress,
    /// That the clerk vouches for who complains.
    IdentityChecked,
}

/// What may be wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// None of the choices.
    NotChosen,
    /// No date and time.
    NotTime,
    /// It is still to come.
    InFuture,
    /// Longer ago than is taken.
    TooLongAgo { days_max: usize },
    /// It is not said why it was written down so late.
    NoReason,
    /// It is too long.
    TooLong { chars: usize, max: usize },
    /// Nobody is named whose identity was checked.
    NobodyNamed,
    /// It was given more than once.
    Repeated,
}

/// These fields as they were typed; absent ones are empty. They may name people.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Typed(BTreeMap<Detail, String>);

/// Names and values, as they were sent.
type Pairs = Vec<(String, String)>;

/// What they are judged by.
pub(crate) struct Rules<'a> {
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a TimeZone,
    pub(crate) counters: &'a [String],
    pub(crate) received_days_max: u32,
    pub(crate) telephone_system: &'a str,
}

/// What a clerk states, checked.
pub(crate) struct Statement {
    pub(crate) channel: Channel,
    pub(crate) counter: String,
    pub(crate) postal_address: String,
    pub(crate) stated: Stated,
}

impl Detail {
    /// Every one, in the order of the form.
    pub(crate) const ALL: [Self; 9] = [
        Self::Channel,
        Self::Counter,
        Self::ReceivedAt,
        Self::BackdatingReason,
        Self::Arrival,
        Self::Call,
        Self::ReadBack,
        Self::PostalAddress,
        Self::IdentityChecked,
    ];

    /// Its name in the form.
    pub(crate) fn form_name(self) -> &'static str {
        match self {
            Self::Channel => "staff_channel",
            Self::Counter => "staff_counter",
            Self::ReceivedAt => "staff_received_at",
            Self::BackdatingReason => "staff_backdating_reason",
            Self::Arrival => "staff_arrival",
            Self::Call => "staff_call",
            Self::ReadBack => "staff_read_back",
            Self::PostalAddress => "staff_postal_address",
            Self::IdentityChecked => "staff_identity_checked",
        }
    }

    fn chars_max(self) -> usize {
        match self {
            Self::BackdatingReason | Self::PostalAddress => 500,
            Self::Arrival | Self::Call => 200,
            Self::Channel | Self::Counter | Self::ReceivedAt | Self::ReadBack | Self::IdentityChecked => 40,
        }
    }
}

impl Typed {
    /// An empty form, opened now.
    pub(crate) fn fresh(now: Timestamp, zone: &TimeZone) -> Self {
        let now = now.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string();
        Self(BTreeMap::from([(Detail::ReceivedAt, now)]))
    }

    /// An empty form about a call, opened while it is going on.
    pub(crate) fn of_call(call: &str, now: Timestamp, zone: &TimeZone) -> Self {
        let mut typed = Self::fresh(now, zone);
        typed.0.insert(Detail::Channel, Channel::Phone.token().to_owned());
        typed.0.insert(Detail::Call, clean_line(call));
        typed
    }

    /// Takes these fields out of all that was sent.
    pub(crate) fn take(sent: Pairs) -> (Self, Pairs, Vec<(Detail, Wrong)>) {
        let (mut typed, mut rest, mut wrong) = (Self::default(), Vec::new(), Vec::new());
        for (name, value) in sent {
            match Detail::ALL.into_iter().find(|detail| detail.form_name() == name) {
                None => rest.push((name, value)),
                Some(detail) if typed.0.contains_key(&detail) => wrong.push((detail, Wrong::Repeated)),
                Some(detail) => drop(typed.0.insert(detail, value)),
            }
        }
        (typed, rest, wrong)
    }

    /// What was typed into one; empty when nothing was.
    pub(crate) fn get(&self, detail: Detail) -> &str {
        self.0.get(&detail).map_or("", String::as_str)
    }

    /// What the clerk of this name states by it about a submission, when that can be taken.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the form.
    pub(crate) fn check(
        &self,
        clerk: &str,
        submission: Option<&Submission>,
        rules: &Rules<'_>,
    ) -> Result<Statement, Vec<(Detail, Wrong)>> {
        let mut wrong = Vec::new();
        for detail in Detail::ALL {
            let (chars, max) = (self.get(detail).chars().count(), detail.chars_max());
            if chars > max {
                wrong.push((detail, Wrong::TooLong { chars, max }));
            }
        }
        let mut note = |detail, problem| wrong.push((detail, problem));
        let channel = self.channel().unwrap_or_else(|| {
            note(Detail::Channel, Wrong::NotChosen);
            Channel::Letter
        });
        let counter = self.counter(rules).unwrap_or_else(|| {
            note(Detail::Counter, Wrong::NotChosen);
            String::new()
        });
        let received_at = self.received_at(rules).unwrap_or_else(|problem| {
            note(Detail::ReceivedAt, problem);
            None
        });
        let backdating_reason = clean_line(self.get(Detail::BackdatingReason));
        let is_late = received_at.is_some_and(|at| rules.now.duration_since(at) > BACKDATED_AFTER);
        if is_late && backdating_reason.is_empty() {
            note(Detail::BackdatingReason, Wrong::NoReason);
        }
        let postal_address = clean_text(self.get(Detail::PostalAddress));
        let checked = self.is_ticked(Detail::IdentityChecked);
        let nobody = |known: &Submission| known.email.is_empty() && known.phone.is_empty();
        if checked && postal_address.is_empty() && submission.is_some_and(nobody) {
            note(Detail::IdentityChecked, Wrong::NobodyNamed);
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let recorded_by = RecordedBy {
            actor: clerk.to_owned(),
            arrival: clean_line(self.get(Detail::Arrival)),
            backdating_reason,
            read_back: self.is_ticked(Detail::ReadBack),
        };
        let stated = Stated {
            received_at,
            recorded_by: Some(recorded_by),
            sender_authenticated: checked,
            call: self.call(rules),
        };
        Ok(Statement { channel, counter, postal_address, stated })
    }

    fn is_ticked(&self, detail: Detail) -> bool {
        self.get(detail) == GIVEN
    }

    fn channel(&self) -> Option<Channel> {
        STATED_CHANNELS.into_iter().find(|channel| channel.token() == self.get(Detail::Channel))
    }

    /// The call, in the telephone system that is set.
    fn call(&self, rules: &Rules<'_>) -> Option<Call> {
        let call_id = clean_line(self.get(Detail::Call));
        let system = rules.telephone_system.to_owned();
        (!call_id.is_empty()).then(|| Call { system, call_id, leg: "note".to_owned(), ..Call::default() })
    }

    /// The most usual one when none was chosen.
    fn counter(&self, rules: &Rules<'_>) -> Option<String> {
        match self.get(Detail::Counter) {
            "" => rules.counters.first().cloned(),
            chosen => rules.counters.iter().find(|counter| *counter == chosen).cloned(),
        }
    }

    /// None when it is not said: then it is the time of the request.
    fn received_at(&self, rules: &Rules<'_>) -> Result<Option<Timestamp>, Wrong> {
        let text = self.get(Detail::ReceivedAt).trim();
        if text.is_empty() {
            return Ok(None);
        }
        let local: DateTime = text.parse().map_err(|_| Wrong::NotTime)?;
        let at = local.to_zoned(rules.zone.clone()).map_err(|_| Wrong::NotTime)?.timestamp();
        if at > rules.now {
            return Err(Wrong::InFuture);
        }
        if rules.now.duration_since(at) > SignedDuration::from_hours(24 * i64::from(rules.received_days_max))
        {
            return Err(Wrong::TooLongAgo { days_max: rules.received_days_max as usize });
        }
        Ok(Some(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-02T09:30:00Z";

    fn check(typed: &[(Detail, &str)]) -> Result<Statement, Vec<(Detail, Wrong)>> {
        let sent = typed.iter().map(|(detail, text)| (detail.form_name().to_owned(), (*text).to_owned()));
        let (typed, rest, wrong) = Typed::take(sent.collect());
        assert!(rest.is_empty() && wrong.is_empty());
        let (zone, counters) =
            (TimeZone::get("Europe/Berlin").unwrap(), ["post-room", "counter"].map(str::to_owned));
        let rules = Rules {
            now: NOW.parse().unwrap(),
            zone: &zone,
            counters: &counters,
            received_days_max: 30,
            telephone_system: "berlin",
        };
        typed.check("clerk:ina", Some(&Submission::default()), &rules)
    }

    fn wrong(typed: &[(Detail, &str)]) -> Vec<(Detail, Wrong)> {
        check(typed).err().unwrap_or_default()
    }

    const LETTER: (Detail, &str) = (Detail::Channel, "letter");

    #[test]
    fn what_a_clerk_states_is_read_in_the_zone_of_the_settings() {
        let statement = check(&[
            LETTER,
            (Detail::Counter, "counter"),
            (Detail::ReceivedAt, "2026-02-25T08:15"),
            (Detail::BackdatingReason, " lay in the wrong\r\ntray "),
            (Detail::Arrival, "registered letter"),
            (Detail::Call, " 1769941834.17 "),
            (Detail::PostalAddress, "1 High Street\r\nLeeds"),
            (Detail::IdentityChecked, "yes"),
        ])
        .unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let by = statement.stated.recorded_by.unwrap();
        assert_eq!((statement.channel, statement.counter.as_str()), (Channel::Letter, "counter"));
        assert_eq!(statement.stated.received_at, Some("2026-02-25T07:15:00Z".parse().unwrap()));
        assert_eq!((by.actor.as_str(), by.arrival.as_str()), ("clerk:ina", "registered letter"));
        assert_eq!((by.backdating_reason.as_str(), by.read_back), ("lay in the wrong tray", false));
        let call = statement.stated.call.unwrap();
        assert_eq!((call.system.as_str(), call.call_id.as_str()), ("berlin", "1769941834.17"));
        assert_eq!(statement.postal_address, "1 High Street\nLeeds");
        assert!(statement.stated.sender_authenticated);
    }

    #[test]
    fn without_a_time_it_is_now_and_without_a_counter_the_first() {
        let statement = check(&[LETTER]).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert_eq!((statement.stated.received_at, statement.counter.as_str()), (None, "post-room"));
        assert!(!statement.stated.sender_authenticated);
    }

    #[test]
    fn each_thing_wrong_is_named() {
        let at = |time: &'static str| wrong(&[LETTER, (Detail::ReceivedAt, time)]);
        assert_eq!(wrong(&[]), [(Detail::Channel, Wrong::NotChosen)]);
        assert_eq!(wrong(&[(Detail::Channel, "email")]), [(Detail::Channel, Wrong::NotChosen)]);
        assert_eq!(wrong(&[LETTER, (Detail::Counter, "roof")]), [(Detail::Counter, Wrong::NotChosen)]);
        assert_eq!(at("yesterday"), [(Detail::ReceivedAt, Wrong::NotTime)]);
        assert_eq!(at("2026-03-02T10:30"), []);
        assert_eq!(at("2026-03-02 10:31"), [(Detail::ReceivedAt, Wrong::InFuture)]);
        assert_eq!(at("2026-03-01T10:30"), [], "a day ago");
        assert_eq!(at("2026-03-01T10:29"), [(Detail::BackdatingReason, Wrong::NoReason)]);
        assert_eq!(at("2026-01-31T10:00"), [(Detail::ReceivedAt, Wrong::TooLongAgo { days_max: 30 })]);
        assert_eq!(
            wrong(&[LETTER, (Detail::IdentityChecked, "yes")]),
            [(Detail::IdentityChecked, Wrong::NobodyNamed)]
        );
        let long = "x".repeat(201);
        assert_eq!(
            wrong(&[LETTER, (Detail::Arrival, &long)]),
            [(Detail::Arrival, Wrong::TooLong { chars: 201, max: 200 })]
        );
    }

    #[test]
    fn a_field_is_filled_in_once_and_others_are_left_alone() {
        let sent =
            [("staff_channel", "letter"), ("name", "Kim"), ("staff_channel", "phone"), ("staff_x", "y")];
        let (typed, rest, wrong) =
            Typed::take(sent.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        assert_eq!((typed.get(Detail::Channel), rest.len()), ("letter", 2));
        assert_eq!(wrong, [(Detail::Channel, Wrong::Repeated)]);
    }
}
