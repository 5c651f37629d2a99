//! Is the example file complete? Every key of the settings must occur in it, with its default.
//!
//! In the example, prose stands behind `# `, a key that is left at its default behind `#` without a blank. With those
//! marks taken away, the file is what [`sample`] says.

use std::collections::BTreeMap;

use redress_domain::RulesSettings;
use redress_domain::settings::{
    CalendarSettings, MilestoneSettings, PolicySettings, RuleSettings, RungSettings,
};
use redress_email::config::webhook::Provider;
use redress_email::config::{AccountSettings as Account, Kind, WebhookSettings};
use redress_notifier::settings::AccountSettings;
use redress_phone::config as phone;
use redress_phone::formats::Format;
use redress_social::config as social;
use redress_web::staff::settings::AccountSettings as Clerk;
use serde_json::Value;

use super::Settings;

/// Tables and lists that are empty by default. Of these the example shows one element, with values to learn from.
const ELEMENTS: [&str; 9] = [
    "email.accounts",
    "phone.accounts",
    "social.accounts",
    "staff.accounts",
    "notifier.accounts",
    "rules.calendars",
    "rules.policies",
    "rules.ladders",
    "rules.rules",
];

/// The default settings, with one element in each table and list that is empty by default, so that their keys show.
pub fn sample() -> Settings {
    let mut settings = Settings { rules: sample_rules(), ..Settings::default() };
    settings.email.accounts.insert("help".to_owned(), sample_mailbox());
    settings.phone.accounts.insert("switchboard".to_owned(), sample_switchboard());
    settings.social.accounts.insert("kettles".to_owned(), sample_profile());
    let clerk = Clerk { password_hash_file: Some("/run/credentials/redress/ina".into()), ..Clerk::default() };
    settings.staff.accounts.insert("ina".to_owned(), clerk);
    settings.notifier.accounts.insert("help".to_owned(), AccountSettings::default());
    settings
}

/// With a value in each key that is left out when it has none.
fn sample_mailbox() -> Account {
    Account {
        kind: Some(Kind::Imap),
        poll_seconds: Some(15.0),
        path: Some("/var/mail/help".into()),
        ca_file: Some("/etc/redress/imap-ca.pem".into()),
        password_file: Some("/run/credentials/redress/imap".into()),
        webhook: Some(WebhookSettings {
            provider: Some(Provider::Mailgun),
            signing_key_file: Some("/run/credentials/redress/mailgun".into()),
            password_file: Some("/run/credentials/redress/webhook".into()),
            ..WebhookSettings::default()
        }),
        ..Account::default()
    }
}

fn sample_switchboard() -> phone::AccountSettings {
    phone::AccountSettings {
        kind: Some(phone::Kind::Folder),
        path: Some("/var/log/asterisk/cdr-csv".into()),
        format: Some(Format::AsteriskCsv),
        webhook: Some(phone::WebhookSettings {
            provider: Some(phone::Provider::Twilio),
            secret_file: Some("/run/credentials/redress/twilio".into()),
            recordings_password_file: Some("/run/credentials/redress/recordings".into()),
            ..phone::WebhookSettings::default()
        }),
        ..phone::AccountSettings::default()
    }
}

fn sample_profile() -> social::AccountSettings {
    social::AccountSettings {
        platform: Some(social::Kind::Mastodon),
        token_file: Some("/run/credentials/redress/mastodon".into()),
        password_file: Some("/run/credentials/redress/bluesky".into()),
        ..social::AccountSettings::default()
    }
}

fn sample_rules() -> RulesSettings {
    let policy =
        PolicySettings { milestones: vec![MilestoneSettings::default()], ..PolicySettings::default() };
    RulesSettings {
        calendars: BTreeMap::from([("office".to_owned(), CalendarSettings::default())]),
        policies: vec![policy],
        ladders: BTreeMap::from([("default".to_owned(), vec![RungSettings::default()])]),
        rules: vec![RuleSettings { opens: Some("with_words".to_owned()), ..RuleSettings::default() }],
        ..RulesSettings::default()
    }
}

/// What is wrong with the example: keys of [`sample`] it does not name, defaults that are none, what cannot be read.
pub fn gaps(example: &str) -> Vec<String> {
    let text: String = example.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
    let written: Value = match toml::from_str(&text) {
        Ok(written) => written,
        Err(error) => return vec![format!("the example is no TOML: {error}")],
    };
    let mut gaps = Vec::new();
    if let Err(error) = serde_json::from_value::<Settings>(written.clone()) {
        gaps.push(format!("the example is refused: {error}"));
    }
    let asked = serde_json::to_value(sample()).expect("settings are plain data and always become JSON");
    missing("", &asked, Some(&written), &mut gaps);
    gaps
}

fn uncommented(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with([' ', '#']) => rest,
        _ => line,
    }
}

/// Tables are looked into, and the first element of a list of tables; everything else is one key.
fn missing(path: &str, asked: &Value, written: Option<&Value>, gaps: &mut Vec<String>) {
    match (asked, written) {
        (_, None) => gaps.push(format!("{path} is missing")),
        (Value::Object(table), Some(written)) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                missing(&path, value, written.get(key), gaps);
            }
        }
        (Value::Array(elements), Some(written)) if elements.first().is_some_and(Value::is_object) => {
            missing(&format!("{path}[0]"), &elements[0], written.get(0), gaps);
        }
        (Value::Null, Some(_)) => {}
        (asked, Some(written)) => {
            let shows = ELEMENTS.iter().any(|element| path.starts_with(element));
            if !shows && asked != written {
                gaps.push(format!("{path} is {written} in the example, but {asked} by default"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_left_out_is_named() {
        let gaps = gaps("[log]\n#format = \"text\"\n");
        assert!(gaps.contains(&"log.filter is missing".to_owned()), "{gaps:?}");
        assert!(!gaps.contains(&"log.format is missing".to_owned()), "{gaps:?}");
        assert!(gaps.contains(&"rules is missing".to_owned()), "{gaps:?}");
    }

    #[test]
    fn a_default_that_is_none_is_named() {
        let gaps = gaps("[log]\n#filter = \"debug\"\n");
        assert!(gaps.iter().any(|gap| gap.starts_with("log.filter is \"debug\" in the example")), "{gaps:?}");
    }

    #[test]
    fn an_invented_key_is_refused() {
        let gaps = gaps("[log]\n#colour = \"red\"\n");
        assert!(gaps[0].contains("unknown field `colour`"), "{gaps:?}");
    }

    #[test]
    fn the_shipped_example_names_every_key() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redress.example.toml");
        let example = std::fs::read_to_string(file).unwrap();
        assert_eq!(gaps(&example), Vec::<String>::new());
    }
}
