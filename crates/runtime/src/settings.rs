//! Settings: one file, then the environment (`REDRESS__EMAIL__HOST`), read once. Every mistake is reported with its key.

mod merge;
mod problem;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use problem::{Problem, Problems};

use crate::Secret;
use merge::{Merged, Place};

/// Mistakes reported at once; the rest shows after these are mended.
const PROBLEMS_MAX: usize = 50;
/// Largest settings file in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Largest file that holds a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Reads settings from a TOML file (when given) and from variables whose names begin with `REDRESS__`
/// (`REDRESS__EMAIL__POLL_SECONDS` sets `email.poll_seconds`; text stays text where text is asked for, and a list is
/// written `a, b, c`). Keys nobody knows are refused by name with the nearest known one. All mistakes are reported
/// together.
///
/// # Errors
/// [`Problems`] naming key and source.
pub fn read<T: DeserializeOwned>(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<T, Problems> {
    let mut problems = Problems::none();
    let text = file.and_then(|path| text_of(path, &mut problems)).unwrap_or_default();
    let mut merged = Merged::new(file, &text, environment, &mut problems);
    let value = fill(&mut merged, &mut problems);
    problems.0.sort_by(|a, b| a.key.cmp(&b.key));
    match value {
        Some(value) => problems.or(value),
        None => Err(problems),
    }
}

/// Fills the type; a mistake is noted and its key taken out, so that the next one shows too. `None` when what is
/// wrong cannot be taken out.
fn fill<T: DeserializeOwned>(merged: &mut Merged, problems: &mut Problems) -> Option<T> {
    loop {
        let error = match serde_path_to_error::deserialize(merged.tree.clone()) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let place = Place::of(&error);
        let words = words::of(error.inner());
        if words.wants_list() && merged.split_list(&place) {
            continue;
        }
        let options = words::options::<T>(&merged.tree, &place, error.inner());
        let problem = merged.problem(&place, options.as_ref().unwrap_or(&words));
        let noted = problems.0.iter().any(|other| other.key == problem.key);
        if !noted {
            problems.0.push(problem);
        }
        if problems.0.len() >= PROBLEMS_MAX || !merged.take_out(&place) {
            return None;
        }
    }
}

/// The text of the settings file; what is in the way is noted under the file's name.
fn text_of(path: &Path, problems: &mut Problems) -> Option<String> {
    match read_limited(path, FILE_BYTES_MAX) {
        Ok(text) => Some(text),
        Err(reason) => {
            problems.note(path.display().to_string(), format!("cannot be read: {reason}"));
            None
        }
    }
}

/// The process's environment, read once. What is not Unicode is left out.
pub fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// A secret that stands in the settings or in a file beside them: `password` or `password_file`. One line end at the
/// file's end is not part of it; an empty path is no file. Both at once, or a file that cannot be read, is a problem
/// under `key`.
pub fn secret(key: &str, value: &Secret, file: Option<&PathBuf>, problems: &mut Problems) -> Secret {
    let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) else { return value.clone() };
    if !value.is_empty() {
        problems.note(key, format!("is given twice, here and as `{key}_file`; leave one of them out"));
        return Secret::default();
    }
    match read_limited(path, SECRET_BYTES_MAX) {
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let secret = Secret::new(line.strip_suffix('\r').unwrap_or(line));
            if secret.is_empty() {
                problems.note(format!("{key}_file"), format!("{} is empty", path.display()));
            }
            secret
        }
        Err(reason) => {
            problems.note(format!("{key}_file"), format!("{} cannot be read: {reason}", path.display()));
            Secret::default()
        }
    }
}

fn read_limited(path: &Path, bytes_max: u64) -> Result<String, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file.take(bytes_max + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if read as u64 > bytes_max { Err(format!("it is larger than {bytes_max} bytes")) } else { Ok(text) }
}
