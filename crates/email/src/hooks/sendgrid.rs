//! `SendGrid`'s Inbound Parse (Twilio): a form, with the mail as it came when "POST the raw, full MIME message" is on.
//! Each other field is in a charset of its own, which the field `charsets` states.

use bytes::Bytes;
use mail_parser::decoders::charsets::map::charset_decoder;
use serde_json::Value;

use super::compose::{Draft, File, Words};
use super::fields::{Field, Fields};
use super::{Posted, Refusal};

pub(super) fn mail(fields: &Fields) -> Result<Posted, Refusal> {
    if let Some(raw) = fields.get("email").filter(|raw| !raw.is_empty()) {
        return Ok(Posted::raw(raw.clone(), None));
    }
    if fields.get("headers").is_none() && fields.get("envelope").is_none() {
        return Err(Refusal::Shape("neither email nor headers nor envelope is there"));
    }
    let charsets = fields.json("charsets");
    let mut draft = Draft::default();
    header(fields, &charsets, &mut draft);
    let words = |name: &str| Words {
        charset: charset(&charsets, name).to_owned(),
        content: fields.get(name).cloned().unwrap_or_default(),
    };
    draft.text(words("text"));
    draft.html(words("html"));
    for file in files(fields) {
        draft.file(file);
    }
    Ok(Posted::composed(&draft, None))
}

fn header(fields: &Fields, charsets: &Value, draft: &mut Draft) {
    for (name, value) in given(fields.get("headers").map(|block| &block[..]).unwrap_or_default()) {
        draft.field(&name, value);
    }
    for (name, field) in [("From", "from"), ("To", "to"), ("Cc", "cc"), ("Subject", "subject")] {
        let value =
            fields.get(field).map(|value| decoded(value, charset(charsets, field))).unwrap_or_default();
        draft.field_unless_given(name, value);
    }
    let envelope = fields.json("envelope");
    if let Some(sender) = envelope["from"].as_str() {
        draft.returns_to(sender);
    }
    for recipient in envelope["to"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        draft.delivered_to(recipient);
    }
    for (name, field) in [
        ("X-Sendgrid-Spf", "SPF"),
        ("X-Sendgrid-Dkim", "dkim"),
        ("X-Sendgrid-Spam-Score", "spam_score"),
        ("X-Sendgrid-Sender-Ip", "sender_ip"),
    ] {
        if let Some(value) = fields.get(field) {
            draft.field(name, value);
        }
    }
}

/// The fields of a header as it came; a line that begins with a blank belongs to the one before.
fn given(block: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    for line in block.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let middle = line.iter().position(|byte| *byte == b':');
        match (line.first(), middle) {
            (Some(b' ' | b'\t'), _) => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(b'\n');
                    value.extend_from_slice(line);
                }
            }
            (Some(_), Some(middle)) => {
                let (name, value) = line.split_at(middle);
                fields.push((String::from_utf8_lossy(name).trim_end().to_owned(), value[1..].to_vec()));
            }
            _ => {}
        }
    }
    fields
}

fn files(fields: &Fields) -> Vec<File> {
    let (info, ids) = (fields.json("attachment-info"), fields.json("content-ids"));
    let file = |field: &Field| {
        let stated = &info[&field.name];
        let of_map = || ids.as_object()?.iter().find(|(_, of)| of.as_str() == Some(&field.name));
        let id = stated["content-id"].as_str().or_else(|| of_map().map(|(id, _)| id.as_str()));
        let name = field.file_name.as_deref().filter(|name| !name.is_empty());
        let media_type = Some(field.media_type.as_str()).filter(|stated| !stated.is_empty());
        File {
            name: name.or_else(|| stated["filename"].as_str()).unwrap_or_default().to_owned(),
            media_type: media_type.or_else(|| stated["type"].as_str()).unwrap_or_default().to_owned(),
            content_id: id.unwrap_or_default().to_owned(),
            content: field.content.clone(),
        }
    };
    fields.0.iter().filter(|field| field.is_file()).map(file).collect()
}

fn charset<'a>(charsets: &'a Value, field: &str) -> &'a str {
    charsets[field].as_str().unwrap_or("utf-8")
}

fn decoded(value: &Bytes, charset: &str) -> Vec<u8> {
    match charset_decoder(charset.as_bytes()) {
        Some(decode) => decode(value).into_bytes(),
        None => value.to_vec(),
    }
}
