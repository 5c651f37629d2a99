//! How source files are called, how they begin, and what they must not hold.

use crate::files::{self, File, with_extension};
use crate::none_of;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "helpers", "helper", "common", "misc", "manager", "shared"];

fn sources() -> Vec<File> {
    with_extension("rs")
}

/// Files whose lines hold a word, with the line. This file spells such words in two halves.
fn lines_with(files: &[File], word: &str) -> Vec<String> {
    let holds = |file: &File| {
        let text = file.text();
        let hit = |(_, line): &(usize, &str)| line.contains(word);
        text.lines()
            .enumerate()
            .filter(hit)
            .map(|(index, _)| format!("{}:{}", file.path, index + 1))
            .collect::<Vec<_>>()
    };
    files.iter().flat_map(holds).collect()
}

#[test]
fn every_source_file_begins_with_what_it_is_for() {
    let wrong: Vec<_> =
        sources().into_iter().filter(|file| !file.text().starts_with("//! ")).map(|it| it.path).collect();
    none_of(&wrong, "files that do not begin with //!");
}

#[test]
fn every_source_file_is_named_for_what_it_is() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|file| file.stem() == "mod" || EMPTY_NAMES.contains(&file.stem()))
        .map(|it| it.path)
        .collect();
    none_of(&wrong, "files with a name that says nothing");
}

#[test]
fn no_test_is_switched_off_or_content_with_any_panic() {
    let sources = sources();
    for attribute in [concat!("#[ign", "ore"), concat!("#[should", "_panic")] {
        none_of(&lines_with(&sources, attribute), attribute);
    }
}

#[test]
fn nothing_is_left_to_do_in_silence() {
    let sources = sources();
    for word in
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("XX", "X:")]
    {
        none_of(&lines_with(&sources, word), word);
    }
}

#[test]
fn nothing_depends_on_the_machine_it_was_written_on() {
    let texts: Vec<_> = files::all().into_iter().filter(File::has_text).collect();
    for place in [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home", "/")] {
        none_of(&lines_with(&texts, place), place);
    }
}

#[test]
fn services_read_no_clock_and_no_environment_of_their_own() {
    let outside: Vec<_> = sources()
        .into_iter()
        .filter(|file| file.path.contains("/src/") && !file.path.starts_with("crates/runtime/"))
        .filter(|file| !file.path.starts_with("crates/testkit/"))
        .collect();
    for call in ["Timestamp::now()", "Zoned::now()", "SystemTime::now()", "env::var(", "env::vars"] {
        none_of(&lines_with(&outside, call), call);
    }
}

#[test]
fn only_one_file_hands_words_to_the_mail_builder() {
    // Its drafts are made of types that hold nothing a header may not (`HeaderText`, `MailAddress`, `MessageId`).
    let outside: Vec<_> = sources()
        .into_iter()
        .filter(|file| file.path.contains("/src/") && file.path != "crates/notifier/src/mail.rs")
        .collect();
    for word in ["lettre::{", "lettre::message", "lettre::Message", "lettre::*", "mail_builder::"] {
        none_of(&lines_with(&outside, word), word);
    }
}

#[test]
fn every_metric_in_an_alert_is_counted_somewhere() {
    let code: String = sources().iter().filter(|file| file.path.contains("/src/")).map(File::text).collect();
    let alerts = files::all().into_iter().filter(|file| file.path.starts_with("deploy/prometheus/"));
    let mut wrong = Vec::new();
    for file in alerts {
        let text = file.text();
        for rest in text.split("redress_").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let counted =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
            if !code.contains(&format!("\"redress_{counted}\"")) {
                wrong.push(format!("{}: redress_{name}", file.path));
            }
        }
    }
    none_of(&wrong, "metrics that nobody counts");
}
