//! Bounces told as JSON by a sending service (Amazon SES through SNS), as mail.

use redress_contract::contact::DeliveryReport;
use serde::Deserialize;

use super::{recipient, status};

/// What such a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Bounce,
    Complaint,
    Delivery,
}

/// A notification that was read.
pub(crate) struct Notification {
    pub(crate) about: About,
    pub(crate) deliveries: Vec<DeliveryReport>,
}

/// The outer layer; SNS puts the message into a string.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(alias = "eventType")]
    notification_type: String,
    bounce: Option<Bounce>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    #[serde(default)]
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Bounced>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounced {
    email_address: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    diagnostic_code: String,
}

/// Reads the text of a mail; nothing when it is no such notification.
pub(crate) fn read(text: &str) -> Option<Notification> {
    // Mail servers break long lines, inside strings too.
    let text = text.trim_start().replace('\n', "");
    let text = text.as_str();
    if !text.starts_with('{') || !text.contains("Type") {
        return None;
    }
    // What follows the object (a footer that tells how to unsubscribe) is not part of it.
    let first = |json: &str| serde_json::Deserializer::from_str(json).into_iter::<Envelope>().next();
    let inner = first(text).and_then(Result::ok).map(|envelope| envelope.message);
    let json = inner.as_deref().unwrap_or(text);
    let message = serde_json::Deserializer::from_str(json).into_iter::<Message>().next()?.ok()?;
    let about = match message.notification_type.as_str() {
        "Bounce" => About::Bounce,
        "Complaint" => About::Complaint,
        "Delivery" => About::Delivery,
        _ => return None,
    };
    let bounce = message.bounce;
    let permanent = bounce.as_ref().is_none_or(|bounce| bounce.bounce_type != "Transient");
    let bounced = bounce.map(|bounce| bounce.bounced_recipients).unwrap_or_default();
    let deliveries = bounced.iter().filter_map(|one| report(one, permanent)).collect();
    Some(Notification { about, deliveries })
}

fn report(bounced: &Bounced, permanent: bool) -> Option<DeliveryReport> {
    let said = status::stated(&bounced.status);
    let status = said.or_else(|| status::find(std::iter::once(bounced.diagnostic_code.as_str())));
    Some(DeliveryReport {
        recipient: recipient(&bounced.email_address)?,
        status: status.unwrap_or_default(),
        permanent,
        original_message_id: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_inside_a_string_inside_json() {
        let inner = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":
            [{"emailAddress":"ann@example.org","status":"5.1.1"}]}}"#;
        let text = format!(
            "{{ \"Type\": \"Notification\", \"Message\": {} }}\n--\nTo stop:",
            serde_json::json!(inner)
        );
        let found = read(&text).unwrap();
        assert_eq!(found.about, About::Bounce);
        assert_eq!(found.deliveries[0].recipient, "ann@example.org");
        assert!(found.deliveries[0].permanent);
        assert!(read("{ my kettle is broken, Type 3 }").is_none());
    }
}
