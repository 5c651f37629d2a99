//! What the entries about one telephone call come to, in whatever order they arrive: who waited how long, whether anybody
//! answered, and whether somebody must return it.

use jiff::Timestamp;
use redress_contract::contact::Call;
use redress_contract::{CallDirection, CallState};

/// Which calls open a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opens {
    /// Each one.
    Always,
    /// Those of which there are words (a note, a transcript), and those that somebody must return.
    #[default]
    WithWords,
    /// None.
    Never,
}

impl Opens {
    /// Reads the word of the settings: `always`, `with_words` or `never`.
    pub fn from_token(token: &str) -> Option<Self> {
        match token.trim() {
            "always" => Some(Self::Always),
            "with_words" => Some(Self::WithWords),
            "never" => Some(Self::Never),
            _ => None,
        }
    }

    /// Whether a call does that has words, or has to be returned.
    pub fn opens(self, has_words: bool, is_to_return: bool) -> bool {
        match self {
            Self::Always => true,
            Self::WithWords => has_words || is_to_return,
            Self::Never => false,
        }
    }
}

/// One call, as all that is known of it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallLog {
    /// What became of it: answered when anybody answered, whatever other legs say.
    pub state: CallState,
    /// Who called whom, as the first that says so.
    pub direction: CallDirection,
    /// When it began to ring.
    pub started_at: Option<Timestamp>,
    /// When a person, or else a voicemail box, answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended; none while it goes on.
    pub ended_at: Option<Timestamp>,
    /// How long the caller waited: until an answer, else until the end. None while it rings.
    pub waiting_seconds: Option<u32>,
    /// How long they talked; none when nobody answered, or while they talk.
    pub talking_seconds: Option<u32>,
    /// Where it came in: the first queue that is named.
    pub queue: String,
    /// Who of ours took it, or was rung: the last that is named.
    pub staff: String,
    /// Why it ended: the last that is said.
    pub cause: String,
}

impl CallLog {
    /// Brings the entries about one call together. Their order does not matter, nor does it when one comes twice.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Call>) -> Self {
        let mut entries: Vec<&Call> = entries.into_iter().collect();
        entries.sort_by_key(|entry| (latest(entry), progress(entry.state), entry.leg.clone()));
        let said = |of: fn(&Call) -> &String| {
            entries.iter().map(move |entry| of(entry)).filter(|word| !word.is_empty())
        };
        let started_at = entries.iter().filter_map(|entry| entry.started_at).min();
        let answered_at = answered_at(&entries);
        let ended_at = entries.iter().filter_map(|entry| entry.ended_at).max();
        let log = Self {
            state: state(&entries),
            direction: direction(&entries),
            started_at,
            answered_at,
            ended_at,
            waiting_seconds: None,
            talking_seconds: None,
            queue: said(|entry| &entry.queue).next().cloned().unwrap_or_default(),
            staff: said(|entry| &entry.staff).next_back().cloned().unwrap_or_default(),
            cause: said(|entry| &entry.cause).next_back().cloned().unwrap_or_default(),
        };
        let waiting_seconds = between(started_at, answered_at.or(ended_at));
        let talking_seconds = answered_at.and_then(|_| between(answered_at, ended_at));
        // A leg's own figures where the times are not known.
        let stated = |of: fn(&Call) -> Option<u32>| entries.iter().filter_map(|entry| of(entry)).max();
        Self {
            waiting_seconds: waiting_seconds.or_else(|| stated(|entry| entry.waiting_seconds)),
            talking_seconds: talking_seconds
                .or_else(|| stated(|entry| entry.talking_seconds).filter(|_| log.was_answered())),
            ..log
        }
    }

    /// True when a person or a voicemail box answered.
    pub fn was_answered(&self) -> bool {
        matches!(self.state, CallState::Answered | CallState::Voicemail)
    }

    /// True while a person, or a voicemail box, has the caller on the line.
    pub fn goes_on(&self) -> bool {
        self.was_answered() && self.answered_at.is_some() && self.ended_at.is_none()
    }

    /// True when somebody called us and no person answered: it rang, was given up, or went to voicemail. Also while it
    /// rings, since the message that it ended may be lost.
    pub fn is_to_return(&self) -> bool {
        let from_outside = matches!(self.direction, CallDirection::Inbound | CallDirection::Unspecified);
        let without_answer = !matches!(self.state, CallState::Answered | CallState::Unspecified);
        from_outside && without_answer
    }
}

fn latest(entry: &Call) -> Option<Timestamp> {
    entry.ended_at.or(entry.answered_at).or(entry.started_at)
}

/// Which of two that happened at once came later.
fn progress(state: CallState) -> u8 {
    match state {
        CallState::Unspecified => 0,
        CallState::Ringing => 1,
        CallState::Voicemail => 2,
        CallState::Answered => 3,
        _ => 4,
    }
}

fn answered_at(entries: &[&Call]) -> Option<Timestamp> {
    let by = |state: CallState| {
        entries.iter().filter(|entry| entry.state == state).filter_map(|entry| entry.answered_at).min()
    };
    by(CallState::Answered).or_else(|| by(CallState::Voicemail))
}

fn state(entries: &[&Call]) -> CallState {
    let any = |state: CallState| entries.iter().any(|entry| entry.state == state);
    let by_weight = [
        CallState::Answered,
        CallState::Voicemail,
        CallState::Unanswered,
        CallState::Busy,
        CallState::Failed,
    ];
    match by_weight.into_iter().find(|state| any(*state)) {
        Some(known) => known,
        // Over, and nobody said that anybody answered.
        None if any(CallState::Ended) => CallState::Unanswered,
        None if any(CallState::Ringing) => CallState::Ringing,
        None => CallState::Unspecified,
    }
}

/// A leg inside the house does not make a call from outside one.
fn direction(entries: &[&Call]) -> CallDirection {
    let any = |direction: CallDirection| entries.iter().any(|entry| entry.direction == direction);
    let by_weight = [CallDirection::Inbound, CallDirection::Outbound, CallDirection::Internal];
    by_weight.into_iter().find(|direction| any(*direction)).unwrap_or_default()
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<u32> {
    let seconds = to?.duration_since(from?).as_secs();
    Some(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(1_769_941_834 + second).ok()
    }

    fn ringing() -> Call {
        let direction = CallDirection::Inbound;
        Call {
            state: CallState::Ringing,
            direction,
            started_at: at(0),
            queue: "help".to_owned(),
            ..Call::default()
        }
    }

    fn answered(state: CallState) -> Call {
        Call { state, answered_at: at(6), staff: "ext 12".to_owned(), ..Call::default() }
    }

    fn ended() -> Call {
        Call { state: CallState::Ended, ended_at: at(28), cause: "normal".to_owned(), ..Call::default() }
    }

    #[test]
    fn a_call_is_followed_from_its_first_ring_to_its_end() {
        let log = CallLog::of([&ringing()]);
        assert_eq!((log.waiting_seconds, log.talking_seconds, log.is_to_return()), (None, None, true));
        let log = CallLog::of([&ringing(), &answered(CallState::Answered)]);
        assert_eq!((log.waiting_seconds, log.talking_seconds, log.is_to_return()), (Some(6), None, false));
        let log = CallLog::of([&ringing(), &answered(CallState::Answered), &ended()]);
        assert_eq!((log.waiting_seconds, log.talking_seconds), (Some(6), Some(22)));
        assert_eq!(
            (log.queue.as_str(), log.staff.as_str(), log.cause.as_str()),
            ("help", "ext 12", "normal")
        );
    }

    #[test]
    fn a_call_that_no_person_answered_is_to_be_returned() {
        let given_up = CallLog::of([&ringing(), &ended()]);
        assert_eq!((given_up.state, given_up.waiting_seconds), (CallState::Unanswered, Some(28)));
        assert!(given_up.is_to_return());
        assert!(CallLog::of([&ringing(), &answered(CallState::Voicemail), &ended()]).is_to_return());
        let ours = Call { direction: CallDirection::Outbound, ..ringing() };
        assert!(!CallLog::of([&ours, &ended()]).is_to_return());
        assert!(!CallLog::of([]).is_to_return(), "a note about a call says nothing of it");
    }

    #[test]
    fn one_leg_that_was_answered_answers_the_call() {
        let unanswered = Call { state: CallState::Unanswered, ended_at: at(10), ..ringing() };
        let inside = Call { direction: CallDirection::Internal, ..answered(CallState::Answered) };
        let log = CallLog::of([&unanswered, &inside]);
        assert_eq!((log.state, log.direction), (CallState::Answered, CallDirection::Inbound));
        assert!(!log.is_to_return());
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(picks in prop::collection::vec(0_usize..4, 0..12)) {
            let known = [ringing(), answered(CallState::Voicemail), answered(CallState::Answered), ended()];
            let picked = CallLog::of(picks.iter().map(|pick| &known[*pick]));
            let mut in_order = picks.clone();
            in_order.sort_unstable();
            in_order.dedup();
            prop_assert_eq!(picked, CallLog::of(in_order.iter().map(|pick| &known[*pick])));
        }
    }
}
