//! What would show personal data or a secret when somebody writes `{:?}`: a derived `Debug` on a type that holds such a
//! thing as a bare string or as bytes. It gets a type of its own (`Secret`, `HeaderText`, …) or a `Debug` by hand.

use crate::files::with_extension;
use crate::none_of;

/// Names under which people's words, addresses and secrets go in this workspace.
const PRIVATE: [&str; 31] = [
    "address",
    "addresses",
    "body",
    "code",
    "cc",
    "display_name",
    "email",
    "from",
    "html",
    "inline",
    "master",
    "name_stated",
    "note",
    "params",
    "password",
    "payload",
    "phone",
    "private",
    "raw",
    "reasons",
    "receipt",
    "receipt_code",
    "recipient",
    "reply_to",
    "secret",
    "seed",
    "sender",
    "subject_line",
    "text",
    "to",
    "token",
];

/// Types in which such a thing lies bare.
const BARE: [&str; 7] = ["String", "Bytes", "Vec<u8>", "&'a str", "&'static str", "Cow<", "[u8;"];

/// What is no person's although it goes under such a name: file, field, why.
const KNOWN: &[(&str, &str, &str)] = &[
    ("crates/bus/src/snapshot.rs", "to", "the subject on which the broker waits for the parts of a snapshot"),
    ("crates/notifier/src/config.rs", "address", "the organisation's own mailbox, from the settings"),
    (
        "crates/notifier/src/settings.rs",
        "address",
        "the organisation's own mailbox, as written in the settings",
    ),
    (
        "crates/email/src/config/settings.rs",
        "address",
        "the organisation's own mailbox, as written in the settings",
    ),
    ("crates/redress/src/settings.rs", "address", "where to listen, as written in the settings"),
    ("crates/web/src/page.rs", "text", "the words of a page, compiled in"),
    ("crates/router/src/plan/clues.rs", "text", "a keyed digest"),
    ("crates/router/src/plan/keys.rs", "text", "a keyed digest"),
    ("crates/router/src/plan/belonging.rs", "text", "a keyed digest"),
    ("crates/router/src/perform/claims.rs", "text", "a keyed digest"),
    ("crates/domain/src/command.rs", "reasons", "the router's own words, such as `token`"),
    ("crates/router/src/plan/belonging.rs", "reasons", "the router's own words, such as `token`"),
];

/// `field: Type` of each type in a file whose `Debug` is derived.
fn shown_fields(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let derives = line.trim_start().starts_with("#[derive(") && line.contains("Debug");
        if !derives {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        for line in lines.by_ref().take_while(|line| *line != end) {
            let declared = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
            let declared = declared.trim_start_matches("pub ");
            if let Some((name, kind)) = declared.trim_end_matches(',').split_once(": ") {
                found.push((name.to_owned(), kind.to_owned()));
            }
            if line.ends_with(");") || line.ends_with("{}") {
                break;
            }
        }
    }
    found
}

#[test]
fn no_derived_debug_shows_what_people_wrote_or_a_secret() {
    let mut wrong = Vec::new();
    let sources = with_extension("rs").into_iter().filter(|file| file.path.contains("/src/"));
    for file in sources.filter(|file| !file.path.starts_with("crates/testkit/")) {
        for (name, kind) in shown_fields(&file.text()) {
            let known = KNOWN.iter().any(|(path, field, _)| *path == file.path && *field == name);
            let bare = BARE.iter().any(|bare| kind.starts_with(bare) || kind.contains(&format!("<{bare}")));
            if PRIVATE.contains(&name.as_str()) && bare && !known {
                wrong.push(format!("{}: {name}: {kind}", file.path));
            }
        }
    }
    none_of(&wrong, "fields that a derived Debug would show");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let text = "#[derive(Clone, Debug)]\npub struct A {\n    /// Words.\n    pub text: String,\n}\n\n\
                #[derive(Clone)]\nstruct B {\n    body: Bytes,\n}\n\n#[derive(Debug)]\nenum C {\n    D { raw: Vec<u8>, n: u32 },\n    E {\n        to: Option<String>,\n    },\n}\n";
    let found = shown_fields(text);
    assert!(found.contains(&("text".to_owned(), "String".to_owned())));
    assert!(found.contains(&("to".to_owned(), "Option<String>".to_owned())));
    assert!(!found.iter().any(|(name, _)| name == "body"), "its Debug is not derived");
}
