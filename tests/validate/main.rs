//! `validate-events`: reads published events as JSON lines from standard input and stops at the first that breaks a
//! rule. Apart from the tests, so that `redress events --from … | validate-events` judges a running installation.
//!
//! `--partial` lets each complaint begin at any number: for a feed whose oldest events have expired.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;

mod cloud_event;
mod feed;

fn main() -> ExitCode {
    let mut first = feed::First::One;
    for argument in std::env::args().skip(1) {
        if argument != "--partial" {
            let _ = writeln!(io::stderr(), "usage: validate-events [--partial] < events.jsonl");
            return ExitCode::from(2);
        }
        first = feed::First::Any;
    }
    match validate(io::stdin().lock().lines(), first) {
        Ok(summary) => {
            let _ = writeln!(io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            let _ = writeln!(io::stderr(), "{reason}");
            ExitCode::FAILURE
        }
    }
}

/// Judges all lines; an empty feed is an error, since it would prove nothing.
fn validate(lines: impl Iterator<Item = io::Result<String>>, first: feed::First) -> Result<String, String> {
    let mut feed = feed::Feed::new(first);
    let mut count = 0;
    for line in lines {
        count += 1;
        let line = line.map_err(|e| format!("line {count}: {e}"))?;
        feed.take(&line).map_err(|reason| format!("line {count}: {reason}"))?;
    }
    if count == 0 {
        return Err("no events".to_owned());
    }
    Ok(format!("{count} events of {} complaints are valid", feed.complaints()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lines: &[String]) -> Result<String, String> {
        validate(lines.iter().map(|line| Ok(line.clone())), feed::First::One)
    }

    #[test]
    fn the_summary_counts_events_and_complaints() {
        let lines = [feed::sample("a", 1), feed::sample("b", 1), feed::sample("a", 2)];
        assert_eq!(run(&lines).unwrap(), "3 events of 2 complaints are valid");
    }

    #[test]
    fn a_broken_line_is_named() {
        let lines = [feed::sample("a", 1), "{".to_owned()];
        assert!(run(&lines).unwrap_err().starts_with("line 2: "), "{:?}", run(&lines));
        assert_eq!(run(&[]).unwrap_err(), "no events");
    }
}
