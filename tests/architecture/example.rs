//! The example settings name every key there is, each with its default. Which keys there are is asked of the type
//! itself: it refuses a key that nobody knows and says which it does know.
//!
//! In the example prose stands behind `# `, a key left at its default behind `#` without a blank.

use redress::settings::Settings;
use serde_json::{Value, json};

use crate::{files, none_of};

/// No setting is called so.
const STRANGER: &str = "?";

/// One step down into the settings.
#[derive(Clone)]
enum Step {
    Key(String),
    /// Any entry of a table whose keys are free, such as an account by its name.
    Entry,
    /// Any item of a list.
    Item,
}

fn example() -> Value {
    let text = std::fs::read_to_string(files::root().join("deploy/redress.example.toml")).unwrap();
    let plain: String = text.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
    toml::from_str(&plain).expect("the example is TOML, also with every key switched on")
}

fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line)
}

#[test]
fn the_example_names_every_setting() {
    let mut keys = Vec::new();
    collect(&[], &mut keys);
    assert!(keys.len() > 40, "only {} settings were found", keys.len());
    let example = example();
    let missing: Vec<_> = keys.iter().filter(|key| !holds(&example, key)).map(|key| written(key)).collect();
    none_of(&missing, "settings that deploy/redress.example.toml does not name");
}

#[test]
fn the_example_shows_the_defaults() {
    let shown: Settings = serde_json::from_value(example()).expect("the example is read as settings");
    let mut wrong = Vec::new();
    compare("", &json!(Settings::default()), &json!(shown), &mut wrong);
    none_of(&wrong, "settings that deploy/redress.example.toml shows with another value than the default");
}

#[test]
fn the_example_as_it_stands_is_fit_to_start() {
    let text = std::fs::read_to_string(files::root().join("deploy/redress.example.toml")).unwrap();
    let settings: Settings = toml::from_str(&text).unwrap();
    redress::settings::Config::check(&settings, &std::collections::BTreeMap::new()).unwrap();
}

#[test]
fn every_variable_in_a_deployment_names_a_setting() {
    let mut wrong = Vec::new();
    for file in files::all().into_iter().filter(|file| file.path.starts_with("deploy/")) {
        let text = file.text();
        for rest in text.split("REDRESS__").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            let keys: Vec<_> = name.to_lowercase().split("__").map(str::to_owned).collect();
            let (last, table) = keys.split_last().expect("a split has at least one part");
            let place: Vec<_> = table.iter().cloned().map(Step::Key).collect();
            if !known(&place).is_some_and(|known| known.contains(last)) {
                wrong.push(format!("{}: REDRESS__{name}", file.path));
            }
        }
    }
    none_of(&wrong, "variables that set nothing");
}

/// All keys below a place that hold a value rather than further keys.
fn collect(place: &[Step], keys: &mut Vec<Vec<Step>>) {
    let (entry, item) = (Step::Entry, Step::Item);
    let steps =
        [vec![entry.clone()], vec![item.clone()], vec![entry.clone(), item], vec![entry.clone(), entry]];
    let inner = steps.map(|steps| [place, &steps].concat());
    if let Some(known) = known(place) {
        for key in known {
            collect(&[place, &[Step::Key(key)]].concat(), keys);
        }
    } else if let Some(place) = inner.into_iter().find(|place| known(place).is_some()) {
        collect(&place, keys);
    } else {
        keys.push(place.to_vec());
    }
}

/// The keys that may stand at a place; `None` where no keys stand.
fn known(place: &[Step]) -> Option<Vec<String>> {
    let asked = place.iter().rfold(json!({ STRANGER: 1 }), |value, step| match step {
        Step::Key(key) => json!({ key: value }),
        Step::Entry => json!({ "some-entry": value }),
        Step::Item => json!([value]),
    });
    let answer = serde_json::from_value::<Settings>(asked).err()?.to_string();
    let expected = answer.strip_prefix("unknown field `?`, expected ")?;
    Some(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

fn holds(value: &Value, place: &[Step]) -> bool {
    let Some((step, rest)) = place.split_first() else { return true };
    match step {
        Step::Key(key) => value.get(key).is_some_and(|value| holds(value, rest)),
        Step::Entry => value.as_object().is_some_and(|table| table.values().any(|value| holds(value, rest))),
        Step::Item => value.as_array().is_some_and(|items| items.iter().any(|value| holds(value, rest))),
    }
}

fn written(place: &[Step]) -> String {
    let word = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Entry => "*".to_owned(),
        Step::Item => "[]".to_owned(),
    };
    place.iter().map(word).collect::<Vec<_>>().join(".")
}

/// Compares what the defaults hold; entries that the example shows beyond them are fine.
fn compare(path: &str, default: &Value, shown: &Value, wrong: &mut Vec<String>) {
    match default {
        Value::Object(table) => {
            for (key, default) in table {
                compare(&format!("{path}{key}."), default, shown.get(key).unwrap_or(&Value::Null), wrong);
            }
        }
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        _ if default == shown => {}
        _ => wrong.push(format!("{} is {shown}, by default {default}", path.trim_end_matches('.'))),
    }
}
