//! The language a complaint is recorded in. It stands in the log, where no words of a person may stand, but is stated
//! by strangers: only what can be nothing but a language is kept.

/// Language, script and region of a BCP 47 tag, in their usual case; empty when it names no language. Variants and
/// extensions, in which anything could be written, are left out.
pub fn language(stated: &str) -> String {
    let mut parts = stated.split('-').peekable();
    let Some(first) = parts.next().filter(|part| is_alphabetic(part, &[2, 3])) else { return String::new() };
    let mut tag = first.to_ascii_lowercase();
    if let Some(script) = parts.next_if(|part| is_alphabetic(part, &[4])) {
        let (head, tail) = script.split_at(1);
        tag.push('-');
        tag.push_str(&head.to_ascii_uppercase());
        tag.push_str(&tail.to_ascii_lowercase());
    }
    if let Some(region) = parts.next_if(|part| is_alphabetic(part, &[2])) {
        tag.push('-');
        tag.push_str(&region.to_ascii_uppercase());
    }
    tag
}

fn is_alphabetic(part: &str, lengths: &[usize]) -> bool {
    lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_language_is_kept() {
        for (stated, kept) in [
            ("de", "de"),
            ("pt-br", "pt-BR"),
            ("ZH-hant-hk", "zh-Hant-HK"),
            ("fil", "fil"),
            ("en-x-private", "en"),
            ("de-1901", "de"),
            ("gerhard-schmidt", ""),
            ("anna", ""),
            ("d3", ""),
            ("ü-DE", ""),
            ("", ""),
        ] {
            assert_eq!(language(stated), kept, "{stated}");
        }
    }
}
