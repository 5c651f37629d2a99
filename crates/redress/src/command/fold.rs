//! The words of a contact with quotes, forwarded mails and signatures folded, where its channel says that they may be.

use redress_contract::{Contact, TextRole};

/// How much of a contact's words is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// What is not new is folded to a line, where little is hidden by that.
    Folded,
    /// Every word.
    Whole,
}

/// The words of a contact as they are shown.
pub(super) fn words(contact: &Contact, shown: Shown) -> String {
    if shown == Shown::Whole || !contact.text_foldable {
        return contact.text.clone();
    }
    let text = contact.text.as_str();
    let (mut words, mut from) = (String::new(), 0);
    for span in contact.text_spans.iter().filter(|span| folds(span.role)) {
        let lines = span.of(text).lines().count();
        words.push_str(text.get(from..span.start_byte as usize).unwrap_or_default());
        words = format!("{words}[… {}, {lines} lines; --whole shows them]", span.role.token());
        from = span.end_byte as usize;
    }
    words + text.get(from..).unwrap_or_default()
}

fn folds(role: TextRole) -> bool {
    match role {
        TextRole::Quoted | TextRole::Forwarded | TextRole::Signature => true,
        TextRole::Answered | TextRole::SignOff | TextRole::Unspecified => false,
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::TextSpan;

    use super::*;

    #[test]
    fn what_may_be_folded_becomes_a_line() {
        let span = TextSpan { role: TextRole::Quoted, start_byte: 10, end_byte: 17 };
        let mut contact = Contact {
            text: "Not so.\n\n\n> a\n> b\n\nAnn".to_owned(),
            text_spans: vec![span],
            text_foldable: true,
            ..Contact::default()
        };
        assert_eq!(
            words(&contact, Shown::Folded),
            "Not so.\n\n\n[… quoted, 2 lines; --whole shows them]\n\nAnn"
        );
        assert_eq!(words(&contact, Shown::Whole), contact.text);
        contact.text_foldable = false;
        assert_eq!(words(&contact, Shown::Folded), contact.text);
    }
}
