//! Mailgun: a route's `forward(…)`. An address that ends in `/mime` gets the mail as it came; any other what Mailgun read of it.

use jiff::Timestamp;
use serde_json::Value;

use super::compose::{Draft, File, Words};
use super::fields::Fields;
use super::signature::mailgun_time;
use super::{Posted, Refusal};

pub(super) fn mail(fields: &Fields) -> Result<Posted, Refusal> {
    let received_at = mailgun_time(fields);
    if let Some(raw) = fields.get("body-mime").filter(|raw| !raw.is_empty()) {
        return Ok(Posted::raw(raw.clone(), received_at));
    }
    if fields.get("recipient").is_none() && fields.get("message-headers").is_none() {
        return Err(Refusal::Shape("neither body-mime nor recipient nor message-headers is there"));
    }
    if fields.get("attachments").is_some() && !fields.0.iter().any(super::fields::Field::is_file) {
        // Of store(notify=…): the files lie at Mailgun, and would be lost.
        return Err(Refusal::Shape(
            "the attachments are not in the post; use forward() in the route, not store()",
        ));
    }
    Ok(composed(fields, received_at))
}

fn composed(fields: &Fields, received_at: Option<Timestamp>) -> Posted {
    let mut draft = Draft::default();
    given(fields, &mut draft);
    for (name, field) in [("From", "from"), ("Subject", "subject"), ("To", "recipient")] {
        draft.field_unless_given(name, fields.get(field).map(|value| &value[..]).unwrap_or_default());
    }
    if let Some(sender) = fields.text("sender") {
        draft.returns_to(sender);
    }
    for recipient in fields.text("recipient").into_iter().flat_map(|all| all.split(',')) {
        draft.delivered_to(recipient.trim());
    }
    let words = |name: &str| Words {
        charset: "utf-8".to_owned(),
        content: fields.get(name).cloned().unwrap_or_default(),
    };
    draft.text(words("body-plain"));
    draft.html(words("body-html"));
    let ids = content_ids(&fields.json("content-id-map"));
    for field in fields.0.iter().filter(|field| field.is_file()) {
        draft.file(File {
            name: field.file_name.clone().unwrap_or_default(),
            media_type: field.media_type.clone(),
            content_id: ids
                .iter()
                .find(|(_, of)| *of == field.name)
                .map(|(id, _)| id.clone())
                .unwrap_or_default(),
            content: field.content.clone(),
        });
    }
    Posted::composed(&draft, received_at)
}

/// The mail's own header: as a list, or (older) each as a field, told from Mailgun's own by its capital letter.
fn given(fields: &Fields, draft: &mut Draft) {
    if let Value::Array(list) = fields.json("message-headers") {
        for pair in &list {
            if let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) {
                draft.field(name, value);
            }
        }
        return;
    }
    let own = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
    for field in fields.0.iter().filter(|field| own(&field.name) && !field.is_file()) {
        draft.field(&field.name, &field.content);
    }
}

/// Content-ID and the name of the field that holds the file.
fn content_ids(map: &Value) -> Vec<(String, String)> {
    let pairs = map.as_object().into_iter().flatten();
    pairs.filter_map(|(id, field)| Some((id.clone(), field.as_str()?.to_owned()))).collect()
}
