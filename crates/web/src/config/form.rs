//! `[web.forms.<name>]`: what a form asks, in which words, in which colour.

use std::collections::BTreeMap;

use redress_runtime::settings::Problems;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Anonymous, Demands, Settings, Texts};
use crate::file::FILES_FIELD;
use crate::normalize::{ADD_FIELD, KEY_FIELD, SENT_BEFORE_FIELD, STAMP_FIELD, TRAP_FIELD};
use crate::staff::statement::STAFF_PREFIX;
use crate::submission::Field;

/// The form at `/`; it is there without a table of its own.
pub const DEFAULT_FORM: &str = "default";
/// Most fields of one form that are its own.
const OWN_FIELDS_MAX: usize = 20;
/// Words on this colour are white; WCAG 2.2 asks for this contrast (§1.4.3).
const CONTRAST_MIN: f64 = 4.5;
const STYLESHEET: &str = include_str!("../../assets/web.css");
const SCRIPT: &str = include_str!("../../assets/web.js");

/// `[web.forms.<name>]` as it is written. What it leaves out is as in `[web]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FormSettings {
    /// Which of the standard fields it asks for; the usual ones when left out.
    pub asks: Option<Vec<String>>,
    /// Fields that must be filled in, beside what happened.
    pub requires: Vec<String>,
    /// What its field `category` offers, each by the id that rules match (`form.category`).
    pub categories: Vec<Choice>,
    /// Fields of its own, which come after the standard ones.
    pub fields: Vec<OwnField>,
    /// Take complaints without an email address or phone number.
    pub allow_anonymous: Option<bool>,
    /// Who is complained to.
    pub organisation: Option<String>,
    /// Colour of buttons and links: `#rrggbb`, dark enough for white words on it.
    pub accent_color: Option<String>,
    /// Texts, by language of the pages.
    pub texts: BTreeMap<String, Texts>,
}

/// A field of a form's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnField {
    /// Its name: `a-z`, digits and `_`. Rules match it as `form.<name>`.
    pub name: String,
    /// What it takes.
    #[serde(default)]
    pub kind: OwnKind,
    /// What stands above it, by language of the pages.
    pub label: BTreeMap<String, String>,
    /// What helps to fill it in, by language of the pages.
    #[serde(default)]
    pub hint: BTreeMap<String, String>,
    /// Longest answer in characters.
    #[serde(default = "own_chars_max")]
    pub chars_max: u32,
    /// What a choice offers.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// What a field of a form's own takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnKind {
    /// One line.
    #[default]
    Line,
    /// Several lines.
    Text,
    /// One of `choices`.
    Choice,
}

/// One of several answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is recorded.
    pub id: String,
    /// What people see, by language of the pages; the id where there is none.
    #[serde(default)]
    pub label: BTreeMap<String, String>,
}

/// One form as it is meant.
#[derive(Debug, Clone)]
pub struct Form {
    /// The account of its contacts.
    pub name: String,
    /// Languages to choose from for the answer.
    pub answer_languages: Vec<String>,
    /// What a submission must hold.
    pub demands: Demands,
    /// Who is complained to; may be empty.
    pub organisation: String,
    /// Texts of its own, by language of the pages.
    pub texts: BTreeMap<String, Texts>,
    /// What its pages look like.
    pub(crate) stylesheet: Asset,
}

/// Styles or a script under a path that names the content: a new version has a new path, so it may be kept for long.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) path: String,
    pub(crate) media_type: &'static str,
    pub(crate) content: String,
}

fn own_chars_max() -> u32 {
    200
}

/// All forms, the one at `/` first.
pub(super) fn check_all(settings: &Settings, problems: &mut Problems) -> Vec<Form> {
    let usual = FormSettings::default();
    let first = settings.forms.get(DEFAULT_FORM).unwrap_or(&usual);
    let others = settings.forms.iter().filter(|(name, _)| name.as_str() != DEFAULT_FORM);
    std::iter::once((DEFAULT_FORM, first))
        .chain(others.map(|(name, form)| (name.as_str(), form)))
        .map(|(name, form)| check(name, form, settings, problems))
        .collect()
}

fn check(name: &str, form: &FormSettings, settings: &Settings, problems: &mut Problems) -> Form {
    let key = |rest: &str| format!("web.forms.{name}{rest}");
    if !is_name(name, '-') || name == "api" {
        problems.note(key(""), format!("{name:?} is no name of a form: a-z, digits and -, and not \"api\""));
    }
    check_own(name, form, settings, problems);
    check_languages(&key(".texts"), form.texts.keys(), settings, problems);
    let asks = asks(name, form, problems);
    let accent = form.accent_color.as_deref().and_then(|color| {
        let accent = Accent::of(color);
        if let Err(problem) = &accent {
            problems.note(key(".accent_color"), problem.clone());
        }
        accent.ok()
    });
    let mut texts = settings.texts.clone();
    texts.extend(form.texts.iter().map(|(tag, own)| {
        (tag.clone(), own.clone().or(settings.texts.get(tag).cloned().unwrap_or_default()))
    }));
    let allow_anonymous = form.allow_anonymous.unwrap_or(settings.allow_anonymous);
    let can_answer = [Field::Email, Field::Phone].iter().any(|way| asks.contains(way));
    if !can_answer && !allow_anonymous {
        problems
            .note(key(".asks"), "must name \"email\" or \"phone\", or the form set allow_anonymous = true");
    }
    let mut demands = Demands {
        anonymous: if allow_anonymous { Anonymous::Taken } else { Anonymous::Refused },
        limits: settings.limits.clone(),
        asks,
        own: form.fields.clone(),
        categories: form.categories.clone(),
        required: Vec::new(),
    };
    for required in &form.requires {
        match demands.name_of(required, Field::form_name) {
            Some(name) => demands.required.push(name),
            None => {
                problems.note(key(".requires"), format!("{required:?} is no field that this form asks for"));
            }
        }
    }
    Form {
        name: name.to_owned(),
        answer_languages: settings.answer_languages.clone(),
        demands,
        organisation: form.organisation.clone().unwrap_or_else(|| settings.organisation.clone()),
        texts,
        stylesheet: Asset::styles(accent),
    }
}

fn asks(name: &str, form: &FormSettings, problems: &mut Problems) -> Vec<Field> {
    let key = format!("web.forms.{name}.asks");
    let Some(asked) = &form.asks else {
        let offered = |field: &Field| *field == Field::Category && !form.categories.is_empty();
        return Field::ALL.into_iter().filter(|field| field.is_usual() || offered(field)).collect();
    };
    for unknown in asked.iter().filter(|asked| Field::ALL.iter().all(|field| field.form_name() != **asked)) {
        let known: Vec<_> = Field::ALL.iter().map(|field| field.form_name()).collect();
        problems.note(key.clone(), format!("{unknown:?} is none of {}", known.join(", ")));
    }
    let asks: Vec<Field> =
        Field::ALL.into_iter().filter(|field| asked.iter().any(|asked| asked == field.form_name())).collect();
    if !asks.contains(&Field::WhatHappened) {
        problems.note(key.clone(), "must name \"what_happened\": there is no complaint without it");
    }
    if asks.contains(&Field::Category) == form.categories.is_empty() {
        problems.note(key, "must name \"category\" when the form has categories, and only then");
    }
    asks
}

fn check_own(name: &str, form: &FormSettings, settings: &Settings, problems: &mut Problems) {
    let hidden = [
        KEY_FIELD,
        STAMP_FIELD,
        TRAP_FIELD,
        SENT_BEFORE_FIELD,
        ADD_FIELD,
        FILES_FIELD,
        "form",
        "main",
        "text",
        "reference",
        // What a client states.
        "channel",
        "arrival",
    ];
    let ours = |name: &str| {
        hidden.contains(&name)
            || name.starts_with(STAFF_PREFIX)
            || Field::ALL.iter().any(|field| [field.form_name(), field.api_name()].contains(&name))
    };
    if form.fields.len() > OWN_FIELDS_MAX {
        problems.note(format!("web.forms.{name}.fields"), format!("more than {OWN_FIELDS_MAX} fields"));
    }
    check_choices(&format!("web.forms.{name}.categories"), &form.categories, settings, problems);
    for (at, field) in form.fields.iter().enumerate() {
        let key = format!("web.forms.{name}.fields[{at}]");
        let twice = form.fields.iter().take(at).any(|other| other.name == field.name);
        if !is_name(&field.name, '_') || ours(&field.name) || twice {
            let message = format!(
                "{:?} must be a-z, digits and _, stand there once, and be no name of ours",
                field.name
            );
            problems.note(format!("{key}.name"), message);
        }
        if !(1..=20_000).contains(&field.chars_max) {
            problems
                .note(format!("{key}.chars_max"), format!("{} is not between 1 and 20000", field.chars_max));
        }
        for missing in settings.languages.iter().filter(|tag| !field.label.contains_key(*tag)) {
            problems.note(
                format!("{key}.label"),
                format!("has no words in {missing:?}, a language of the pages"),
            );
        }
        check_languages(&format!("{key}.label"), field.label.keys(), settings, problems);
        check_languages(&format!("{key}.hint"), field.hint.keys(), settings, problems);
        check_choices(&format!("{key}.choices"), &field.choices, settings, problems);
        if (field.kind == OwnKind::Choice) == field.choices.is_empty() {
            problems
                .note(format!("{key}.choices"), "must stand there for the kind \"choice\", and only for it");
        }
    }
}

fn check_choices(key: &str, choices: &[Choice], settings: &Settings, problems: &mut Problems) {
    for (at, choice) in choices.iter().enumerate() {
        let twice = choices.iter().take(at).any(|other| other.id == choice.id);
        if choice.id.trim() != choice.id
            || choice.id.is_empty()
            || choice.id.chars().any(char::is_control)
            || twice
        {
            problems.note(
                format!("{key}[{at}].id"),
                format!("{:?} must be one line, and stand there once", choice.id),
            );
        }
        check_languages(&format!("{key}[{at}].label"), choice.label.keys(), settings, problems);
    }
}

fn check_languages<'t>(
    key: &str,
    tags: impl Iterator<Item = &'t String>,
    settings: &Settings,
    problems: &mut Problems,
) {
    for tag in tags.filter(|tag| !settings.languages.contains(tag)) {
        problems.note(format!("{key}.{tag}"), format!("{tag:?} is not among [web] languages"));
    }
}

pub(crate) fn is_name(text: &str, joint: char) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint;
    (1..=40).contains(&text.len()) && text.chars().all(fits) && !text.starts_with(joint)
}

/// A colour, and a darker shade of it.
struct Accent {
    color: [u8; 3],
}

impl Accent {
    fn of(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let bytes = digits.and_then(|hex| data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok());
        let color: Option<[u8; 3]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let accent = Self { color: color.ok_or_else(|| format!("{text:?} is no colour like \"#0b4f9e\""))? };
        let contrast = 1.05 / (accent.luminance() + 0.05);
        if contrast < CONTRAST_MIN {
            return Err(format!(
                "white words on {text} have a contrast of {contrast:.1}; take a darker one, for {CONTRAST_MIN}"
            ));
        }
        Ok(accent)
    }

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(&self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.color.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn styles(&self) -> String {
        let hex = |color: [u8; 3]| data_encoding::HEXLOWER.encode(&color);
        let dark = self.color.map(|part| part / 4 * 3);
        format!(":root {{ --accent: #{}; --accent-dark: #{}; }}\n", hex(self.color), hex(dark))
    }
}

impl Asset {
    fn styles(accent: Option<Accent>) -> Self {
        let accent = accent.map(|accent| accent.styles()).unwrap_or_default();
        Self::of("css", "text/css; charset=utf-8", STYLESHEET.to_owned() + &accent)
    }

    /// The script of all pages.
    pub(super) fn script() -> Self {
        Self::of("js", "text/javascript; charset=utf-8", SCRIPT.to_owned())
    }

    fn of(ending: &str, media_type: &'static str, content: String) -> Self {
        let digest = Sha256::digest(&content);
        let path = format!("/assets/web-{}.{ending}", data_encoding::HEXLOWER.encode(&digest[..4]));
        Self { path, media_type, content }
    }
}

impl Choice {
    /// What people see in a language of the pages.
    pub(crate) fn label(&self, language: &str) -> &str {
        self.label.get(language).map_or(&self.id, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(form: &str) -> Vec<String> {
        let mut settings =
            Settings { languages: vec!["en".to_owned(), "de".to_owned()], ..Settings::default() };
        settings.forms.insert("returns".to_owned(), toml::from_str(form).unwrap());
        let mut problems = Problems::none();
        check_all(&settings, &mut problems);
        problems.0.into_iter().map(|problem| problem.key.replace("web.forms.returns.", "")).collect()
    }

    const SERIAL: &str =
        "[[fields]]\nname = 'serial'\nlabel = { en = 'Serial number', de = 'Seriennummer' }\n";

    #[test]
    fn a_form_may_have_fields_of_its_own() {
        assert_eq!(
            wrong(&format!("requires = ['serial', 'email']\naccent_color = '#7a1f5c'\n{SERIAL}")),
            [""; 0]
        );
        assert_eq!(wrong("categories = [{ id = 'broken', label = { de = 'Kaputt' } }]"), [""; 0]);
    }

    #[test]
    fn each_mistake_of_a_form_is_named_by_its_key() {
        for (form, keys) in [
            ("asks = ['what_happened', 'email', 'shoe_size']", vec!["asks"]),
            ("asks = ['email']", vec!["asks"]),
            ("asks = ['what_happened', 'name']", vec!["asks"]),
            ("asks = ['what_happened', 'email', 'category']", vec!["asks"]),
            ("requires = ['serial']", vec!["requires"]),
            ("accent_color = 'blue'", vec!["accent_color"]),
            ("accent_color = '#ffcc00'", vec!["accent_color"]),
            ("texts.fr.title = 'Bonjour'", vec!["texts.fr"]),
            (
                "categories = [{ id = 'a' }, { id = 'a' }, { id = '' }]",
                vec!["categories[1].id", "categories[2].id"],
            ),
            ("[[fields]]\nname = 'email'\nlabel = { en = 'A', de = 'A' }", vec!["fields[0].name"]),
            ("[[fields]]\nname = 'Größe'\nlabel = { en = 'A', de = 'A' }", vec!["fields[0].name"]),
            ("[[fields]]\nname = 'size'\nlabel = { en = 'A' }", vec!["fields[0].label"]),
            (
                "[[fields]]\nname = 'size'\nkind = 'choice'\nlabel = { en = 'A', de = 'A' }",
                vec!["fields[0].choices"],
            ),
            (
                "[[fields]]\nname = 'size'\nchars_max = 0\nlabel = { en = 'A', de = 'A' }",
                vec!["fields[0].chars_max"],
            ),
        ] {
            assert_eq!(wrong(form), keys, "{form}");
        }
        assert_eq!(wrong(&format!("{SERIAL}{SERIAL}")), ["fields[1].name"]);
    }

    #[test]
    fn colours_come_after_the_styles_and_change_their_path() {
        let plain = Asset::styles(None);
        let colored = Asset::styles(Accent::of("#7A1F5C").ok());
        assert!(
            colored.content.ends_with(":root { --accent: #7a1f5c; --accent-dark: #5a1545; }\n"),
            "{}",
            colored.content
        );
        assert_ne!(plain.path, colored.path);
    }
}
