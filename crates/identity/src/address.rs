//! Addresses in normal form, so that one person written two ways is one party.

use redress_contract::AddressKind;
use redress_contract::contact::Address;

use crate::{Keys, mac, phone};

/// RFC 5321 §4.5.3.1.
const LOCAL_PART_MAX: usize = 64;

/// RFC 5321 §4.5.3.1.3: a path of 256 octets, less its angle brackets.
const EMAIL_MAX: usize = 254;

/// An address ready to compare: lower-cased domain in ASCII (IDNA), lower-cased local part without a `+tag`,
/// E.164 for phones (with the account's country for national numbers), lower-cased handles. Empty when there is none.
pub fn normal(address: &Address, default_country: Option<&str>) -> String {
    match address.kind {
        AddressKind::Email => email(&address.value),
        AddressKind::Phone => phone::normal(&address.value, default_country),
        AddressKind::Handle => address.value.trim().trim_start_matches('@').to_lowercase(),
        AddressKind::Postal => postal(&address.value),
        AddressKind::Unspecified => address.value.trim().to_lowercase(),
    }
}

/// True when the text can be an email address to send to (RFC 5321 shape, no spaces or control characters).
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= EMAIL_MAX && is_local_part(local) && is_domain(domain)
}

/// The domain of an email address in ASCII lower case; empty when it has none.
pub fn domain(email: &str) -> String {
    email.rsplit_once('@').map_or_else(String::new, |(_, domain)| ascii_domain(domain))
}

impl Keys {
    /// The keyed hash (hex, 32 characters) that stands for a party in events and keys; empty for an empty address.
    pub fn party(&self, address: &Address, default_country: Option<&str>) -> String {
        let normal = normal(address, default_country);
        if normal.is_empty() {
            return normal;
        }
        mac::hex(&self.party, &["party", address.kind.token(), &normal])
    }
}

fn email(text: &str) -> String {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let Some((local, domain)) = text.rsplit_once('@') else { return text.to_lowercase() };
    let local = local.trim();
    // "jo.doe"@example.org is jo.doe@example.org (RFC 5321 §4.1.2); what needs its quotes keeps them.
    let bare = local.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(local);
    let local = match bare.char_indices().find(|(_, c)| *c == '+') {
        _ if !is_local_part(bare) => local,
        Some((at, _)) if at > 0 => &bare[..at],
        _ => bare,
    };
    format!("{}@{}", local.to_lowercase(), ascii_domain(domain))
}

/// IDNA's ASCII form; what IDNA refuses (host names with underscores, literals, nonsense) in lower case.
fn ascii_domain(domain: &str) -> String {
    let domain = domain.trim().trim_end_matches(['.', '>']).trim();
    match idna::domain_to_ascii(domain) {
        Ok(ascii) => ascii.trim_end_matches('.').to_owned(),
        Err(_) => domain.to_lowercase(),
    }
}

/// Letters and digits only, words one blank apart: line ends and commas are typing, not address.
fn postal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// A dot-atom (RFC 5321 §4.1.2), with the letters of RFC 6531.
fn is_local_part(local: &str) -> bool {
    (1..=LOCAL_PART_MAX).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(is_atom_character)
}

fn is_atom_character(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(character);
    }
    !character.is_control() && !character.is_whitespace() && !is_invisible(character)
}

/// Marks that reorder or hide what a person reads: they have no place in an address.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_domain(domain: &str) -> bool {
    let Ok(ascii) = idna::domain_to_ascii(domain) else { return false };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    ascii.len() <= 253 && ascii.split('.').all(label) && !ascii.rsplit('.').next().is_none_or(is_number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(kind: AddressKind, value: &str) -> Address {
        Address { kind, value: value.to_owned(), display_name: String::new() }
    }

    #[track_caller]
    fn check(kind: AddressKind, value: &str, expected: &str) {
        assert_eq!(normal(&address(kind, value), Some("GB")), expected, "{value}");
    }

    #[test]
    fn normal_forms() {
        use AddressKind::{Email, Handle, Phone, Postal, Unspecified};
        check(Email, "Jo.Doe+shop@Example.ORG", "jo.doe@example.org");
        check(Email, " <jo.doe@example.org> ", "jo.doe@example.org");
        check(Email, "\"jo.doe\"@example.org", "jo.doe@example.org");
        check(Email, "\"jo doe\"@example.org", "\"jo doe\"@example.org");
        check(Email, "\"a@b\"@example.org", "\"a@b\"@example.org");
        check(Email, "+shop@example.org", "+shop@example.org");
        check(Email, "jo@bücher.example", "jo@xn--bcher-kva.example");
        check(Email, "JO@XN--BCHER-KVA.EXAMPLE", "jo@xn--bcher-kva.example");
        check(Email, "jo@example.org.", "jo@example.org");
        check(Email, "JÖRG@example.org", "jörg@example.org");
        check(Email, "jo@[192.0.2.1]", "jo@[192.0.2.1]");
        check(Email, "jo@Some_Host.example.org", "jo@some_host.example.org");
        check(Email, "MAILER-DAEMON", "mailer-daemon");
        check(Email, "  ", "");
        check(Phone, "020 7946 0123", "+442079460123");
        check(Handle, "@JoDoe", "jodoe");
        check(Postal, "1, High Street,\r\n  Leeds", "1 high street leeds");
        check(Unspecified, " Jo ", "jo");
    }

    #[test]
    fn addresses_to_send_to() {
        for good in [
            "jo@example.org",
            "jo.doe+c.abc@mail.example.org",
            "o'hara@example.org",
            "jörg@bücher.example",
            "jo@localhost",
            "jo@xn--bcher-kva.example",
            &format!("{}@example.org", "a".repeat(64)),
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "jo",
            "@example.org",
            "jo@",
            "jo doe@example.org",
            "jo@exam ple.org",
            "jo@example.org\r\nBcc: all@example.org",
            "jo\n@example.org",
            "jo@example.org ",
            "<jo@example.org>",
            ".jo@example.org",
            "jo.@example.org",
            "j..o@example.org",
            "a@b@example.org",
            "\"a b\"@example.org",
            "jo@-example.org",
            "jo@example..org",
            "jo@192.0.2.1",
            "jo@[192.0.2.1]",
            "jo\u{202e}gro@example.org",
            "jo,al@example.org",
            &format!("{}@example.org", "a".repeat(65)),
            &format!("jo@{}.example.org", "a".repeat(64)),
            &format!("jo@{}org", "abcdefg.".repeat(32)),
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn domains() {
        assert_eq!(domain("jo@Bücher.Example."), "xn--bcher-kva.example");
        assert_eq!(domain("<jo@example.org>"), "example.org");
        assert_eq!(domain("jo"), "");
        assert_eq!(domain(""), "");
    }

    #[test]
    fn parties_are_told_apart_by_address_kind_and_key() {
        let keys = Keys::from_master(&[1; 32]);
        let party = |kind, value: &str| keys.party(&address(kind, value), None);
        let jo = party(AddressKind::Email, "jo@example.org");
        assert_eq!(jo.len(), 32);
        assert!(jo.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
        assert_eq!(jo, party(AddressKind::Email, "JO+x@EXAMPLE.org"));
        assert_ne!(jo, party(AddressKind::Email, "jon@example.org"));
        assert_ne!(jo, party(AddressKind::Handle, "jo@example.org"));
        assert_ne!(
            jo,
            Keys::from_master(&[2; 32]).party(&address(AddressKind::Email, "jo@example.org"), None)
        );
        assert_eq!(party(AddressKind::Email, ""), "");
        assert_eq!(party(AddressKind::Handle, "@"), "");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in any::<String>()) {
            let _ = (is_email(&text), domain(&text));
            for kind in AddressKind::ALL {
                let _ = normal(&address(*kind, &text), Some("GB"));
            }
        }

        #[test]
        fn the_normal_form_of_an_email_stays(
            text in "[a-zA-Z0-9ÄßİΣ\"+.@_ -]{0,12}@[a-zA-Z0-9äß。._-]{0,20}"
        ) {
            let once = normal(&address(AddressKind::Email, &text), None);
            prop_assert_eq!(normal(&address(AddressKind::Email, &once), None), once);
        }

        #[test]
        fn what_can_be_sent_to_keeps_its_domain(local in "[a-z]{1,8}", host in "[a-z]{1,8}\\.[a-z]{2,5}") {
            let text = format!("{local}@{host}");
            prop_assert!(is_email(&text));
            prop_assert_eq!(domain(&text), host);
        }
    }
}
