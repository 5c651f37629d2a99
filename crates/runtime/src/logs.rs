//! Logs: JSON lines for machines, short lines for people on a terminal; control characters never reach it raw.

/// How logs look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error; `filter` in the syntax of `tracing_subscriber::EnvFilter` (`info`, `redress_email=debug`).
/// A second call does nothing.
///
/// # Errors
/// When the filter cannot be read; the message names the part.
pub fn start(format: Format, filter: &str) -> Result<(), String> {
    let _ = (format, filter);
    todo!("logs::start")
}
