//! What the broker is told: accounts, users, permissions, in its own configuration language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Answers, BACKUP, Right, User};

/// The account of the streams.
pub const STREAMS: &str = "REDRESS";

/// What requests to the broker begin with where the streams are.
pub const BROKER_API: &str = "$JS.API";
/// The same in the accounts of the users, where the broker itself answers the other for accounts without streams.
pub const API: &str = "$JS.REDRESS.API";

/// The block `accounts`, to be included in the broker's configuration. `public_key` gives each user's.
///
/// # Errors
/// The first error of `public_key`.
pub fn accounts<E>(users: &[User], public_key: impl Fn(&str) -> Result<String, E>) -> Result<String, E> {
    let mut text =
        String::from("# Made by `redress provision --print-nats-conf`; holds no secrets.\naccounts {\n");
    let (inside, outside): (Vec<&User>, Vec<&User>) = users.iter().partition(|user| user.name == BACKUP);
    let _ = write!(text, "  {STREAMS} {{\n    jetstream: enabled\n    users: [\n");
    for user in inside {
        login(&mut text, user, &public_key(user.name)?);
    }
    text.push_str("    ]\n    exports: [\n");
    for (right, accounts) in exports(&outside) {
        export(&mut text, right, &accounts);
    }
    text.push_str("    ]\n  }\n");
    for user in outside {
        let _ = write!(text, "  {} {{\n    users: [\n", account(user.name));
        login(&mut text, user, &public_key(user.name)?);
        text.push_str("    ]\n    imports: [\n");
        for right in &user.rights {
            import(&mut text, &right.subject);
        }
        text.push_str("    ]\n  }\n");
    }
    text.push_str("}\n");
    Ok(text)
}

/// The account in which a user lives.
pub fn account(user: &str) -> String {
    format!("{STREAMS}_{}", user.to_uppercase())
}

/// A subject of the account of the streams, as the users know it.
pub fn local(subject: &str) -> String {
    match subject.strip_prefix(BROKER_API) {
        Some(rest) => format!("{API}{rest}"),
        None => subject.to_owned(),
    }
}

/// Each right, with the accounts that have it.
fn exports<'a>(users: &[&'a User]) -> BTreeMap<&'a Right, Vec<String>> {
    let mut exports: BTreeMap<&Right, Vec<String>> = BTreeMap::new();
    for user in users {
        for right in &user.rights {
            exports.entry(right).or_default().push(account(user.name));
        }
    }
    exports
}

fn import(text: &mut String, subject: &str) {
    let local = local(subject);
    let to = if local == subject { String::new() } else { format!(", to: \"{local}\"") };
    let _ = writeln!(text, "      {{ service: {{ account: {STREAMS}, subject: \"{subject}\" }}{to} }},");
}

fn export(text: &mut String, right: &Right, accounts: &[String]) {
    let answers = match right.answers {
        Answers::One => "",
        Answers::Many => "response_type: stream, ",
    };
    let _ = writeln!(
        text,
        "      {{ service: \"{}\", {answers}accounts: [{}] }},",
        right.subject,
        accounts.join(", ")
    );
}

fn login(text: &mut String, user: &User, public_key: &str) {
    let subject = |right: &Right| {
        let inside = user.name == BACKUP;
        if inside { right.subject.clone() } else { local(&right.subject) }
    };
    let subjects: Vec<String> = user.rights.iter().map(|right| format!("\"{}\"", subject(right))).collect();
    let _ = write!(
        text,
        "      {{\n        nkey: {public_key} # {name}\n        permissions: {{\n          publish: {{ allow: [\n            {}\n          ] }}\n          subscribe: {{ allow: [\"_INBOX_{name}.>\"] }}\n        }}\n      }}\n",
        subjects.join(",\n            "),
        name = user.name,
    );
}
