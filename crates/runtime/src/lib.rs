//! What every service needs to run: clock, settings, logs, health, listeners, shutdown.
//!
//! Reading order: [`clock`], [`shutdown`], [`settings`] (reading one file and the environment, collecting every
//! problem), [`secret`], [`logs`], [`health`], [`listener`] (HTTP), [`http`] (the one HTTP client).

pub mod clock;
pub mod health;
pub mod http;
pub mod listener;
pub mod logs;
pub mod secret;
pub mod settings;
pub mod shutdown;

pub use clock::Clock;
pub use health::{Health, Part};
pub use secret::Secret;
pub use shutdown::Shutdown;
