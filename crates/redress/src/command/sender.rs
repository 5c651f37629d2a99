//! Who a contact is from, and what is known of whether that is so, in a person's words.

use redress_contract::{Channel, Contact, Verdict, VerdictMethod};

/// Name and address of the sender.
pub(super) fn sender(contact: &Contact) -> String {
    contact.sender.as_ref().map_or_else(
        || "nobody named".to_owned(),
        |sender| format!("{} <{}>", sender.display_name, sender.value).trim_start().to_owned(),
    )
}

/// What is known of whether the sender is who they say; nothing where a channel has no such question.
pub(super) fn confirmed(contact: &Contact) -> Option<String> {
    let Some(known) = &contact.sender_verdict else {
        return (contact.channel == Channel::Email)
            .then(|| "not checked: no mail server is trusted to say who wrote".to_owned());
    };
    let whose = match known.verifier.as_str() {
        "" => "checked here".to_owned(),
        "-" => "says the mail server".to_owned(),
        server => format!("says {server}"),
    };
    let about = if known.domain.is_empty() { String::new() } else { format!(" for {}", known.domain) };
    let by = match known.method {
        VerdictMethod::Dmarc => "DMARC",
        VerdictMethod::Dkim => "a signature (DKIM)",
        VerdictMethod::Spf => "the sending server (SPF)",
        VerdictMethod::Unspecified => "nothing",
    };
    Some(match known.verdict {
        Verdict::Pass => format!("confirmed by {by}{about}, {whose}"),
        Verdict::Fail => format!("NOT CONFIRMED, perhaps forged: refuted by {by}{about}, {whose}"),
        Verdict::None => format!("not confirmed: nothing vouches for the address, {whose}"),
        Verdict::Unknown => format!("not confirmed: it could not be checked, {whose}"),
        Verdict::Unspecified => "not checked".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::SenderVerdict;

    use super::*;

    #[test]
    fn a_person_is_told_whether_the_sender_is_who_they_say() {
        let mut contact = Contact { channel: Channel::Email, ..Contact::default() };
        let said = |contact: &Contact| confirmed(contact).unwrap_or_default();
        assert_eq!(said(&contact), "not checked: no mail server is trusted to say who wrote");
        for (verdict, method, verifier, expected) in [
            (
                Verdict::Pass,
                VerdictMethod::Dmarc,
                "mx.example.org",
                "confirmed by DMARC for example.com, says mx.example.org",
            ),
            (
                Verdict::Pass,
                VerdictMethod::Dkim,
                "",
                "confirmed by a signature (DKIM) for example.com, checked here",
            ),
            (
                Verdict::Fail,
                VerdictMethod::Dmarc,
                "-",
                "NOT CONFIRMED, perhaps forged: refuted by DMARC for example.com, says the mail server",
            ),
            (
                Verdict::None,
                VerdictMethod::Unspecified,
                "mx.example.org",
                "not confirmed: nothing vouches for the address, says mx.example.org",
            ),
            (
                Verdict::Unknown,
                VerdictMethod::Dmarc,
                "",
                "not confirmed: it could not be checked, checked here",
            ),
        ] {
            let domain = "example.com".to_owned();
            let verdict = SenderVerdict { verdict, method, domain, verifier: verifier.to_owned() };
            contact.sender_verdict = Some(verdict);
            assert_eq!(said(&contact), expected);
        }
        let form = Contact { channel: Channel::Web, ..Contact::default() };
        assert_eq!(confirmed(&form), None);
    }
}
