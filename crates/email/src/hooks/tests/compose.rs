//! What a mail is put together from is read back from it, and nothing else is.

use super::*;

/// Text without what a header cannot hold, and without blanks at its ends or in rows.
fn line() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äöüß€🙂,;.!'()-]{1,12}( [a-zA-Z0-9äöüß€🙂,;.!'()-]{1,12}){0,6}"
}

fn file() -> impl Strategy<Value = (String, Vec<u8>)> {
    ("[a-zA-Z0-9äöü€ \"'%*;=&._-]{1,30}", proptest::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(name, content)| (name.trim().to_owned() + "x", content))
}

proptest! {
    #[test]
    fn what_was_put_together_is_read_back(
        subject in line(),
        name in r#"[a-zA-ZäöüŁ"\\,<>@.]{1,8}( [a-zA-Z"\\,]{1,8})?"#,
        plain in any::<String>(),
        html in proptest::option::of("<p>[^\r\0]{0,80}</p>"),
        files in proptest::collection::vec(file(), 0..4),
    ) {
        prop_assume!(!plain.is_empty() && !plain.contains(['\0', '\u{feff}']));
        let mut draft = Draft::default();
        draft.field("From", mailbox(&name, "ann@example.com"));
        draft.field("Subject", &subject);
        draft.text(Words::utf8(&plain));
        draft.html(Words::utf8(html.as_deref().unwrap_or_default()));
        for (name, content) in &files {
            draft.file(File {
                name: name.clone(),
                media_type: "application/x-any".to_owned(),
                content_id: String::new(),
                content: content.clone().into(),
            });
        }
        let raw = draft.write();
        prop_assert_eq!(&raw, &draft.write());
        let mail = MessageParser::default().parse(&raw[..]).unwrap();
        prop_assert_eq!(mail.subject(), Some(subject.as_str()));
        let Some(Address::List(from)) = mail.from() else { panic!("no sender") };
        prop_assert_eq!((from.len(), from[0].address(), from[0].name()), (1, Some("ann@example.com"), Some(name.as_str())));
        let body = mail.text_part(0).and_then(|part| part.text_contents());
        prop_assert_eq!(body, Some(plain.as_str()));
        if let Some(html) = &html {
            prop_assert_eq!(mail.html_part(0).and_then(|part| part.text_contents()), Some(html.as_str()));
        }
        let read: Vec<(String, Vec<u8>)> = attached(&raw).into_iter().map(|(name, _, _, content)| (name, content)).collect();
        prop_assert_eq!(read, files);
    }

    #[test]
    fn nothing_that_somebody_wrote_begins_a_field_or_a_part(
        name in ".{0,30}", value in any::<Vec<u8>>(), media_type in any::<String>(), id in any::<String>(), charset in any::<String>(),
    ) {
        let mut draft = Draft::default();
        draft.field(&name, &value);
        draft.text(Words { charset, content: "--=_redress_mixed--\r\n".into() });
        draft.file(File { name, media_type, content_id: id, content: value.into() });
        let raw = draft.write();
        let head = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let lines = raw[..head].split(|byte| *byte == b'\n').count();
        prop_assert!(lines <= 3, "the field, MIME-Version and Content-Type");
        let mail = MessageParser::default().parse(&raw[..]).unwrap();
        prop_assert_eq!(mail.attachment_count(), 1);
        prop_assert_eq!(mail.parts.len(), 3);
    }
}
