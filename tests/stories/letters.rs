//! Mails as strangers write them.

use std::fmt::Write as _;

use redress_tests::stage::outgoing::Sent;
use redress_tests::stage::settings::HELP;

/// A mail to be written.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    from: String,
    to: String,
    subject: String,
    message_id: Option<String>,
    headers: String,
    content_type: String,
    body: Vec<u8>,
}

impl Letter {
    /// A mail to the mailbox `help`, with an id made from sender and subject.
    pub(crate) fn from(from: &str, subject: &str, words: &str) -> Self {
        let id: String = format!("{from}.{subject}").chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            from: from.to_owned(),
            to: HELP.to_owned(),
            subject: subject.to_owned(),
            message_id: Some(format!("{}@mail.example.com", id.to_lowercase())),
            headers: String::new(),
            content_type: "text/plain; charset=utf-8".to_owned(),
            body: words.as_bytes().to_vec(),
        }
    }

    pub(crate) fn to(mut self, address: &str) -> Self {
        address.clone_into(&mut self.to);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    pub(crate) fn without_id(mut self) -> Self {
        self.message_id = None;
        self
    }

    pub(crate) fn body(mut self, content_type: &str, bytes: &[u8]) -> Self {
        content_type.clone_into(&mut self.content_type);
        self.body = bytes.to_vec();
        self
    }

    /// As a mail program answers: to the reply address, naming what it answers.
    pub(crate) fn answering(self, sent: &Sent) -> Self {
        let id = sent.header("Message-ID");
        let references = format!("{} {id}", sent.header("References"));
        let reply_to = sent.header("Reply-To");
        self.to(&reply_to).header("In-Reply-To", &id).header("References", references.trim())
    }

    pub(crate) fn message_id(&self) -> String {
        self.message_id.clone().unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("From: {}\r\nTo: {}\r\nSubject: {}\r\n", self.from, self.to, self.subject);
        if let Some(id) = &self.message_id {
            let _ = write!(head, "Message-ID: <{id}>\r\n");
        }
        let _ = write!(
            head,
            "Date: Mon, 5 Mar 2035 08:59:00 +0000\r\nMIME-Version: 1.0\r\n{}Content-Type: {}\r\n\r\n",
            self.headers, self.content_type
        );
        [head.as_bytes(), &self.body].concat()
    }
}

/// A report of non-delivery (RFC 3464) for a mail of ours, as a mail server sends it to the bounce address.
pub(crate) fn bounce(sent: &Sent, status: &str, words: &str) -> Vec<u8> {
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered. {words}\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 {status} <{to}> {words}\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
         Message-ID: {id}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n--b--\r\n",
        to = sent.to,
        id = sent.header("Message-ID"),
        subject = sent.subject(),
    );
    Letter::from(
        "Mail Delivery System <MAILER-DAEMON@mx.example.com>",
        "Undelivered Mail Returned to Sender",
        "",
    )
    .to(&sent.envelope_from)
    .header("Return-Path", "<>")
    .header("Auto-Submitted", "auto-replied")
    .body("multipart/report; report-type=delivery-status; boundary=b", body.as_bytes())
    .bytes()
}
