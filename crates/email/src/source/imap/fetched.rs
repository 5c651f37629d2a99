//! What a server says about one mail, read from its answer.

use async_imap::imap_proto::{AttributeValue, Response};
use bytes::Bytes;
use jiff::Timestamp;

/// What the server says about one mail.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) uid: u32,
    pub(super) size: Option<u32>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) raw: Option<Bytes>,
    /// Where in the mail `raw` begins, when the server says that it is a piece.
    pub(super) begins_at: Option<u32>,
}

/// The bytes of a mail, where the connection's buffer has them: an answer of the server (whose type has no name outside its
/// library), and the way to the bytes in it.
struct Kept<A, B>(A, B);

impl<A, B: Fn(&A) -> &[u8]> AsRef<[u8]> for Kept<A, B> {
    fn as_ref(&self) -> &[u8] {
        (self.1)(&self.0)
    }
}

/// Keeps an answer for the bytes in it.
pub(super) fn keep<A: Send + 'static, B: Fn(&A) -> &[u8] + Send + 'static>(answer: A, body: B) -> Bytes {
    Bytes::from_owner(Kept(answer, body))
}

/// The bytes of the mail that an answer holds.
pub(super) fn body_of<'a>(answer: &'a Response<'a>) -> Option<&'a [u8]> {
    match answer {
        Response::Fetch(_, attributes) => body(attributes),
        _ => None,
    }
}

fn body<'a>(attributes: &'a [AttributeValue<'a>]) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { section: None, data: Some(data), .. } => Some(data.as_ref()),
        _ => None,
    })
}

/// What is said of a mail, but for its bytes.
pub(super) fn fetched(attributes: &[AttributeValue<'_>]) -> Option<Fetched> {
    let mut fetched = Fetched::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => fetched.uid = *uid,
            AttributeValue::Rfc822Size(size) => fetched.size = Some(*size),
            AttributeValue::BodySection { section: None, index, .. } => fetched.begins_at = *index,
            AttributeValue::InternalDate(date) => fetched.received_at = internal_date(date),
            _ => {}
        }
    }
    (fetched.uid > 0).then_some(fetched)
}

/// `17-Jul-1996 02:44:25 -0700`, the day perhaps with a blank in front.
fn internal_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read() {
        let read = |text| internal_date(text).map(|at| at.to_string());
        assert_eq!(read("17-Jul-1996 02:44:25 -0700").as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(read(" 7-Jul-1996 02:44:25 +0000").as_deref(), Some("1996-07-07T02:44:25Z"));
        assert_eq!(read("yesterday"), None);
    }
}
