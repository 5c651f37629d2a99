//! Was this form handed out by us, and filled in by a person? A signed time says so, without a cookie or any state.
//!
//! A stamp is bound to the form and to the idempotency key beside it, so that one stamp is good for one complaint.
//! Whatever is found wrong, the form is shown again with what was typed: it asks for another click and never drops.

use jiff::Timestamp;
use redress_identity::Keys;

use crate::config::Config;

/// What a stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A person may have filled this in.
    Good,
    /// It came back too soon.
    TooSoon,
    /// It lay open for too long.
    Expired,
    /// These keys did not sign it for this form and key.
    Unsigned,
}

/// A stamp for a form shown now.
pub(crate) fn fresh(keys: &Keys, form: &str, key: &str, now: Timestamp) -> String {
    keys.form_stamp(&purpose(form, key), now.as_second())
}

/// A stamp for a form shown again to somebody who has filled it in: the time to fill it in counts as spent.
pub(crate) fn renewed(keys: &Keys, config: &Config, form: &str, key: &str, now: Timestamp) -> String {
    keys.form_stamp(&purpose(form, key), now.as_second() - config.min_fill_seconds)
}

/// Judges the stamp of a form that came back now.
pub(crate) fn judge(
    keys: &Keys,
    config: &Config,
    (form, key): (&str, &str),
    stamp: &str,
    now: Timestamp,
) -> Verdict {
    let Some(shown_at) = keys.form_stamp_time(&purpose(form, key), stamp) else {
        return Verdict::Unsigned;
    };
    let age = now.as_second().saturating_sub(shown_at);
    if age < config.min_fill_seconds {
        return Verdict::TooSoon;
    }
    if age > config.stamp_seconds { Verdict::Expired } else { Verdict::Good }
}

fn purpose(form: &str, key: &str) -> String {
    format!("{form}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_stamp_is_good_for_its_form_and_key_between_the_two_times() {
        let (keys, config) = (Keys::from_master(&[7; 32]), Config::check(&Settings::default()).unwrap());
        let at = |second: i64| Timestamp::from_second(1_900_000_000 + second).unwrap();
        let stamp = fresh(&keys, "default", "key", at(0));
        let judged = |key: &str, second| judge(&keys, &config, ("default", key), &stamp, at(second));
        assert_eq!(judged("key", 2), Verdict::TooSoon);
        assert_eq!(judged("key", 3), Verdict::Good);
        assert_eq!(judged("key", 7_200), Verdict::Good);
        assert_eq!(judged("key", 7_201), Verdict::Expired);
        assert_eq!(judged("other", 60), Verdict::Unsigned);
        assert_eq!(judge(&keys, &config, ("returns", "key"), &stamp, at(60)), Verdict::Unsigned);
        assert_eq!(judge(&keys, &config, ("default", "key"), "1900000000.00", at(60)), Verdict::Unsigned);
        let renewed = renewed(&keys, &config, "default", "key", at(9_000));
        assert_eq!(judge(&keys, &config, ("default", "key"), &renewed, at(9_000)), Verdict::Good);
    }
}
