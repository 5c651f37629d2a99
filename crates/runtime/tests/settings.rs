//! Settings from file and environment: every mistake is named by key and source, all at once, and no secret is shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redress_runtime::Secret;
use redress_runtime::settings::{Problems, read, secret};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    email: Email,
    workers: u16,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Email {
    poll_seconds: u32,
    enabled: bool,
    password: Secret,
    folders: Vec<String>,
    mode: Mode,
    ratio: Option<f64>,
    accounts: BTreeMap<String, Account>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    host: String,
    #[serde(default)]
    port: u16,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Live,
    Hold,
}

struct Given {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

fn given(text: &str, environment: &[(&str, &str)]) -> Given {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("redress.toml"), text).unwrap();
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Given { folder, environment }
}

impl Given {
    fn path(&self) -> PathBuf {
        self.folder.path().join("redress.toml")
    }

    fn read(&self) -> Result<Settings, Problems> {
        read(Some(&self.path()), &self.environment)
    }

    /// The problems as text, with the file's path shortened to its name.
    fn problems(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        let problems = self.read().expect_err("these settings are wrong");
        problems.0.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }
}

#[test]
fn the_environment_wins_over_the_file_and_numbers_stay_text_where_text_is_asked_for() {
    let given = given(
        "workers = 2\n[email]\npoll_seconds = 5\nfolders = [\"INBOX\"]\n[email.accounts.help]\nhost = \"a.example.org\"",
        &[
            ("REDRESS__EMAIL__POLL_SECONDS", "30"),
            ("REDRESS__EMAIL__ENABLED", "true"),
            ("REDRESS__EMAIL__PASSWORD", "00123"),
            ("REDRESS__EMAIL__FOLDERS", "INBOX, Complaints,, Spam"),
            ("REDRESS__EMAIL__MODE", "hold"),
            ("REDRESS__EMAIL__RATIO", "0.5"),
            ("REDRESS__EMAIL__ACCOUNTS__HELP__PORT", "993"),
            ("REDRESS_HOME", "unrelated"),
            ("PATH", "/usr/bin"),
        ],
    );
    let settings = given.read().unwrap();
    assert_eq!(settings.workers, 2);
    let email = settings.email;
    assert_eq!(
        (email.poll_seconds, email.enabled, email.mode, email.ratio),
        (30, true, Mode::Hold, Some(0.5))
    );
    assert_eq!(email.password.expose(), "00123");
    assert_eq!(email.folders, ["INBOX", "Complaints", "Spam"]);
    assert_eq!(email.accounts["help"], Account { host: "a.example.org".to_owned(), port: 993 });
}

#[test]
fn without_a_file_the_environment_and_defaults_remain() {
    let environment = BTreeMap::from([("REDRESS__WORKERS".to_owned(), "7".to_owned())]);
    let settings: Settings = read(None, &environment).unwrap();
    assert_eq!(settings, Settings { workers: 7, ..Settings::default() });
    for text in ["1e3", "0x10", "yes", "", " padded "] {
        let environment = BTreeMap::from([("REDRESS__EMAIL__PASSWORD".to_owned(), text.to_owned())]);
        let settings: Settings = read(None, &environment).unwrap();
        assert_eq!(settings.email.password.expose(), text);
    }
}

#[test]
fn every_mistake_is_reported_at_once_with_key_and_source() {
    let given = given(
        "wrokers = 2\n[email]\npoll_seconds = \"often\"\nmode = \"loud\"\n[email.accounts.help]\nport = 993\n[email.accounts.sales]\nhost = \"b\"\nport = 99999",
        &[
            ("REDRESS__EMAIL__ENABLED", "perhaps"),
            ("REDRESS__EMAIL__FOLDRES", "INBOX"),
            ("REDRESS____X", "1"),
        ],
    );
    assert_eq!(
        given.problems(),
        [
            "REDRESS____X: does not name a setting; write it like REDRESS__EMAIL__POLL_SECONDS",
            "email.accounts.help.host: must be given (in redress.toml)",
            "email.accounts.sales.port: is 99999, expected an unsigned 16 bit integer (in redress.toml)",
            "email.enabled: is \"perhaps\", expected true or false (set by REDRESS__EMAIL__ENABLED)",
            "email.foldres: is no setting; did you mean `email.folders`? (set by REDRESS__EMAIL__FOLDRES)",
            "email.mode: is \"loud\", expected `live` or `hold` (in redress.toml)",
            "email.poll_seconds: is \"often\", expected an integer (in redress.toml)",
            "wrokers: is no setting; did you mean `workers`? (in redress.toml)",
        ]
    );
}

#[test]
fn the_same_mistake_names_the_file_or_the_variable_that_made_it() {
    let in_file = given("[email]\npol_seconds = 5", &[]);
    let in_environment = given("[email]\npoll_seconds = 5", &[("REDRESS__EMAIL__POL_SECONDS", "5")]);
    let said = "email.pol_seconds: is no setting; did you mean `email.poll_seconds`?";
    assert_eq!(in_file.problems(), [format!("{said} (in redress.toml)")]);
    assert_eq!(in_environment.problems(), [format!("{said} (set by REDRESS__EMAIL__POL_SECONDS)")]);
}

#[test]
fn a_key_like_no_other_is_answered_with_those_there_are() {
    let problems = given("[banana]\nx = 1", &[]).problems();
    assert_eq!(problems, ["banana: is no setting; known here: email, workers (in redress.toml)"]);
}

#[test]
fn a_missing_file_is_named() {
    let problems = read::<Settings>(Some(Path::new("no/such/redress.toml")), &BTreeMap::new()).unwrap_err();
    assert_eq!(problems.0[0].key, "no/such/redress.toml");
    assert!(problems.0[0].message.starts_with("cannot be read: No such file"), "{problems}");
}

#[test]
fn text_that_is_not_toml_is_named_by_line_and_never_quoted() {
    let problems = given("workers = 1\n[email]\npassword = \"hunter2", &[]).problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("redress.toml: is not TOML: line 3:"), "{problems:?}");
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
}

#[test]
fn a_secret_is_shown_nowhere() {
    let settings = given("[email]\npassword = \"hunter2\"", &[]).read().unwrap();
    let shown = format!("{settings:?} {} {}", settings.email.password, toml::to_string(&settings).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
    let wrong = given("[email]\npassword = [\"hunter2\"]", &[]).problems();
    assert_eq!(wrong, ["email.password: is a list, expected a string (in redress.toml)"]);
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    for (text, expected) in [("pass\n", "pass"), ("pass\r\n", "pass"), ("pass", "pass"), (" p\n\n", " p\n")] {
        std::fs::write(&path, text).unwrap();
        let mut problems = Problems::none();
        let read = secret("smtp.password", &Secret::default(), Some(&path), &mut problems);
        assert_eq!((read.expose(), problems), (expected, Problems::none()));
    }
}

#[test]
fn a_secret_given_twice_or_unreadable_is_a_problem_that_names_where() {
    let folder = tempfile::tempdir().unwrap();
    let (full, empty) = (folder.path().join("full"), folder.path().join("empty"));
    std::fs::write(&full, "x").unwrap();
    std::fs::write(&empty, "\n").unwrap();
    let mut problems = Problems::none();
    let twice = secret("a.password", &Secret::new("hunter2"), Some(&full), &mut problems);
    secret("b.password", &Secret::default(), Some(&folder.path().join("absent")), &mut problems);
    secret("c.password", &Secret::default(), Some(&empty), &mut problems);
    let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["a.password", "b.password_file", "c.password_file"]);
    assert!(twice.is_empty());
    assert!(problems.0[1].message.contains("absent cannot be read: No such file"), "{problems}");
    assert!(!problems.to_string().contains("hunter2"));
}

#[test]
fn neither_given_is_an_empty_secret_and_no_problem() {
    let mut problems = Problems::none();
    assert!(secret("a.password", &Secret::default(), None, &mut problems).is_empty());
    assert!(secret("a.password", &Secret::default(), Some(&PathBuf::new()), &mut problems).is_empty());
    assert_eq!(problems, Problems::none());
}
