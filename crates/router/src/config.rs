//! `[router]`: how many contacts at once, and what counts as an order number.

use std::time::Duration;

use jiff::SignedDuration;
use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};

use crate::plan::OrderPattern;

/// Most contacts one replica may work on at once.
const PARALLEL_MAX: usize = 1024;

/// Nobody who called waits longer for a decision; and what waits is forgotten after a month.
const CALL_WAIT_MINUTES_MAX: u32 = 7 * 24 * 60;

/// `[router]` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many contacts are worked on at once.
    pub parallel: usize,
    /// How long one may take at most.
    pub handler_timeout_seconds: u32,
    /// Fields of forms that hold an order or account number.
    pub order_fields: Vec<String>,
    /// Words that, right before a number in a text, say that it is an order or account number.
    pub order_words: Vec<String>,
    /// Country of telephone numbers written without one (ISO 3166, two letters); empty: none is assumed.
    pub default_country: String,
    /// How long the decision about a call without words waits for a note, a transcript, another leg.
    pub call_wait_minutes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            parallel: 32,
            handler_timeout_seconds: 25,
            order_fields: owned(&["order_number", "account_number", "customer_number"]),
            order_words: owned(&[
                "order",
                "order number",
                "order no",
                "account number",
                "bestellnummer",
                "auftragsnummer",
                "kundennummer",
                "numéro de commande",
                "número de pedido",
            ]),
            default_country: String::new(),
            call_wait_minutes: 15,
        }
    }
}

/// `[router]` as it is meant.
#[derive(Debug, Clone)]
pub struct Config {
    /// How many contacts are worked on at once.
    pub parallel: usize,
    /// How long one may take before its delivery counts as hung.
    pub handler_timeout: Duration,
    /// What counts as an order number.
    pub orders: OrderPattern,
    /// Country of telephone numbers written without one.
    pub default_country: Option<String>,
    /// How long the decision about a call without words waits.
    pub call_wait: SignedDuration,
}

impl Config {
    /// Checks what is written.
    ///
    /// # Errors
    /// All problems with their keys.
    pub fn check(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::none();
        if !(1..=PARALLEL_MAX).contains(&settings.parallel) {
            problems.note(
                "router.parallel",
                format!("{} is not between 1 and {PARALLEL_MAX}", settings.parallel),
            );
        }
        if settings.handler_timeout_seconds == 0 {
            problems.note("router.handler_timeout_seconds", "must be at least 1");
        }
        if settings.call_wait_minutes > CALL_WAIT_MINUTES_MAX {
            problems.note(
                "router.call_wait_minutes",
                format!("must be at most {CALL_WAIT_MINUTES_MAX} (a week)"),
            );
        }
        let country = settings.default_country.trim().to_ascii_uppercase();
        let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !country.is_empty() && !is_code {
            problems.note(
                "router.default_country",
                "must be a country code of two letters, such as `DE`, or empty",
            );
        }
        for (key, words) in
            [("router.order_fields", &settings.order_fields), ("router.order_words", &settings.order_words)]
        {
            if words.iter().any(|word| word.trim().is_empty()) {
                problems.note(key, "holds an empty word, which would fit every number");
            }
        }
        let orders = OrderPattern::new(&settings.order_fields, &settings.order_words);
        problems.or(Self {
            parallel: settings.parallel,
            handler_timeout: Duration::from_secs(settings.handler_timeout_seconds.into()),
            orders,
            call_wait: SignedDuration::from_mins(settings.call_wait_minutes.into()),
            default_country: (!country.is_empty()).then_some(country),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(Config::check(&Settings::default()).unwrap().parallel, 32);
    }

    #[test]
    fn every_mistake_is_named_by_its_key() {
        let settings = Settings {
            parallel: 0,
            handler_timeout_seconds: 0,
            order_words: vec![" ".to_owned()],
            default_country: "Germany".to_owned(),
            ..Settings::default()
        };
        let problems = Config::check(&settings).unwrap_err();
        let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "router.parallel",
                "router.handler_timeout_seconds",
                "router.default_country",
                "router.order_words"
            ]
        );
    }
}
