//! The words of the pages, in each language they speak: messages in Fluent, one file a language in `words/`.
//!
//! Which language: the one in the address (`/de`), else the first of `Accept-Language` (RFC 9110 §12.5.4) that is offered,
//! else the first that is offered.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// A language of the pages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Language {
    /// BCP 47 tag; a page in it lies at `/<tag>`.
    pub(crate) tag: &'static str,
    /// Its name in itself.
    pub(crate) own_name: &'static str,
    /// `ltr` or `rtl`.
    pub(crate) direction: &'static str,
    messages: &'static str,
}

/// Every language that there are words in.
pub(crate) static LANGUAGES: [Language; 5] = [
    language("en", "English", "ltr", include_str!("../words/en.ftl")),
    language("de", "Deutsch", "ltr", include_str!("../words/de.ftl")),
    language("fr", "Français", "ltr", include_str!("../words/fr.ftl")),
    language("es", "Español", "ltr", include_str!("../words/es.ftl")),
    language("ar", "العربية", "rtl", include_str!("../words/ar.ftl")),
];

const fn language(
    tag: &'static str,
    own_name: &'static str,
    direction: &'static str,
    messages: &'static str,
) -> Language {
    Language { tag, own_name, direction, messages }
}

impl Language {
    /// The language of a tag.
    pub(crate) fn of(tag: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.tag == tag)
    }

    /// The language to speak at this path to somebody who would like these languages. There is at least one to offer.
    pub(crate) fn choose(
        path: &str,
        accept_language: &str,
        offered: &[&'static Language],
    ) -> &'static Language {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let in_path = offered.iter().find(|language| language.tag == first);
        let wanted = || wanted(accept_language).into_iter().find_map(|tag| by_primary(tag, offered));
        in_path.copied().or_else(wanted).unwrap_or(offered[0])
    }
}

/// Tags of `Accept-Language`, the best first. What cannot be read counts for nothing.
fn wanted(accept_language: &str) -> Vec<&str> {
    let mut ranges: Vec<(&str, f32)> = accept_language
        .split(',')
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            (weight > 0.0).then_some((tag.trim(), weight))
        })
        .collect();
    ranges.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranges.into_iter().map(|(tag, _)| tag).collect()
}

fn by_primary(tag: &str, offered: &[&'static Language]) -> Option<&'static Language> {
    let primary = tag.split('-').next().unwrap_or_default();
    offered.iter().find(|language| language.tag.eq_ignore_ascii_case(primary)).copied()
}

/// The words of one language.
pub(crate) struct Words {
    pub(crate) language: &'static Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    pub(crate) fn of(language: &'static Language) -> Self {
        let resource = FluentResource::try_new(language.messages.to_owned());
        let identifier = language.tag.parse().expect("the tags are good");
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Values are figures and words of the same file; what people typed is never put into a message.
        bundle.set_use_isolating(false);
        bundle
            .add_resource(resource.expect("the messages are part of the program and tested"))
            .expect("no message stands twice");
        Self { language, bundle }
    }

    /// A message, `name` or `name.attribute`.
    pub(crate) fn say(&self, name: &str) -> String {
        self.say_with(name, &[])
    }

    /// A message with figures in it.
    pub(crate) fn say_with(&self, name: &str, values: &[(&str, usize)]) -> String {
        let arguments = values.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.format(name, &arguments)
    }

    /// A time, as people write it.
    pub(crate) fn time(&self, at: Timestamp, zone: &TimeZone) -> String {
        self.moment("date-time", &at.to_zoned(zone.clone()))
    }

    /// A deadline, as people write it: midnight at the end of a day is that day.
    pub(crate) fn deadline(&self, due_at: Timestamp, zone: &TimeZone) -> String {
        let local = due_at.to_zoned(zone.clone());
        if local.time() != jiff::civil::Time::midnight() {
            return self.moment("date-time", &local);
        }
        self.moment("date", &(due_at - SignedDuration::from_secs(1)).to_zoned(zone.clone()))
    }

    fn moment(&self, message: &str, local: &Zoned) -> String {
        let month = [("month", FluentValue::from(local.month()))].into_iter().collect();
        let text = |format: &str| local.strftime(format).to_string();
        let arguments = [
            ("day", text("%-d")),
            ("month", self.format("month", &month)),
            ("year", text("%Y")),
            ("time", text("%H:%M")),
            ("zone", text("%Z")),
        ];
        let arguments = arguments.into_iter().map(|(name, value)| (name, FluentValue::from(value))).collect();
        self.format(message, &arguments)
    }

    fn format(&self, name: &str, arguments: &FluentArgs<'_>) -> String {
        let (message, attribute) = name.split_once('.').map_or((name, None), |(m, a)| (m, Some(a)));
        let pattern = self.bundle.get_message(message).and_then(|message| match attribute {
            None => message.value(),
            Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
        });
        let pattern = pattern.unwrap_or_else(|| panic!("no message {name} in {}", self.language.tag));
        self.bundle.format_pattern(pattern, Some(arguments), &mut Vec::new()).into_owned()
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Words").field(&self.language.tag).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn offered(tags: &[&str]) -> Vec<&'static Language> {
        tags.iter().filter_map(|tag| Language::of(tag)).collect()
    }

    #[test]
    fn the_address_decides_then_the_browser_then_the_settings() {
        let all = offered(&["en", "de", "ar"]);
        for (path, accept, tag) in [
            ("/", "", "en"),
            ("/de", "ar", "de"),
            ("/de/f/shop", "", "de"),
            ("/fr", "de", "de"),
            ("/", "de-AT,de;q=0.9,en;q=0.8", "de"),
            ("/", "en;q=0.2, AR ;q=0.7", "ar"),
            ("/", "pt, fr;q=0.9", "en"),
            ("/", "de;q=0, ar;q=0.1", "ar"),
            ("/", "de;q=much, *;q=0.5", "en"),
            ("/", ";;;,,,=", "en"),
        ] {
            assert_eq!(Language::choose(path, accept, &all).tag, tag, "{path} {accept}");
        }
        assert_eq!(Language::choose("/", "en", &offered(&["fr", "de"])).tag, "fr");
    }

    /// The names of the messages of a file, with their attributes and the values they take.
    fn shape(messages: &str) -> BTreeSet<String> {
        let mut current = "";
        let mut shape = BTreeSet::new();
        for line in messages.lines().filter(|line| !line.starts_with('#')) {
            let values: BTreeSet<&str> = line
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split(['}', '-']).next())
                .map(str::trim)
                .collect();
            match line.split_once(" =") {
                Some((name, _)) if !name.starts_with(' ') => {
                    current = name;
                    shape.insert(format!("{name} {values:?}"));
                }
                Some((name, _)) if name.trim().starts_with('.') => {
                    shape.insert(format!("{current}{} {values:?}", name.trim()));
                }
                _ => {}
            }
        }
        shape
    }

    #[test]
    fn every_language_has_the_same_messages_with_the_same_values() {
        let english = shape(LANGUAGES[0].messages);
        assert!(english.len() > 70, "{english:?}");
        for language in &LANGUAGES {
            assert_eq!(shape(language.messages), english, "{}", language.tag);
            let _ = Words::of(language);
        }
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let at = "2026-03-02T09:05:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let times = LANGUAGES.iter().map(|language| Words::of(language).time(at, &zone));
        assert_eq!(
            times.collect::<Vec<_>>(),
            [
                "2 March 2026, 10:05 CET",
                "2. März 2026, 10:05 Uhr (CET)",
                "2 mars 2026 à 10:05 (CET)",
                "2 de marzo de 2026, 10:05 (CET)",
                "2 مارس 2026، 10:05 (CET)",
            ]
        );
    }

    #[test]
    fn the_end_of_a_day_is_that_day() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let words = Words::of(&LANGUAGES[1]);
        let deadline = |at: &str| words.deadline(at.parse().unwrap(), &zone);
        assert_eq!(deadline("2026-03-30T22:00:00Z"), "30. März 2026");
        assert_eq!(deadline("2026-03-30T22:30:00Z"), "31. März 2026, 00:30 Uhr (CEST)");
    }
}
