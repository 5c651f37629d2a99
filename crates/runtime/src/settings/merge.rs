//! File and environment laid over each other, and which of the two said what.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};
use serde_path_to_error::Segment;

use super::problem::{Problem, Problems};
use super::words::Words;

const PREFIX: &str = "REDRESS__";

/// The settings as they were given, before any type is asked for.
pub(super) struct Merged {
    pub(super) tree: Value,
    file: String,
    /// Keys set by the environment, with the variable that set each.
    variables: BTreeMap<Vec<String>, String>,
}

impl Merged {
    /// Lays the variables over the file's text. What cannot be read is noted and left out.
    pub(super) fn new(
        file: Option<&Path>,
        text: &str,
        environment: &BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> Self {
        let file = file.map_or_else(|| "the settings file".to_owned(), |path| path.display().to_string());
        let text = if note_syntax(&file, text, problems) { text } else { "" };
        let mut builder = Config::builder().add_source(File::from_str(text, FileFormat::Toml));
        let mut variables = BTreeMap::new();
        for (name, value) in environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let key = rest.to_lowercase().replace("__", ".");
            match builder.clone().set_override(&key, value.as_str()) {
                Ok(with) => {
                    builder = with;
                    variables.insert(key.split('.').map(str::to_owned).collect(), name.clone());
                }
                Err(_) => {
                    problems
                        .note(name, "does not name a setting; write it like REDRESS__EMAIL__POLL_SECONDS");
                }
            }
        }
        let tree = match builder.build() {
            Ok(config) => config.cache,
            Err(error) => {
                problems.note(file.as_str(), error.to_string());
                Value::new(None, ValueKind::Table(config::Map::new()))
            }
        };
        Self { tree, file, variables }
    }

    /// The problem at a place, with where the value came from.
    pub(super) fn problem(&self, place: &Place, words: &Words) -> Problem {
        let mut keys = place.keys.clone();
        keys.extend(words.missing().map(str::to_owned));
        let key = if keys.is_empty() { self.file.clone() } else { keys.join(".") };
        let parent = place.keys.split_last().map(|(_, parent)| parent).unwrap_or_default();
        Problem { key, message: format!("{} ({})", words.sentence(parent), self.source(place)) }
    }

    fn source(&self, place: &Place) -> String {
        let touches = |key: &&Vec<String>| key.starts_with(&place.keys) || place.keys.starts_with(key);
        match self.variables.get(&place.keys).or_else(|| {
            let (key, name) = self.variables.iter().find(|(key, _)| touches(key))?;
            // A table is put down to the environment only when nothing but the environment fills it.
            (self.keys_below(&place.keys) <= 1 || place.keys.starts_with(key)).then_some(name)
        }) {
            Some(name) => format!("set by {name}"),
            None => format!("in {}", self.file),
        }
    }

    fn keys_below(&self, keys: &[String]) -> usize {
        match find(&self.tree, keys).map(|value| &value.kind) {
            Some(ValueKind::Table(table)) => table.len(),
            _ => 0,
        }
    }

    /// Turns the text that a variable gave for a list into that list; `false` when there is no such text.
    pub(super) fn split_list(&mut self, place: &Place) -> bool {
        if !self.variables.contains_key(&place.keys) {
            return false;
        }
        let Some(value) = find_mut(&mut self.tree, &place.keys) else { return false };
        let ValueKind::String(text) = &value.kind else { return false };
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        value.kind = ValueKind::Array(items.map(|item| Value::new(None, item)).collect());
        true
    }

    /// Takes the value at a place out; `false` when there was none.
    pub(super) fn take_out(&mut self, place: &Place) -> bool {
        let Some((last, parent)) = place.keys.split_last() else { return false };
        match find_mut(&mut self.tree, parent).map(|value| &mut value.kind) {
            Some(ValueKind::Table(table)) => table.remove(last).is_some(),
            _ => false,
        }
    }
}

/// Where in the settings something is: the keys down to it. An item of a list stands for its list.
pub(super) struct Place {
    pub(super) keys: Vec<String>,
}

impl Place {
    pub(super) fn of<E>(error: &serde_path_to_error::Error<E>) -> Self {
        let key = |segment: &Segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Seq { .. } | Segment::Unknown => None,
        };
        Self { keys: error.path().iter().map_while(key).collect() }
    }
}

/// Notes what is wrong with the text as TOML, by line; never the line itself, which may hold a password.
fn note_syntax(file: &str, text: &str, problems: &mut Problems) -> bool {
    let Err(error) = text.parse::<toml::Table>() else { return true };
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line =
        1 + text.char_indices().take_while(|(index, _)| *index < at).filter(|(_, c)| *c == '\n').count();
    problems.note(file, format!("is not TOML: line {line}: {}", error.message().replace('\n', ", ")));
    false
}

/// The value at a place.
pub(super) fn find<'tree>(tree: &'tree Value, keys: &[String]) -> Option<&'tree Value> {
    keys.iter().try_fold(tree, |value, key| match &value.kind {
        ValueKind::Table(table) => table.get(key),
        _ => None,
    })
}

fn find_mut<'tree>(tree: &'tree mut Value, keys: &[String]) -> Option<&'tree mut Value> {
    keys.iter().try_fold(tree, |value, key| match &mut value.kind {
        ValueKind::Table(table) => table.get_mut(key),
        _ => None,
    })
}

/// The error of the innermost cause, without the place, which stands in the key already.
pub(super) fn cause(error: &ConfigError) -> &ConfigError {
    match error {
        ConfigError::At { error, .. } => cause(error),
        other => other,
    }
}
