//! Fail points: named places between two effects, at which a test makes the process die, panic or hang.
//!
//! Without the cargo feature `failpoints`, which releases do not have, they are empty functions and the crate `fail` is
//! not even built. With it, the variable `REDRESS_FAILPOINTS` says what happens where, in the words of the crate `fail`:
//! `router::committed=3*off->return(abort);router::opened=return(panic at POISON)`. What is given to `return` is
//! ours: `abort`, `panic`, `hang` (never comes back) or `block` (nor gives its thread back); after `at` a word that
//! what is being handled must hold; several with commas. `REDRESS_CLOCK_AHEAD_SECONDS` sets the process's clock forward.

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::arm;
#[cfg(feature = "failpoints")]
pub(crate) use armed::clock_ahead;

/// Passes a fail point, named `<service>::<what was done last>`.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn point(_name: &'static str) {}

/// Passes a fail point while something that holds these words is handled.
#[cfg(not(feature = "failpoints"))]
#[inline]
#[expect(clippy::unused_async, reason = "with the feature it may hang here")]
pub async fn point_at(_name: &'static str, _words: &str) {}

/// Passes a fail point, named `<service>::<what was done last>`.
#[cfg(feature = "failpoints")]
pub fn point(name: &'static str) {
    if let Some(act) = armed::asked(name, "") {
        act.perform(name);
    }
}

/// Passes a fail point while something that holds these words is handled.
#[cfg(feature = "failpoints")]
pub async fn point_at(name: &'static str, words: &str) {
    match armed::asked(name, words) {
        None => {}
        Some(armed::Act::Hang) => std::future::pending().await,
        Some(act) => act.perform(name),
    }
}
