//! What was sent. Every mail is looked at: a story takes each from the list, and what nobody took fails the story.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use mail_parser::MessageParser;
use redress_testkit::smtp::{Mail, Options};
use redress_testkit::{SmtpSink, eventually};

use super::Stage;

/// The mail server, which may be away, and what it was given.
#[derive(Debug)]
pub(super) struct Outgoing {
    address: SocketAddr,
    sink: Option<SmtpSink>,
    /// What was given before it went away.
    before: Vec<Mail>,
    taken: Mutex<BTreeSet<usize>>,
}

/// A mail that went out.
#[derive(Debug, Clone)]
pub struct Sent {
    /// `MAIL FROM`.
    pub envelope_from: String,
    /// `RCPT TO`.
    pub to: String,
    /// As it went over the wire.
    pub raw: Bytes,
}

impl Outgoing {
    pub(super) fn of(sink: SmtpSink) -> Self {
        Self { address: sink.address(), sink: Some(sink), before: Vec::new(), taken: Mutex::default() }
    }

    fn all(&self) -> Vec<Mail> {
        let now = self.sink.as_ref().map(SmtpSink::mails).unwrap_or_default();
        self.before.iter().cloned().chain(now).collect()
    }

    fn take(&self, wanted: impl Fn(&Sent) -> bool) -> Option<Sent> {
        let mut taken = self.taken.lock().expect("nobody panics while holding it");
        let untaken = self.all().into_iter().enumerate().filter(|(index, _)| !taken.contains(index));
        let (index, sent) =
            untaken.map(|(index, mail)| (index, Sent::of(mail))).find(|(_, sent)| wanted(sent))?;
        taken.insert(index);
        Some(sent)
    }

    /// Mails nobody has looked at.
    pub(super) fn untaken(&self) -> Vec<Sent> {
        let taken = self.taken.lock().expect("nobody panics while holding it");
        let untaken = self.all().into_iter().enumerate().filter(|(index, _)| !taken.contains(index));
        untaken.map(|(_, mail)| Sent::of(mail)).collect()
    }
}

impl Stage {
    /// The mail server, to tell it what to refuse.
    ///
    /// # Panics
    /// While it is away.
    pub fn smtp(&self) -> &SmtpSink {
        self.outgoing.sink.as_ref().expect("the mail server is there")
    }

    /// Takes the next mail, as soon as one goes out.
    pub async fn sent(&self) -> Sent {
        eventually("a mail goes out", async || self.outgoing.take(|_| true)).await
    }

    /// Takes the next mail to an address, as soon as it goes out.
    pub async fn sent_to(&self, address: &str) -> Sent {
        let what = format!("a mail to {address} goes out");
        eventually(&what, async || self.outgoing.take(|sent| sent.to == address)).await
    }

    /// All mails that went out and were not taken yet.
    pub fn sent_so_far(&self) -> Vec<Sent> {
        self.outgoing.untaken()
    }

    /// Addresses of the mails nobody has looked at yet.
    pub fn waiting_mails(&self) -> Vec<String> {
        self.outgoing.untaken().into_iter().map(|sent| sent.to).collect()
    }

    /// The mail server goes away: nobody answers at its address.
    pub async fn smtp_leaves(&mut self) {
        let mails = self.outgoing.all();
        self.outgoing.before = mails;
        self.outgoing.sink = None;
        let address = self.outgoing.address;
        let gone = async || tokio::net::TcpStream::connect(address).await.is_err().then_some(());
        eventually("nobody answers at the mail server's address", gone).await;
    }

    /// The mail server comes back.
    pub async fn smtp_returns(&mut self) {
        self.outgoing.sink = Some(SmtpSink::start_at(self.outgoing.address, Options::default()).await);
    }
}

impl Sent {
    fn of(mail: Mail) -> Self {
        let to = mail.recipients.join(", ");
        Self { envelope_from: mail.envelope_from, to, raw: mail.bytes }
    }

    /// A header as it reads, unfolded; empty when it is not there.
    pub fn header(&self, name: &str) -> String {
        let message = MessageParser::default().parse(&self.raw[..]).expect("what goes out is a mail");
        let raw = message.header_raw(name).unwrap_or_default();
        raw.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Its subject, decoded.
    pub fn subject(&self) -> String {
        let message = MessageParser::default().parse(&self.raw[..]).expect("what goes out is a mail");
        message.subject().unwrap_or_default().to_owned()
    }

    /// Its plain text, decoded.
    pub fn text(&self) -> String {
        let message = MessageParser::default().parse(&self.raw[..]).expect("what goes out is a mail");
        message.body_text(0).unwrap_or_default().into_owned()
    }

    /// Its HTML, decoded.
    pub fn html(&self) -> String {
        let message = MessageParser::default().parse(&self.raw[..]).expect("what goes out is a mail");
        message.body_html(0).unwrap_or_default().into_owned()
    }
}
