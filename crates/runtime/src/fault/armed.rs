//! Fail points that do something.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::OnceLock;

use jiff::SignedDuration;

/// What the crate `fail` is told by this variable.
const VARIABLE: &str = "REDRESS_FAILPOINTS";

/// By how many seconds the host's clock is taken to be slow.
const AHEAD: &str = "REDRESS_CLOCK_AHEAD_SECONDS";

static CLOCK_AHEAD: OnceLock<SignedDuration> = OnceLock::new();

/// What happens at a fail point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The process dies at once: nothing is flushed, nobody says goodbye.
    Abort,
    Panic,
    /// Never comes back; where it can, it gives its thread back.
    Hang,
    /// Keeps its thread for ever, as an endless loop does.
    Block,
}

/// Arms the fail points that the environment names.
///
/// # Panics
/// When what it says cannot be understood.
pub fn arm(environment: &BTreeMap<String, String>) {
    if let Some(seconds) = environment.get(AHEAD) {
        let seconds = seconds.parse().expect("a clock is ahead by a number of seconds");
        let _ = CLOCK_AHEAD.set(SignedDuration::from_secs(seconds));
    }
    let Some(text) = environment.get(VARIABLE) else { return };
    for configured in text.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, actions) = configured.split_once('=').expect("a fail point is name=actions");
        fail::cfg(name.trim(), actions.trim())
            .expect("the actions of a fail point are in the words of `fail`");
    }
}

/// By how much the process's clock is set forward.
pub(crate) fn clock_ahead() -> SignedDuration {
    CLOCK_AHEAD.get().copied().unwrap_or_default()
}

/// What is to happen here and now.
pub(super) fn asked(name: &str, words: &str) -> Option<Act> {
    fail::fail_point!(name, |asked: Option<String>| {
        let asked = asked.unwrap_or_default();
        let here = asked.split(',').map(|act| act.split_once(" at ").unwrap_or((act, "")));
        here.filter(|(_, word)| words.contains(word)).map(|(act, _)| Act::of(act.trim())).next()
    });
    None
}

impl Act {
    fn of(word: &str) -> Self {
        match word {
            "abort" => Self::Abort,
            "panic" => Self::Panic,
            "hang" => Self::Hang,
            "block" => Self::Block,
            other => panic!("a fail point is asked to {other:?}, not to abort, panic, hang or block"),
        }
    }

    pub(super) fn perform(self, name: &str) {
        match self {
            Self::Abort => {
                let _ = writeln!(std::io::stderr(), "fail point {name}: abort");
                std::process::abort()
            }
            Self::Panic => panic!("fail point {name}"),
            Self::Hang | Self::Block => loop {
                std::thread::park();
            },
        }
    }
}
