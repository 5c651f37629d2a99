//! Answers that need no broker: settings, keys, reading mails, and what is said when nothing runs.

use std::os::unix::fs::PermissionsExt as _;

use redress_testkit::clamd::Clamd;

use crate::run::Desk;

/// Settings, and what must be said about them.
const WRONG: [(&str, &[&str]); 8] = [
    ("[bus]\nreplica = 3\n", &["bus.replica", "replicas"]),
    (
        "[bus]\nreplicas = 2\n[sla]\nparallel = 0\n",
        &["bus.replicas: 2 is none of 1, 3 and 5", "sla.parallel"],
    ),
    ("[public]\naddress = \"everywhere\"\n", &["public.address", "127.0.0.1:8080"]),
    (
        "[public]\nrequest_seconds = 241\n",
        &["web.uploads.read_seconds: 240 seconds", "public.request_seconds = 241"],
    ),
    (
        "[public]\nrequest_seconds = 245\n[web.uploads]\nclamd = 'tcp://clamd:3310'\n",
        &["web.uploads.read_seconds", "10 for clamd"],
    ),
    ("[slaa]\nparallel = 1\n", &["slaa", "sla"]),
    ("[rules.defaults]\nseverity = \"S9\"\n", &["rules.defaults.severity", "S1"]),
    ("[web]\ntime_zone = \"Europe/Atlantis\"\n[feed]\nwindow = 0\n", &["web.time_zone", "feed.window"]),
];

#[test]
fn every_mistake_in_the_settings_is_named_with_its_key_and_nothing_starts() {
    for (settings, expected) in WRONG {
        for command in [["config"].as_slice(), &["up"], &["queue"], &["run", "router"]] {
            let answer = Desk::with(settings).ask(command);
            assert_eq!((answer.code, answer.out.as_str()), (78, ""), "{settings}");
            for words in expected {
                assert!(answer.err.contains(words), "{words:?} is missing in {}", answer.err);
            }
        }
    }
}

#[test]
fn a_variable_overrides_the_file_and_a_wrong_one_is_named() {
    let desk = Desk::with("[bus]\nreplicas = 3\n");
    let output = desk.command(&["config", "--json"]).env("REDRESS__BUS__REPLICAS", "5").output().unwrap();
    let settings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(settings["bus"]["replicas"], 5);
    let output = desk.command(&["config"]).env("REDRESS__BUS__REPLICA", "5").output().unwrap();
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn the_settings_in_force_are_settings_again_and_show_no_secret() {
    let desk =
        Desk::with("[bus]\nuser = \"u\"\npassword = \"hunter2\"\n[web.texts.en]\ntitle = \"Tell us\"\n");
    let answer = desk.ask(&["config"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(!answer.out.contains("hunter2"));
    assert!(answer.out.contains("password = \"***\"") && answer.out.contains("title = \"Tell us\""));
    let again = Desk::with(&answer.out).ask(&["config"]);
    assert_eq!((again.code, again.out), (0, answer.out));
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    let answer = Desk::with("").ask(&["config", "--config", "nowhere.toml"]);
    assert_eq!(answer.code, 78);
    assert!(answer.err.contains("nowhere.toml"), "{}", answer.err);
}

#[test]
fn mails_are_read_without_storing_anything_and_a_missing_one_does_not_hold_up_the_others() {
    let desk = Desk::with("");
    let mail = b"From: Ann <ann@example.com>\r\nTo: help@example.org\r\nSubject: Broken\r\n\r\nIt broke.\r\n";
    desk.write("good.eml", mail);
    desk.write("odd.eml", b"\xff\xfe no mail at all");
    let answer = desk.ask(&["read", "email", "--account", "help", "good.eml", "nowhere.eml", "odd.eml"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("nowhere.eml"), "{}", answer.err);
    let contacts = answer.lines();
    assert_eq!(contacts.len(), 2);
    assert_eq!(contacts[0]["subject"], "Broken");
    assert_eq!(contacts[0]["sender"]["value"], "ann@example.com");
    assert_eq!(contacts[0]["account"], "help");
    assert_eq!(contacts[1]["channel"], "CHANNEL_EMAIL");
    let left: Vec<_> =
        std::fs::read_dir(desk.path(".")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn the_identity_key_is_made_once_for_its_owner_only() {
    let desk = Desk::with("[data]\nfolder = \"house\"\n");
    assert_eq!(desk.ask(&["keys", "init", "--json"]).lines()[0]["made"], true);
    let file = desk.path("house/identity.key");
    let key = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(desk.ask(&["keys", "init", "--json"]).lines()[0]["made"], false);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), key);
    for name in ["sealing.key", "status.key"] {
        let mode = std::fs::metadata(desk.path(&format!("house/{name}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_service_without_the_key_it_needs_does_not_start_and_names_the_setting() {
    let desk = Desk::with("[data]\nfolder = \"house\"\n[bus]\nservers = [\"nats://127.0.0.1:1\"]\n");
    assert_eq!(desk.ask(&["keys", "init"]).code, 0);
    std::fs::remove_file(desk.path("house/sealing.key")).unwrap();
    let router = desk.ask(&["run", "router"]);
    assert_eq!(router.code, 78, "{}", router.err);
    assert!(router.err.contains("keys.private_file") && router.err.contains("backup"), "{}", router.err);
    let web = desk.ask(&["run", "web"]);
    assert_eq!(web.code, 1, "it needs no private key, only a broker: {}", web.err);
    std::fs::write(desk.path("house/sealing.pub"), "redress-private-1:00").unwrap();
    let web = desk.ask(&["run", "web"]);
    assert_eq!(web.code, 78, "{}", web.err);
    assert!(web.err.contains("keys.public_file") && !web.err.contains("private-1:00"), "{}", web.err);
}

#[test]
fn without_a_broker_commands_say_where_they_looked() {
    let desk = Desk::with("");
    let answer = desk.ask(&["queue"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("no redress up runs on data"), "{}", answer.err);
    let answer = desk.ask(&["doctor", "--json"]);
    assert_eq!(answer.code, 1);
    let findings = answer.lines();
    let of = |what: &str| findings.iter().find(|finding| finding["what"] == what).unwrap();
    assert_eq!(of("settings")["verdict"], "ok");
    for what in ["identity key", "broker", "nats-server"] {
        assert_eq!(of(what)["verdict"], "fail");
        assert!(!of(what)["mend"].as_str().unwrap().is_empty());
    }
}

#[test]
fn the_doctor_says_how_clamd_is_and_how_to_mend_it() {
    let finding = |address: &str, uploads: &str| {
        let desk = Desk::with(&format!("[web.uploads]\nclamd = {address:?}\n{uploads}"));
        let findings = desk.ask(&["doctor", "--json"]).lines();
        findings.into_iter().find(|finding| finding["what"] == "clamd").unwrap()
    };
    let away = finding("unix:///nowhere/clamd.ctl", "");
    assert_eq!(away["verdict"], "fail");
    assert!(away["found"].as_str().unwrap().contains("could not be reached"), "{away}");
    let Some(clamd) = Clamd::start() else { return };
    let small = finding(&clamd.tcp_address(), "");
    assert_eq!(small["verdict"], "warn", "{small}");
    assert!(small["mend"].as_str().unwrap().contains("StreamMaxLength 10M"), "{small}");
    let well = finding(&clamd.unix_address(), "file_mebibytes_max = 1\n");
    assert_eq!(well["verdict"], "ok", "{well}");
}

#[test]
fn up_runs_its_own_broker_or_says_what_to_do_instead() {
    let answer = Desk::with("[bus]\nservers = [\"nats://127.0.0.1:4222\"]\n").ask(&["up"]);
    assert_eq!(answer.code, 78);
    assert!(answer.err.contains("bus.servers") && answer.err.contains("redress run"), "{}", answer.err);
    let answer = Desk::with("").ask(&["up"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("find a nats-server"), "{}", answer.err);
}

#[test]
fn what_cannot_be_asked_is_usage() {
    for arguments in [["frobnicate"].as_slice(), &["act", "RD-1"], &["events", "--from", "yesterday"], &[]] {
        let answer = Desk::with("").ask(arguments);
        assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.err);
    }
    let answer = Desk::with("").ask(&["act", "x", "--as", "ina", "classify", "--severity", "S9"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("S1, S2, S3, S4"), "{}", answer.err);
}
