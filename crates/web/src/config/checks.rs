//! What may be wrong in `[web]` beside its forms.

use std::num::NonZeroU32;
use std::time::Duration;

use redress_runtime::settings::Problems;

use super::{Form, Settings, Uploads, is_language_tag};
use crate::clamd::Clamd;
use crate::words::{LANGUAGES, Language};

/// How many bytes one character may take on its way here: four UTF-8 bytes, each percent-encoded (`%F0%9F%98%80`),
/// or two JSON escapes (`\ud83d\ude00`).
const BYTES_PER_CHAR_MAX: usize = 12;
/// What a form needs beside the texts: names, key, stamp.
const FRAME_BYTES: usize = 2048;
/// Most that a submission with files may be set to have: the listener takes no more of one.
pub(crate) const UPLOAD_MEBIBYTES_MAX: u32 = 50;
/// A rate of more than this a minute is none.
pub(super) const RATE_MAX: u32 = 100_000_000;

/// Notes what is wrong with the public URL; true when it is HTTPS.
pub(crate) fn check_url(key: &str, text: &str, problems: &mut Problems) -> bool {
    let uri = text.parse::<axum::http::Uri>().unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or_default();
    let plain = uri.query().is_none() && !text.contains(['#', '@']) && matches!(uri.path(), "" | "/");
    if !matches!(scheme, "http" | "https") || uri.host().unwrap_or_default().is_empty() || !plain {
        problems
            .note(key, format!("{text:?} must be like \"https://complaints.example.org\", without a path"));
    }
    scheme == "https"
}

pub(crate) fn authority(url: &str) -> String {
    let uri = url.parse::<axum::http::Uri>().unwrap_or_default();
    let authority =
        uri.authority().map_or_else(String::new, |authority| authority.as_str().to_ascii_lowercase());
    let default_port = if uri.scheme_str() == Some("https") { ":443" } else { ":80" };
    authority.strip_suffix(default_port).unwrap_or(&authority).to_owned()
}

pub(super) fn check_languages(settings: &Settings, problems: &mut Problems) -> Vec<&'static Language> {
    let mut languages = Vec::new();
    for tag in &settings.languages {
        match Language::of(tag) {
            Some(language) if !languages.contains(&language) => languages.push(language),
            Some(_) => problems.note("web.languages", format!("{tag:?} stands there twice")),
            None => problems.note("web.languages", format!("{tag:?} is none of {}", known_languages())),
        }
    }
    if settings.languages.is_empty() {
        problems.note("web.languages", format!("must name at least one of {}", known_languages()));
    }
    for tag in settings.texts.keys().filter(|tag| !settings.languages.contains(tag)) {
        problems.note(format!("web.texts.{tag}"), format!("{tag:?} is not among [web] languages"));
    }
    if settings.answer_languages.is_empty() {
        problems.note("web.answer_languages", "must name at least one language, such as \"en\"");
    }
    for tag in settings.answer_languages.iter().filter(|tag| !is_language_tag(tag)) {
        problems
            .note("web.answer_languages", format!("{tag:?} is no language tag such as \"en\" or \"pt-BR\""));
    }
    languages
}

/// Zero is a problem that was noted.
pub(crate) fn at_least_one(per_minute: u32) -> NonZeroU32 {
    NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN)
}

fn known_languages() -> String {
    LANGUAGES.iter().map(|language| language.tag).collect::<Vec<_>>().join(", ")
}

pub(super) fn check_figures(settings: &Settings, problems: &mut Problems) {
    let mut between = |key: String, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            problems.note(key, format!("{value} is not between {least} and {most}"));
        }
    };
    for (key, value, least, most) in [
        ("patience_ms", settings.patience_ms, 100, 30_000),
        ("retry_after_seconds", settings.retry_after_seconds, 1, 3_600),
        ("body_kib_max", settings.body_kib_max, 4, 320),
        ("body_read_seconds", settings.body_read_seconds, 1, 600),
        ("concurrency_max", settings.concurrency_max, 1, 100_000),
        ("status_messages_max", settings.status_messages_max, 0, 100),
        ("min_fill_seconds", settings.min_fill_seconds, 0, 60),
        ("stamp_hours", settings.stamp_hours, 1, 48),
        ("uploads.files_max", settings.uploads.files_max, 0, 20),
        (
            "uploads.file_mebibytes_max",
            settings.uploads.file_mebibytes_max,
            1,
            settings.uploads.total_mebibytes_max,
        ),
        ("uploads.total_mebibytes_max", settings.uploads.total_mebibytes_max, 1, UPLOAD_MEBIBYTES_MAX),
        ("uploads.read_seconds", settings.uploads.read_seconds, 1, 3_600),
        ("uploads.clamd_seconds", settings.uploads.clamd_seconds, 1, 60),
        ("uploads.concurrency_max", settings.uploads.concurrency_max, 1, 10_000),
        ("rates.submissions_per_minute", settings.rates.submissions_per_minute, 1, RATE_MAX),
        (
            "rates.upload_mebibytes_per_hour",
            settings.rates.upload_mebibytes_per_hour,
            settings.uploads.total_mebibytes_max + 1,
            RATE_MAX,
        ),
        ("rates.receipt_tries_per_minute", settings.rates.receipt_tries_per_minute, 1, RATE_MAX),
    ] {
        between(format!("web.{key}"), value, least, most);
    }
    let known = |tag: &String| tag == "text/plain" || infer::is_mime_supported(tag);
    for unknown in settings.uploads.media_types.iter().filter(|media_type| !known(media_type)) {
        problems.note(
            "web.uploads.media_types",
            format!("{unknown:?} is no kind that is told by its first bytes"),
        );
    }
    let mut between = |key: String, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            problems.note(key, format!("{value} is not between {least} and {most}"));
        }
    };
    for (key, value) in settings.limits.keyed() {
        between(format!("web.limits.{key}"), value, 10, 100_000);
    }
}

/// None where none is named.
pub(super) fn check_clamd(settings: &Uploads, problems: &mut Problems) -> Option<Clamd> {
    let named = Some(settings.clamd.as_str()).filter(|address| !address.is_empty())?;
    let patience = Duration::from_secs(settings.clamd_seconds.into());
    let address = named.parse().map(|address| Clamd { address, patience });
    if address.is_err() {
        let message =
            format!("{named:?} must be like \"tcp://127.0.0.1:3310\" or \"unix:///run/clamav/clamd.ctl\"");
        problems.note("web.uploads.clamd", message);
    }
    address.ok()
}

/// Nobody is to be told that what they may type is too large.
pub(super) fn check_body(settings: &Settings, forms: &[Form], problems: &mut Problems) {
    let needed = |form: &Form| {
        let known: usize = form.demands.asks.iter().map(|field| field.chars_max(&form.demands)).sum();
        let own: usize = form.demands.own.iter().map(|own| own.chars_max as usize).sum();
        ((known + own) * BYTES_PER_CHAR_MAX + FRAME_BYTES).div_ceil(1024)
    };
    let Some((form, needed)) =
        forms.iter().map(|form| (&form.name, needed(form))).max_by_key(|(_, most)| *most)
    else {
        return;
    };
    if needed > settings.body_kib_max as usize {
        let message = format!(
            "{} is too small for the longest fields in any script: the form {form:?} asks for {needed}",
            settings.body_kib_max
        );
        problems.note("web.body_kib_max", message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Texts};
    use super::*;

    fn wrong(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        Config::check(&settings).map_or_else(|p| p.0.into_iter().map(|p| p.key).collect(), |_| Vec::new())
    }

    #[test]
    fn the_defaults_are_good() {
        assert_eq!(wrong(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_mistake_is_named_by_its_key() {
        assert_eq!(wrong(|s| s.public_url = "complaints.example.org".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.public_url = "https://example.org/path".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.public_url = "ftp://example.org".to_owned()), ["web.public_url"]);
        assert_eq!(wrong(|s| s.languages = vec!["tlh".to_owned()]), ["web.languages"]);
        assert_eq!(wrong(|s| s.languages = vec!["de".to_owned(), "de".to_owned()]), ["web.languages"]);
        assert_eq!(wrong(|s| s.languages.clear()), ["web.languages"]);
        assert_eq!(wrong(|s| drop(s.texts.insert("tlh".to_owned(), Texts::default()))), ["web.texts.tlh"]);
        assert_eq!(
            wrong(|s| s.answer_languages = vec!["en".to_owned(), "e n".to_owned()]),
            ["web.answer_languages"]
        );
        assert_eq!(wrong(|s| s.time_zone = "Mars/Olympus".to_owned()), ["web.time_zone"]);
        assert_eq!(wrong(|s| s.patience_ms = 0), ["web.patience_ms"]);
        assert_eq!(wrong(|s| s.concurrency_max = 0), ["web.concurrency_max"]);
        assert_eq!(wrong(|s| s.limits.name_chars_max = 0), ["web.limits.name_chars_max"]);
        assert_eq!(wrong(|s| s.body_kib_max = 64), ["web.body_kib_max"]);
        assert_eq!(wrong(|s| s.rates.submissions_per_minute = 0), ["web.rates.submissions_per_minute"]);
        assert_eq!(wrong(|s| s.uploads.total_mebibytes_max = 51), ["web.uploads.total_mebibytes_max"]);
        assert_eq!(wrong(|s| s.uploads.file_mebibytes_max = 21), ["web.uploads.file_mebibytes_max"]);
        assert_eq!(wrong(|s| s.uploads.clamd = "127.0.0.1:3310".to_owned()), ["web.uploads.clamd"]);
        assert_eq!(wrong(|s| s.uploads.clamd_seconds = 0), ["web.uploads.clamd_seconds"]);
        assert_eq!(
            wrong(|s| s.uploads.media_types.push("image/jpg".to_owned())),
            ["web.uploads.media_types"]
        );
        assert_eq!(
            wrong(|s| s.rates.upload_mebibytes_per_hour = 20),
            ["web.rates.upload_mebibytes_per_hour"]
        );
        assert_eq!(wrong(|s| s.rates.receipt_tries_per_minute = 0), ["web.rates.receipt_tries_per_minute"]);
        assert_eq!(wrong(|s| (s.stamp_hours, s.retry_after_seconds) = (0, 0)).len(), 2);
    }

    #[test]
    fn https_is_known_by_the_public_url() {
        let https = |url: &str| {
            Config::check(&Settings { public_url: url.to_owned(), ..Settings::default() }).unwrap().https
        };
        assert!(https("https://complaints.example.org"));
        assert!(!https("http://127.0.0.1:8080"));
    }

    #[test]
    fn language_tags_are_known_by_their_shape() {
        for good in ["en", "pt-BR", "zh-Hant-HK", "de-1996"] {
            assert!(is_language_tag(good), "{good}");
        }
        for bad in
            ["", "e", "en_GB", "en-", "-en", "en--x", "deutschland", "en GB", "日本", &"en-".repeat(20)]
        {
            assert!(!is_language_tag(bad), "{bad}");
        }
    }
}
