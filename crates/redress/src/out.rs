//! Answers: text for people, JSON lines for programs. Words that came from outside never reach a terminal raw.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

/// Standard output, in the form that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    json: bool,
}

impl Out {
    /// JSON lines when `json` was asked for, text otherwise.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// True when JSON lines were asked for.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// One line (or several) of text.
    pub fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{}", text.as_ref())
    }

    /// One JSON line.
    pub fn json(self, value: &impl Serialize) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, value)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// The one or the other: `text` is made only when it is wanted.
    pub fn either(self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json { self.json(value) } else { self.line(text()) }
    }

    /// A line on standard error.
    pub fn complain(self, text: &str) {
        // When nobody can hear it there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// True when a person looks on.
    pub fn is_terminal(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }
}

/// How far long work came: a bar where a person looks on, nothing elsewhere.
#[derive(Debug)]
pub struct Progress(indicatif::ProgressBar);

impl Out {
    /// A bar over so many bytes, on standard error.
    pub fn progress(self, bytes: u64) -> Progress {
        self.bar(bytes, "{bar:30} {bytes:>10} of {total_bytes} {msg}")
    }

    /// A bar over so many things, on standard error.
    pub fn counting(self, count: u64) -> Progress {
        self.bar(count, "{bar:30} {human_pos:>10} of {human_len} {msg}")
    }

    fn bar(self, length: u64, template: &str) -> Progress {
        if self.json || !io::stderr().is_terminal() {
            return Progress(indicatif::ProgressBar::hidden());
        }
        let style = indicatif::ProgressStyle::with_template(template).expect("the template is right");
        Progress(indicatif::ProgressBar::new(length).with_style(style))
    }
}

impl Progress {
    /// So much more, of this.
    pub fn passed(&self, what: &str, more: u64) {
        self.0.set_message(what.to_owned());
        self.0.inc(more);
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// Text from outside, safe to show: control characters but line ends and tabs become `�`.
pub fn printable(text: &str) -> String {
    let safe =
        |c: char| if c.is_control() && c != '\n' && c != '\t' || is_direction(c) { '\u{fffd}' } else { c };
    text.replace("\r\n", "\n").chars().map(safe).collect()
}

/// Marks that make a terminal show text in another order than it is written.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// True when the reader of our output went away (`redress events | head`), which is no failure.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|e| e.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mred\r\nb\tc\u{202e}d"), "a\u{fffd}[31mred\nb\tc\u{fffd}d");
    }
}
