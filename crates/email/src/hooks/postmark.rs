//! Postmark: JSON, with the mail as it came when "Include raw email content" is on.

use bytes::Bytes;
use data_encoding::BASE64_MIME_PERMISSIVE;
use serde_json::Value;

use super::compose::{Draft, File, Words, mailbox};
use super::{Posted, Refusal};

pub(super) fn mail(post: &Value) -> Result<Posted, Refusal> {
    let raw = text(post, "RawEmail");
    if !raw.is_empty() {
        return Ok(Posted::raw(Bytes::copy_from_slice(raw.as_bytes()), None));
    }
    // Notices of deliveries, bounces and opens have no such thing.
    if !post["Headers"].is_array() || (post.get("From").is_none() && post.get("FromFull").is_none()) {
        return Err(Refusal::Shape("From or Headers is not there: this is no inbound mail"));
    }
    let mut draft = Draft::default();
    header(post, &mut draft);
    draft.text(Words::utf8(text(post, "TextBody")));
    draft.html(Words::utf8(text(post, "HtmlBody")));
    for file in post["Attachments"].as_array().into_iter().flatten() {
        draft.file(attachment(file));
    }
    Ok(Posted::composed(&draft, None))
}

fn header(post: &Value, draft: &mut Draft) {
    for field in post["Headers"].as_array().into_iter().flatten() {
        draft.field(text(field, "Name"), text(field, "Value"));
    }
    let from = person(&post["FromFull"]);
    draft.field_unless_given("From", if from.is_empty() { text(post, "From") } else { &from });
    for (name, list, plain) in [("To", "ToFull", "To"), ("Cc", "CcFull", "Cc"), ("Bcc", "BccFull", "Bcc")] {
        let people: Vec<String> = post[list].as_array().into_iter().flatten().map(person).collect();
        let people = people.join(", ");
        draft.field_unless_given(name, if people.is_empty() { text(post, plain) } else { &people });
    }
    for (name, field) in [
        ("Reply-To", "ReplyTo"),
        ("Subject", "Subject"),
        ("Date", "Date"),
        ("X-Postmark-Message-Id", "MessageID"),
        ("X-Postmark-Tag", "Tag"),
    ] {
        draft.field_unless_given(name, text(post, field));
    }
    draft.delivered_to(text(post, "OriginalRecipient"));
}

fn person(person: &Value) -> String {
    mailbox(text(person, "Name"), text(person, "Email"))
}

fn attachment(file: &Value) -> File {
    let content = text(file, "Content");
    let bytes = BASE64_MIME_PERMISSIVE.decode(content.as_bytes());
    File {
        name: text(file, "Name").to_owned(),
        media_type: text(file, "ContentType").to_owned(),
        content_id: text(file, "ContentID").to_owned(),
        // What cannot be decoded is kept as it came.
        content: bytes.unwrap_or_else(|_| content.as_bytes().to_vec()).into(),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
