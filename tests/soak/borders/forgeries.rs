//! Forged reply tokens: what somebody could make of a real one. Each is put wherever a mail may bear a token and read as
//! the router reads it; none may be taken.

use std::collections::BTreeSet;

use anyhow::ensure;
use redress_contract::contact::{Address, Thread};
use redress_contract::{AddressKind, Channel, CommunicationId, Contact, EventId, Recipient};
use redress_identity::Keys;
use redress_router::plan;
use redress_tests::results::{Bar, Results};

use super::tokens::House;

/// At least so many are tried.
const FORGERIES_MIN: usize = 500;

/// What stands in signed texts, and what mail servers let stand there besides.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz234567890.-_+=";

/// Letters that look like, or fold to, those of a signature.
const LOOK_ALIKE: [(char, &[&str]); 6] = [
    ('k', &["\u{212a}", "\u{ff4b}"]),
    ('s', &["\u{17f}", "\u{455}"]),
    ('i', &["\u{130}", "\u{131}"]),
    ('a', &["\u{430}", "\u{ff41}", "a\u{301}"]),
    ('o', &["\u{43e}", "0"]),
    ('2', &["\u{ff12}", "\u{b2}"]),
];

/// A signed text: mailbox with tag or Message-ID, cut at its parts.
struct Signed {
    before: String,
    kind: &'static str,
    names: Vec<String>,
    mac: String,
}

pub(crate) fn run(results: &mut Results) -> anyhow::Result<()> {
    let house = House::new()?;
    let router = redress_router::Config::check(&redress_router::config::Settings::default());
    let router = router.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let accepted = |text: &str| {
        let contacts = [to(text), answering(text)];
        contacts.iter().any(|contact| !plan::clues(contact, &house.keys, &router).tokens.is_empty())
    };
    let signed = all_signed(&house.keys, &house);
    for one in &signed {
        ensure!(accepted(&one.text()), "the control: what we signed is taken");
        ensure!(accepted(&one.text().to_uppercase()), "the control: servers may change the case");
    }
    let mut forged = forgeries(&house, &signed);
    for text in signed.iter().map(Signed::text) {
        forged.remove(&text.to_ascii_lowercase());
    }
    let taken: Vec<&String> = forged.iter().filter(|text| accepted(text)).collect();
    ensure!(taken.len() <= 5, "taken: {:?}", &taken[..5]);
    results.count("core.forgeries", forged.len(), "tokens", Bar::AtLeast(500.0));
    results.count("core.forgeries_accepted", taken.len(), "tokens", Bar::Exactly(0.0));
    ensure!(forged.len() >= FORGERIES_MIN && taken.is_empty(), "forged tokens were taken: {taken:?}");
    Ok(())
}

impl Signed {
    fn new(text: &str, kind: &'static str) -> Self {
        let local = text.split('@').next().unwrap_or_default();
        let (before, tag) = local.rsplit_once('+').map_or(("", local), |(before, tag)| (before, tag));
        let before = if before.is_empty() { String::new() } else { format!("{before}+") };
        let mut parts: Vec<String> = tag.split('.').map(str::to_owned).collect();
        let mac = parts.pop().unwrap_or_default();
        Self { before, kind, names: parts.split_off(1), mac }
    }

    fn text(&self) -> String {
        self.with(self.kind, &self.names, &self.mac)
    }

    fn with(&self, kind: &str, names: &[String], mac: &str) -> String {
        format!("{}{kind}.{}.{mac}@example.org", self.before, names.join("."))
    }
}

fn all_signed(keys: &Keys, house: &House) -> Vec<Signed> {
    let mut all = Vec::new();
    for complaint in [&house.complaint, &house.other] {
        let event = EventId::of(&complaint.id, 1);
        let id: CommunicationId = keys.communication_id(&event, "acknowledgement", Recipient::Complainant);
        all.push(Signed::new(&keys.reply_address("help@example.org", &complaint.id), "c"));
        all.push(Signed::new(&keys.bounce_address("bounce@example.org", &id), "b"));
        all.push(Signed::new(&keys.message_id(&id, &complaint.id, "example.org"), "m"));
    }
    all
}

/// All forgeries, each once.
fn forgeries(house: &House, signed: &[Signed]) -> BTreeSet<String> {
    let mut forged = BTreeSet::new();
    let old = Keys::from_master(&[12; 32]);
    let by_old_keys = all_signed(&old, house);
    for (n, one) in signed.iter().enumerate() {
        forged.insert(by_old_keys[n].text());
        forged.extend(changed(&one.text()));
        forged.extend(cut(one));
        forged.extend(exchanged(one, signed));
        forged.extend(written_otherwise(one));
    }
    forged
}

/// One character of the tag changed, dropped, doubled; two exchanged.
fn changed(text: &str) -> Vec<String> {
    let start = text.find('+').map_or(0, |plus| plus + 1);
    let end = text.find('@').unwrap_or(text.len());
    let mut changed = Vec::new();
    for at in start..end {
        let (left, right) = (&text[..at], &text[at + 1..]);
        changed.extend(LETTERS.chars().map(|letter| format!("{left}{letter}{right}")));
        changed.push(format!("{left}{right}"));
        changed.push(format!("{left}{0}{0}{right}", &text[at..=at]));
        if at + 1 < end {
            changed.push(format!("{left}{}{}{}", &text[at + 1..=at + 1], &text[at..=at], &text[at + 2..]));
        }
    }
    changed
}

/// Cut off anywhere, in front and behind; without signature; with an empty part.
fn cut(one: &Signed) -> Vec<String> {
    let mut cut: Vec<String> =
        (0..one.mac.len()).map(|length| one.with(one.kind, &one.names, &one.mac[..length])).collect();
    cut.extend((1..one.mac.len()).map(|from| one.with(one.kind, &one.names, &one.mac[from..])));
    cut.push(one.with(one.kind, &[], &one.mac));
    cut.push(one.with("", &one.names, &one.mac));
    cut.push(format!("{}{}@example.org", one.before, one.mac));
    cut
}

/// The signature of one thing on another: other complaint, other communication, other purpose.
fn exchanged(one: &Signed, all: &[Signed]) -> Vec<String> {
    let mut exchanged = Vec::new();
    for other in all {
        exchanged.push(one.with(one.kind, &one.names, &other.mac));
        exchanged.push(one.with(other.kind, &one.names, &one.mac));
        exchanged.push(one.with(one.kind, &other.names, &one.mac));
        exchanged.push(one.with(other.kind, &one.names, &other.mac));
        let joined: Vec<String> = [one.names.as_slice(), &other.names].concat();
        exchanged.push(one.with(one.kind, &joined, &one.mac));
    }
    let turned: Vec<String> = one.names.iter().rev().cloned().collect();
    exchanged.push(one.with(one.kind, &turned, &one.mac));
    exchanged
}

/// The same in another encoding, with look-alikes, with what is not seen between the letters.
fn written_otherwise(one: &Signed) -> Vec<String> {
    let hex = one.mac.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let quoted = one.mac.bytes().map(|byte| format!("={byte:02X}")).collect::<Vec<_>>().concat();
    let base64 = data_encoding::BASE64.encode(one.mac.as_bytes());
    let base32 = data_encoding::BASE32.encode(one.mac.as_bytes());
    let encoded_word = format!("=?utf-8?b?{base64}?=");
    let mut macs = vec![hex, quoted, base64, base32, encoded_word, one.mac.chars().rev().collect()];
    for (letter, look_alikes) in LOOK_ALIKE {
        macs.extend(look_alikes.iter().map(|other| one.mac.replace(letter, other)));
    }
    for unseen in ["\u{200b}", "\u{ad}", "\u{feff}", " ", "\t", "\\", "\"", "(c)", "\0"] {
        let (left, right) = one.mac.split_at(one.mac.len() / 2);
        macs.push(format!("{left}{unseen}{right}"));
        macs.push(format!("{unseen}{}", one.mac));
    }
    macs.iter().map(|mac| one.with(one.kind, &one.names, mac)).collect()
}

fn to(text: &str) -> Contact {
    let address = Address { kind: AddressKind::Email, value: text.to_owned(), display_name: String::new() };
    Contact { channel: Channel::Email, recipients: vec![address], ..Contact::default() }
}

fn answering(text: &str) -> Contact {
    let thread = Thread {
        message_id: text.to_owned(),
        in_reply_to: vec![text.to_owned()],
        references: vec![format!("<{text}>")],
        ..Thread::default()
    };
    Contact { channel: Channel::Email, thread: Some(thread), ..Contact::default() }
}
