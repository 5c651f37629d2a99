//! In which language somebody wrote, told from their own words.

use std::sync::LazyLock;

use redress_contract::contact::TextSpan;
use whatlang::{Detector, Lang};

/// Letters that it takes at least: a greeting or a number proves nothing.
const LETTERS_MIN: usize = 12;

/// Bytes that are looked at: more tell nothing more.
const BYTES_MAX: usize = 400;

/// How far the likeliest must be ahead of the next. Measured: docs/adr/0012.
const CONFIDENCE_MIN: f64 = 0.2;

/// The languages that are told apart, each with its tag. Naming more makes short texts harder to tell.
const LANGUAGES: [(Lang, &str); 25] = [
    (Lang::Ara, "ar"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Eng, "en"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hun, "hu"),
    (Lang::Ita, "it"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Rus, "ru"),
    (Lang::Spa, "es"),
    (Lang::Swe, "sv"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
];

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(LANGUAGES.iter().map(|(language, _)| *language).collect()));

/// The language of the words that no span covers, as a BCP 47 tag; none when they are too few or leave doubt.
pub fn tell(text: &str, spans: &[TextSpan]) -> Option<&'static str> {
    let words = own_words(text, spans);
    if words.chars().filter(|c| c.is_alphabetic()).count() < LETTERS_MIN {
        return None;
    }
    let told = DETECTOR.detect(&words)?;
    if !told.is_reliable() && told.confidence() < CONFIDENCE_MIN {
        return None;
    }
    LANGUAGES.iter().find(|(language, _)| *language == told.lang()).map(|(_, tag)| *tag)
}

/// The first words that no span covers, without what is no word: addresses, links, numbers.
fn own_words(text: &str, spans: &[TextSpan]) -> String {
    let mut words = String::new();
    let mut from = 0;
    let covered = spans.iter().map(|span| (span.start_byte as usize, span.end_byte as usize));
    for (start, end) in covered.chain([(text.len(), text.len())]) {
        let own = text.get(from..start).unwrap_or_default();
        for word in own.split_whitespace().filter(|word| is_word(word)) {
            let room = BYTES_MAX.saturating_sub(words.len());
            if word.len() >= room {
                words.push_str(&word[..word.floor_char_boundary(room)]);
                return words;
            }
            words.push_str(word);
            words.push(' ');
        }
        from = end;
    }
    words
}

/// Some scripts write whole sentences without a space: a digit among them makes no code of them.
fn is_word(word: &str) -> bool {
    let is_code = word.is_ascii() && word.contains(|c: char| c.is_ascii_digit());
    !is_code && !word.contains(['@', '/', '_', '\\'])
}

#[cfg(test)]
mod tests {
    use redress_contract::TextRole;

    use super::*;

    #[test]
    fn a_sentence_tells_its_language() {
        for (text, tag) in [
            ("mon colis n'est pas arrivé, que faire maintenant ?", "fr"),
            ("Mein Paket ist kaputt angekommen, bitte melden Sie sich.", "de"),
            ("I have been waiting for my refund since January. Nobody answers.", "en"),
            ("El paquete no ha llegado. Llevo tres semanas esperando una respuesta.", "es"),
            ("Il pacco non è arrivato e nessuno risponde al telefono.", "it"),
            ("A encomenda não chegou e ninguém atende o telefone.", "pt"),
            ("Mijn pakket is niet aangekomen en niemand neemt op.", "nl"),
            ("Paczka nie dotarła. Od trzech tygodni czekam na odpowiedź.", "pl"),
            ("Mitt paket har inte kommit fram och ingen svarar i telefon.", "sv"),
            ("посылка не пришла, и никто не отвечает", "ru"),
            ("荷物が届きません。誰も電話に出ません。返金してください。", "ja"),
            ("لم تصل الطرود ولا أحد يرد على الهاتف", "ar"),
        ] {
            assert_eq!(tell(text, &[]), Some(tag), "{text}");
        }
        assert_eq!(tell(&"荷物が2つ届きません。".repeat(100), &[]), Some("ja"), "without a space");
    }

    #[test]
    fn too_little_tells_nothing() {
        for text in [
            "",
            "Hallo!",
            "Order 4711-0815",
            "K200 K201 K202 K203 K204 K205",
            "ada@example.org https://example.org/a/b",
        ] {
            assert_eq!(tell(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_does_not_count() {
        let quoted =
            "We have received your complaint and look into the matter at once. You will hear from us. ";
        let text = format!("{quoted}Danke, aber das Geld ist noch immer nicht da.");
        let span = TextSpan {
            role: TextRole::Quoted,
            start_byte: 0,
            end_byte: u32::try_from(quoted.len()).unwrap(),
        };
        assert_eq!(tell(&text, &[span]), Some("de"));
    }

    #[test]
    fn spans_that_lie_outside_the_text_do_no_harm() {
        let span = TextSpan { role: TextRole::Quoted, start_byte: 5000, end_byte: 6000 };
        assert_eq!(tell("The kettle has been leaking for a week.", &[span, span]), None);
    }
}
