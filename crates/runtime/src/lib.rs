//! What every service needs to run: clock, settings, logs, health, listeners, shutdown.
//!
//! In come a settings file, the environment, signals and the host's time; out go checked values, log lines and answers
//! about health.
//!
//! Reading order: [`clock`], [`shutdown`], [`signal`] (who asks to stop), [`settings`] (reading one file and the
//! environment, collecting every problem), [`secret`], [`logs`], [`metrics`], [`fault`] (fail points), [`watchdog`] (what never yields), [`health`], [`listener`] (HTTP), [`body`], [`http`]
//! (the one HTTP client).

pub mod body;
pub mod client;
pub mod clock;
pub mod fault;
pub mod health;
pub mod http;
pub mod listener;
pub mod logs;
pub mod metrics;
pub mod recent;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod signal;
pub mod watchdog;

pub use clock::Clock;
pub use health::{Health, Part};
pub use secret::Secret;
pub use shutdown::Shutdown;
