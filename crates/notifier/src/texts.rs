//! The words of every message, per language and account, compiled once when the service starts.
//!
//! A text is one file: `Subject:` and `Provides:` lines, an empty line, the body. The house's own texts are built in;
//! a folder may hold `<language>/<name>.txt`, `accounts/<account>/<language>/<name>.txt` and a `layout.html` beside
//! any of them, which take their place. Each is tried with made-up values before anything connects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

/// The texts there are. Built once, then shared.
#[derive(Debug)]
pub struct Texts {
    environment: Environment<'static>,
    provides: BTreeMap<String, Vec<String>>,
    languages: Vec<String>,
}

/// A message in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// Its subject line.
    pub subject: String,
    /// As plain text, lines ending in LF.
    pub text: String,
    /// As HTML.
    pub html: String,
    /// What the text says of itself that it states.
    pub provides: Vec<String>,
}

impl std::fmt::Debug for Words {
    /// The words of a decision are its reasons, which are somebody's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({} bytes)", self.text.len())
    }
}

/// A text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A file that cannot be read.
    #[error("read {file}: {problem}")]
    Read {
        /// The file.
        file: String,
        /// Why not.
        problem: String,
    },
    /// A text that is not well formed, or that uses a word it is not given.
    #[error("text {name}: {problem}")]
    Broken {
        /// The text.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A language without texts.
    #[error("there are no texts in the language {0}")]
    NoLanguage(String),
}

/// Names of all texts.
const NAMES: [&str; 11] = [
    "acknowledgement",
    "holding_response",
    "final_response",
    "warning",
    "escalation",
    "delivery_problem",
    "public_acknowledgement",
    "public_holding_response",
    "public_final_response",
    "facts",
    "date",
];

/// Pieces that stand inside others and so have neither subject nor `Provides:`.
const PIECES: [&str; 2] = ["facts", "date"];

const LAYOUT: &str = include_str!("../templates/layout.html");

macro_rules! built_in {
    ($($language:literal),*) => {
        [$(($language, [
            include_str!(concat!("../templates/", $language, "/acknowledgement.txt")),
            include_str!(concat!("../templates/", $language, "/holding_response.txt")),
            include_str!(concat!("../templates/", $language, "/final_response.txt")),
            include_str!(concat!("../templates/", $language, "/warning.txt")),
            include_str!(concat!("../templates/", $language, "/escalation.txt")),
            include_str!(concat!("../templates/", $language, "/delivery_problem.txt")),
            include_str!(concat!("../templates/", $language, "/public_acknowledgement.txt")),
            include_str!(concat!("../templates/", $language, "/public_holding_response.txt")),
            include_str!(concat!("../templates/", $language, "/public_final_response.txt")),
            include_str!(concat!("../templates/", $language, "/facts.txt")),
            include_str!(concat!("../templates/", $language, "/date.txt")),
        ]),)*]
    };
}

const BUILT_IN: [(&str, [&str; NAMES.len()]); 2] = built_in!["en", "de"];

impl Texts {
    /// The built-in texts and those of a folder, in these languages (the first one is used when no other fits).
    ///
    /// # Errors
    /// All problems together.
    pub fn load(languages: &[String], folder: Option<&Path>) -> Result<Self, Vec<TextError>> {
        let mut texts = Self::built_in(languages);
        let mut problems = Vec::new();
        if let Some(folder) = folder {
            problems.extend(texts.read_folder(folder).err());
        }
        let missing = languages.iter().filter(|l| NAMES.iter().any(|name| !texts.has(&key("", l, name))));
        problems.extend(missing.map(|language| TextError::NoLanguage(language.clone())));
        if problems.is_empty() {
            problems = texts.try_all();
        }
        if problems.is_empty() { Ok(texts) } else { Err(problems) }
    }

    /// The language to use for somebody who writes in `wanted` (a BCP 47 tag; empty when unknown).
    pub fn language(&self, wanted: &str, otherwise: &str) -> &str {
        let spoken = |tag: &str| {
            let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
            self.languages.iter().find(|language| !primary.is_empty() && **language == primary)
        };
        spoken(wanted).or_else(|| spoken(otherwise)).unwrap_or(&self.languages[0])
    }

    /// A message in words.
    ///
    /// # Errors
    /// [`TextError`] names the text. Texts are tried when loaded, so this is rare.
    pub fn words(
        &self,
        account: &str,
        language: &str,
        name: &str,
        values: Value,
    ) -> Result<Words, TextError> {
        let key = self.find(account, language, name);
        let values = context! { language => language, ..values };
        let subject = self.render(&format!("{key}.subject"), &values)?;
        let text = tidy(&self.render(&format!("{key}.txt"), &values)?);
        let html = self.html(account, language, &subject, &text)?;
        let provides = self.provides.get(&key).cloned().unwrap_or_default();
        Ok(Words { subject, text, html, provides })
    }

    /// Which of these words a message does not state by its `Provides:` line, by language; nothing for those that state all.
    pub fn lacking(&self, name: &str, wanted: &[String]) -> Vec<(String, Vec<String>)> {
        let lacks = self.languages.iter().map(|language| {
            let provided = self.provides.get(&self.find("", language, name));
            let has = |word: &&String| !provided.is_some_and(|all| all.contains(word));
            (language.clone(), wanted.iter().filter(has).cloned().collect::<Vec<_>>())
        });
        lacks.filter(|(_, words)| !words.is_empty()).collect()
    }

    /// A piece that stands inside a message.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    pub fn piece(
        &self,
        account: &str,
        language: &str,
        name: &str,
        values: &Value,
    ) -> Result<String, TextError> {
        let text = self.render(&format!("{}.txt", self.find(account, language, name)), values)?;
        Ok(tidy(&text).trim_end().to_owned())
    }

    fn html(&self, account: &str, language: &str, subject: &str, text: &str) -> Result<String, TextError> {
        let paragraphs = text.trim_end().split("\n\n").map(|paragraph| {
            Value::from(paragraph.lines().map(|line| Value::from(line.to_owned())).collect::<Vec<_>>())
        });
        let values = context! { language => language, subject => subject, paragraphs => paragraphs.collect::<Vec<_>>() };
        let own = format!("{account}/{language}/layout.html");
        let shared = format!("/{language}/layout.html");
        let layouts = [own.as_str(), shared.as_str(), "layout.html"];
        let layout = layouts.into_iter().find(|name| self.environment.get_template(name).is_ok());
        self.render(layout.unwrap_or("layout.html"), &values)
    }

    fn render(&self, name: &str, values: &Value) -> Result<String, TextError> {
        let template = self.environment.get_template(name).map_err(|e| broken(name, &e))?;
        template.render(values).map_err(|e| broken(name, &e))
    }

    fn has(&self, key: &str) -> bool {
        self.environment.get_template(&format!("{key}.txt")).is_ok()
    }

    /// The account's own text, else the one everybody uses.
    fn find(&self, account: &str, language: &str, name: &str) -> String {
        let own = key(account, language, name);
        if !account.is_empty() && self.has(&own) { own } else { key("", language, name) }
    }

    fn built_in(languages: &[String]) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("the usual delimiters are valid"));
        let mut texts = Self { environment, provides: BTreeMap::new(), languages: languages.to_vec() };
        texts.add_layout("layout.html", LAYOUT).expect("the built-in layout is well formed");
        for (language, bodies) in BUILT_IN {
            for (name, body) in NAMES.iter().zip(bodies) {
                texts.add("", language, name, body).expect("the built-in texts are well formed");
            }
        }
        texts
    }

    fn add(&mut self, account: &str, language: &str, name: &str, file: &str) -> Result<(), TextError> {
        let key = key(account, language, name);
        let file = file.replace("\r\n", "\n");
        if PIECES.contains(&name) {
            return self.add_template(&format!("{key}.txt"), file);
        }
        let (subject, provides, body) = split(&file)
            .ok_or_else(|| TextError::Broken { name: key.clone(), problem: NOT_A_TEXT.to_owned() })?;
        self.add_template(&format!("{key}.subject"), subject)?;
        self.add_template(&format!("{key}.txt"), body)?;
        self.provides.insert(key, provides);
        Ok(())
    }

    fn add_layout(&mut self, name: &str, file: &str) -> Result<(), TextError> {
        self.add_template(name, file.to_owned())
    }

    fn add_template(&mut self, name: &str, source: String) -> Result<(), TextError> {
        self.environment.add_template_owned(name.to_owned(), source).map_err(|e| broken(name, &e))
    }

    fn read_folder(&mut self, folder: &Path) -> Result<(), TextError> {
        self.read_languages(folder, "")?;
        let accounts = folder.join("accounts");
        if accounts.is_dir() {
            for account in folders(&accounts)? {
                self.read_languages(&accounts.join(&account), &account)?;
            }
        }
        Ok(())
    }

    fn read_languages(&mut self, folder: &Path, account: &str) -> Result<(), TextError> {
        for language in folders(folder)?.into_iter().filter(|name| name != "accounts") {
            let texts = folder.join(&language);
            for name in NAMES {
                if let Some(file) = read(&texts.join(format!("{name}.txt")))? {
                    self.add(account, &language, name, &file)?;
                }
            }
            if let Some(file) = read(&texts.join("layout.html"))? {
                self.add_layout(&format!("{account}/{language}/layout.html"), &file)?;
            }
        }
        Ok(())
    }

    /// Renders every text of every language in use with made-up values.
    fn try_all(&self) -> Vec<TextError> {
        let keys: BTreeSet<(&str, &str, &str)> = self
            .environment
            .templates()
            .filter_map(|(name, _)| take_apart(name))
            .filter(|(_, language, name)| {
                NAMES.contains(name) && self.languages.iter().any(|l| l == language)
            })
            .collect();
        let tries = keys.into_iter().map(|(account, language, name)| {
            if PIECES.contains(&name) {
                self.piece(account, language, name, &made_up()).map(drop)
            } else {
                self.words(account, language, name, made_up()).map(drop)
            }
        });
        tries.filter_map(Result::err).collect()
    }
}

const NOT_A_TEXT: &str = "begins with the lines `Subject: …` and `Provides: …` and an empty line";

fn key(account: &str, language: &str, name: &str) -> String {
    format!("{account}/{language}/{name}")
}

/// Account, language and name of a template `account/language/name.txt`.
fn take_apart(template: &str) -> Option<(&str, &str, &str)> {
    let (account, rest) = template.split_once('/')?;
    let (language, name) = rest.split_once('/')?;
    Some((account, language, name.strip_suffix(".txt")?))
}

fn split(file: &str) -> Option<(String, Vec<String>, String)> {
    let (head, body) = file.split_once("\n\n")?;
    let mut lines = head.lines();
    let subject = lines.next()?.strip_prefix("Subject:")?.trim().to_owned();
    let provides = lines.next()?.strip_prefix("Provides:")?;
    let provides = provides.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
    Some((subject, provides.collect(), body.to_owned()))
}

/// No trailing blanks, no control characters, never more than one empty line, one line end at the end.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        let line: String = line.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty > 1 || (line.is_empty() && tidied.is_empty()) {
            continue;
        }
        tidied.push_str(line);
        tidied.push('\n');
    }
    let end = tidied.trim_end().len();
    tidied.truncate(end);
    tidied.push('\n');
    tidied
}

fn broken(name: &str, error: &minijinja::Error) -> TextError {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    TextError::Broken { name: name.to_owned(), problem: format!("{}{detail}{line}", error.kind()) }
}

fn folders(folder: &Path) -> Result<Vec<String>, TextError> {
    let problem =
        |e: std::io::Error| TextError::Read { file: folder.display().to_string(), problem: e.to_string() };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        if entry.path().is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

fn read(file: &Path) -> Result<Option<String>, TextError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(TextError::Read { file: file.display().to_string(), problem: e.to_string() }),
    }
}

/// Every word that any text may use.
fn made_up() -> Value {
    let deadline = context! { milestone => "final_response", due => "a day" };
    context! {
        reference => "RD-0000-0000", organisation => "Example", matter => "complaint", deadline => "a day", taken_mebibytes => 25,
        others => vec![Value::from("RD-0000-0000")], contact_line => "Call us.", escalation_line => "Ask them.",
        outcome => "upheld", reasons => "Because.", remedy => "refund", milestone => "acknowledge", due => "a day",
        acknowledge_link => "https://complaints.example.org/escalations/t",
        percent => 50, rung => 4, role => "owner", purpose => "acknowledgement", status => "5.1.1",
        facts => "Facts.", category => "general", severity => "S3", status_word => "registered",
        received => "a day", deadlines => vec![deadline],
        status_link => "https://complaints.example.org/status", receipt_code => "abcdefghijklmnopqrstuvwxyz",
        weekday => 1, day => 1, month => 1, year => 2026, time => "12:00", zone => "UTC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn built_in_texts_render_in_every_language() {
        assert!(Texts::load(&languages(&["en", "de"]), None).is_ok());
    }

    #[test]
    fn the_language_is_the_complainants_when_we_speak_it() {
        let texts = Texts::load(&languages(&["en", "de"]), None).unwrap();
        for (wanted, otherwise, chosen) in
            [("de-AT", "", "de"), ("DE", "", "de"), ("fr", "de", "de"), ("", "", "en"), ("fr", "it", "en")]
        {
            assert_eq!(texts.language(wanted, otherwise), chosen, "{wanted:?} {otherwise:?}");
        }
    }

    #[test]
    fn a_language_without_texts_is_named() {
        let problems = Texts::load(&languages(&["en", "fr"]), None).unwrap_err();
        assert_eq!(problems, [TextError::NoLanguage("fr".to_owned())]);
    }

    #[test]
    fn an_accounts_own_text_takes_the_place_of_the_shared_one() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("accounts/shop/en");
        fs::create_dir_all(&own).unwrap();
        let file = "Subject: Hi {{ reference }}\nProvides: reference\n\nIt is {{ reference }}.\n";
        fs::write(own.join("acknowledgement.txt"), file).unwrap();
        let texts = Texts::load(&languages(&["en"]), Some(folder.path())).unwrap();
        let words = texts.words("shop", "en", "acknowledgement", made_up()).unwrap();
        assert_eq!(
            (words.subject.as_str(), words.text.as_str()),
            ("Hi RD-0000-0000", "It is RD-0000-0000.\n")
        );
        assert_eq!(words.provides, ["reference"]);
        assert_ne!(texts.words("", "en", "acknowledgement", made_up()).unwrap(), words);
    }

    #[test]
    fn a_text_with_an_unknown_word_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("en")).unwrap();
        let file = "Subject: Hi\nProvides: reference\n\nDear\n{{ customer_name }}\n";
        fs::write(folder.path().join("en/acknowledgement.txt"), file).unwrap();
        let problems = Texts::load(&languages(&["en"]), Some(folder.path())).unwrap_err();
        let [TextError::Broken { name, problem }] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!(name, "/en/acknowledgement.txt");
        assert!(problem.contains("line 2"), "{problem}");
    }

    #[test]
    fn html_shows_markup_as_text() {
        let texts = Texts::load(&languages(&["en"]), None).unwrap();
        let values = context! { reasons => "<script>alert(1)</script>", ..made_up() };
        let words = texts.words("", "en", "final_response", values).unwrap();
        assert!(words.html.contains("&lt;script&gt;"));
        assert!(!words.html.contains("<script>"));
    }
}
