//! Logs: JSON lines for machines, short lines for people on a terminal; control characters never reach it raw.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Directive;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::debug_fn;

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
    let ansi = std::io::stderr().is_terminal();
    let subscriber = subscriber(format, filter, std::io::stderr, ansi)?;
    // The only failure is that somebody was first, and then logging is on already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// Panics become log lines that name the place. The text of a panic is kept only where it is a fixed text of the
/// program: one that was put together may hold what a person wrote. For the program, not for tests.
pub fn guard_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text withheld)");
        tracing::error!(place, "A bug: panicked: {text}");
    }));
}

/// An error with all that caused it, outermost first: `append a commit: publish: no responders`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}

fn subscriber<W>(
    format: Format,
    filter: &str,
    writer: W,
    ansi: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, String>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let builder =
        tracing_subscriber::fmt().with_env_filter(parse(filter)?).with_writer(writer).with_ansi(ansi);
    Ok(match format {
        Format::Text => Box::new(builder.fmt_fields(debug_fn(write_field).delimited(" ")).finish()),
        Format::Json => Box::new(builder.json().flatten_event(true).with_ansi(false).finish()),
    })
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| {
        let wrong = |part: &&str| part.parse::<Directive>().is_err();
        match filter.split(',').find(wrong) {
            Some(part) => {
                format!("\"{}\" is not a log filter; write `info` or `redress_email=debug`", escape(part))
            }
            None => error.to_string(),
        }
    })
}

/// One field of a line; a line stays one line, and a terminal is never told what to do.
fn write_field(
    writer: &mut tracing_subscriber::fmt::format::Writer<'_>,
    field: &tracing::field::Field,
    value: &dyn fmt::Debug,
) -> fmt::Result {
    let value = escape(&format!("{value:?}"));
    if field.name() == "message" {
        writer.write_str(&value)
    } else {
        write!(writer, "{}={value}", field.name())
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_direction(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Characters that turn the writing direction, and line separators that are no control characters.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Format, chain, parse, subscriber};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, work: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = subscriber(format, filter, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_message_cannot_forge_a_line_or_steer_the_terminal() {
        let hostile = "a\n2026-01-01 ERROR forged\r\u{1b}[2J\u{9b}\u{202e}";
        for work in [|text: &str| tracing::info!("{text}"), |text: &str| tracing::info!(channel = %text, "x")]
        {
            let text = logged(Format::Text, "info", || work(hostile));
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(text.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text:?}");
            assert!(text.contains("forged"));
        }
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = logged(Format::Json, "info", || tracing::warn!(complaint.id = "c1", "two\nlines"));
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(line["message"], "two\nlines");
        assert_eq!(line["complaint.id"], "c1");
        assert_eq!(line["level"], "WARN");
    }

    #[test]
    fn the_filter_decides_by_crate() {
        let work = || {
            tracing::debug!(target: "redress_email", "kept");
            tracing::debug!(target: "redress_web", "left out");
        };
        let text = logged(Format::Text, "warn,redress_email=debug", work);
        assert!(text.contains("kept") && !text.contains("left out"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_names_the_part() {
        let error = parse("info,redress_email=loud").err().unwrap();
        assert!(error.contains("redress_email=loud") && !error.contains("info,"), "{error}");
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("append a commit")]
        struct Append(#[source] std::io::Error);
        assert_eq!(chain(&Append(std::io::Error::other("no answer"))), "append a commit: no answer");
    }
}
