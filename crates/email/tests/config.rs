//! Settings that are wrong are refused with their full keys; without accounts nothing is read.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

use std::collections::BTreeMap;

use redress_email::config::{Config, Done, Place, Settings};

#[derive(serde::Deserialize)]
struct File {
    email: Settings,
}

fn keys_of_problems(toml: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("redress.toml");
    std::fs::write(&path, toml).unwrap();
    let problems = match redress_runtime::settings::read::<File>(Some(&path), &BTreeMap::new()) {
        Ok(file) => Config::check(&file.email).err(),
        Err(problems) => Some(problems),
    };
    problems.map_or_else(Vec::new, |problems| problems.0.into_iter().map(|problem| problem.key).collect())
}

#[test]
fn no_accounts_are_fine() {
    let config = Config::check(&Settings::default()).unwrap();
    assert!(config.accounts.is_empty() && config.own_addresses.is_empty());
}

#[test]
fn what_is_wrong_is_named() {
    let maildir =
        "[email.accounts.help]\nkind = \"maildir\"\naddress = \"help@example.org\"\npath = \"/m\"\n";
    let imap = "[email.accounts.help]\nkind = \"imap\"\naddress = \"help@example.org\"\nhost = \"localhost\"\n\
                user = \"u\"\npassword = \"p\"\n";
    for (toml, expected) in [
        (maildir.to_owned(), vec![]),
        (imap.to_owned(), vec![]),
        (
            "[email.accounts.help]\n".to_owned(),
            vec!["email.accounts.help.address", "email.accounts.help.kind"],
        ),
        (maildir.replace("help@example.org", "nobody"), vec!["email.accounts.help.address"]),
        (maildir.replace("/m", ""), vec!["email.accounts.help.path"]),
        (format!("{maildir}host = \"x\"\n"), vec!["email.accounts.help.host"]),
        (format!("{maildir}poll_seconds = 0\n"), vec!["email.accounts.help.poll_seconds"]),
        (maildir.replace("accounts.help", "accounts.\"Help Desk\""), vec!["email.accounts.Help Desk"]),
        (format!("{imap}tls = \"none\"\n"), vec![]),
        (imap.replace("localhost", "mail.example.org") + "tls = \"none\"\n", vec!["email.accounts.help.tls"]),
        (imap.replace("user = \"u\"\n", ""), vec!["email.accounts.help.user"]),
        (imap.replace("password = \"p\"\n", ""), vec!["email.accounts.help.password"]),
        (format!("{imap}password_file = \"/nowhere\"\n"), vec!["email.accounts.help.password"]),
        (format!("{imap}keyword = \"two words\"\n"), vec!["email.accounts.help.keyword"]),
        (format!("{imap}after_ack = \"move\"\n"), vec!["email.accounts.help.move_to"]),
        (format!("{imap}folder = \"Entw\u{fc}rfe\"\n"), vec!["email.accounts.help.folder"]),
        (format!("{imap}sent_folder = \"Sent\"\n"), vec![]),
        (format!("{imap}sent_folder = \"INBOX\"\n"), vec!["email.accounts.help.sent_folder"]),
        (format!("{maildir}sent_folder = \".Sent\"\n"), vec![]),
        (format!("{maildir}sent_folder = \"../x\"\n"), vec!["email.accounts.help.sent_folder"]),
        ("[email.limits]\nkeep_mebibytes_max = 24\n".to_owned(), vec!["email.limits.keep_mebibytes_max"]),
        (
            format!("{maildir}authserv_id = \"mx.example.org; none\"\n"),
            vec!["email.accounts.help.authserv_id"],
        ),
        (
            format!("{maildir}form_relays = [\"a@b.example\", \"@b.example\", \"b.example\", \"@\"]\n"),
            vec!["email.accounts.help.form_relays[2]", "email.accounts.help.form_relays[3]"],
        ),
        (format!("{maildir}[email.accounts.help.webhook]\n"), vec!["email.accounts.help.webhook"]),
        (format!("{imap}[email.accounts.help.webhook]\n"), vec!["email.accounts.help.webhook"]),
        ("[email.limits]\npost_mebibytes_max = 61\n".to_owned(), vec!["email.limits.post_mebibytes_max"]),
        ("[email]\nown_addresses = [\"x\"]\n".to_owned(), vec!["email.own_addresses[0]"]),
        ("[email.limits]\nparts_max = 0\n".to_owned(), vec!["email.limits.parts_max"]),
        ("[email.limits]\nrecipients_max = 1000\n".to_owned(), vec!["email.limits.recipients_max"]),
        ("[email]\nacounts = 1\n".to_owned(), vec!["email.acounts"]),
    ] {
        let mut found = keys_of_problems(&toml);
        found.sort();
        assert_eq!(found, expected, "{toml}");
    }
}

#[test]
fn what_is_wrong_with_a_webhook_is_named() {
    let webhook = |table: &str| {
        format!(
            "[email.accounts.help]\nkind = \"webhook\"\naddress = \"help@example.org\"\n\
             [email.accounts.help.webhook]\n{table}"
        )
    };
    for (toml, expected) in [
        (webhook("provider = \"mailgun\"\nsigning_key = \"k\"\n"), vec![]),
        (webhook("provider = \"postmark\"\nuser = \"u\"\npassword = \"p\"\n"), vec![]),
        (webhook("provider = \"sendgrid\"\nuser = \"u\"\npassword = \"p\"\n"), vec![]),
        (webhook(""), vec!["email.accounts.help.webhook.provider"]),
        (webhook("provider = \"mailgun\"\n"), vec!["email.accounts.help.webhook.signing_key"]),
        (
            webhook("provider = \"mailgun\"\nsigning_key = \"k\"\nuser = \"u\"\n"),
            vec!["email.accounts.help.webhook.password"],
        ),
        (
            webhook("provider = \"postmark\"\nuser = \"u:v\"\n"),
            vec!["email.accounts.help.webhook.password", "email.accounts.help.webhook.user"],
        ),
        (
            webhook("provider = \"sendgrid\"\npublic_key = \"MFkw\"\n"),
            vec!["email.accounts.help.webhook.public_key"],
        ),
        (webhook("provider = \"ses\"\ntopic = \"arn:aws:sns:eu-west-1:123456789012:mail\"\n"), vec![]),
        (webhook("provider = \"ses\"\ntopic = \"mail\"\n"), vec!["email.accounts.help.webhook.topic"]),
    ] {
        let mut found = keys_of_problems(&toml);
        found.sort();
        assert_eq!(found, expected, "{toml}");
    }
}

#[test]
fn usual_ports_and_actions_are_filled_in() {
    let toml = "[email.accounts.help]\nkind = \"imap\"\naddress = \"Help+x@EXAMPLE.org\"\nhost = \"localhost\"\n\
                user = \"u\"\npassword = \"p\"\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("redress.toml");
    std::fs::write(&path, toml).unwrap();
    let file: File = redress_runtime::settings::read(Some(&path), &BTreeMap::new()).unwrap();
    let config = Config::check(&file.email).unwrap();
    assert_eq!(config.own_addresses, ["help@example.org"]);
    let Place::Imap(imap) = &config.accounts["help"].place else { panic!("an IMAP account") };
    assert_eq!((imap.port, imap.folders.as_slice()), (993, ["INBOX".to_owned()].as_slice()));
    assert_eq!(imap.done, Done::Flag("$Redress".to_owned()));
}
