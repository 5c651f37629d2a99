//! Hostile names, subjects and ids through the notifier's mail builder, and back through a parser: no panic, no header
//! that we did not write, nobody addressed whom we did not mean.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context as _;
use jiff::Timestamp;
use mail_parser::{Address, Header, MessageParser};
use redress_contract::{CommunicationId, HeaderText};
use redress_notifier::mail::{Draft, MailAddress, MessageId, Thread, build};
use redress_tests::mails::Dice;
use redress_tests::results::{Bar, Results, say};

/// All that a mail of ours has.
const HEADERS: [&str; 13] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "In-Reply-To",
    "MIME-Version",
    "Message-ID",
    "Mime-Version",
    "References",
    "Reply-To",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

/// What attackers write.
const PIECES: [&str; 24] = [
    "\r\nBcc: victim@example.net\r\n",
    "\nX-Injected: yes",
    "\r\n\r\n<script>alert(1)</script>",
    "\r\n.\r\nMAIL FROM:<x@example.net>\r\n",
    "=?utf-8?q?=0D=0ABcc:_v@example.net?=",
    "=?utf-8?b?DQpCY2M6IHZAZXhhbXBsZS5uZXQ=?=",
    "\u{202e}\u{2066}",
    "\u{0}\u{7}\u{1b}[31m\u{7f}",
    "\u{85}\u{2028}\u{2029}",
    "\u{feff}\u{200b}\u{e0041}",
    "\", <victim@example.net>, \"",
    "a@b, victim@example.net;",
    "<victim@example.net>",
    "(comment\\)",
    "group: victim@example.net;",
    "\\\"\\",
    "id@example.com>\r\n <x",
    "Ünïcödé 漢字 🧨",
    "\u{301}\u{301}\u{301}",
    "=?",
    "?=",
    ";,:<>@[]",
    " ",
    "\t",
];

#[derive(Default)]
struct Found {
    panics: usize,
    injections: usize,
    unbuilt: usize,
    /// One example of each kind.
    examples: BTreeMap<String, String>,
}

pub(crate) fn run(seed: u64, count: usize, results: &mut Results) -> anyhow::Result<()> {
    let mut dice = Dice::new(seed);
    let mut found = Found::default();
    // What a panic would print is counted instead.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for n in 0..count {
        one(n, &mut dice, &mut found)?;
    }
    std::panic::set_hook(hook);
    for (kind, example) in &found.examples {
        say(&format!("{kind}: by {example}"));
    }
    results.count("core.header_mails", count - found.unbuilt, "mails", Bar::Exactly(float(count)));
    results.count("core.header_panics", found.panics, "panics", Bar::Exactly(0.0));
    results.count("core.header_injections", found.injections, "mails", Bar::Exactly(0.0));
    Ok(())
}

fn one(n: usize, dice: &mut Dice, found: &mut Found) -> anyhow::Result<()> {
    let (name, subject) = (hostile(dice), hostile(dice));
    let (id, ancestors) = (hostile(dice), [hostile(dice), hostile(dice)]);
    let draft = Draft {
        id: CommunicationId::new(format!("c{n}"))?,
        from_name: HeaderText::new(&name),
        from: MailAddress::new("help@example.org").context("our address")?,
        to: MailAddress::new("jane@example.com").context("an address")?,
        reply_to: MailAddress::new("help+c.x.y@example.org").context("our address")?,
        subject: HeaderText::new(&subject),
        message_id: MessageId::new("m.x.y.z@example.org").context("our id")?,
        thread: Thread::answering(&format!("{id}@example.com"), &ancestors),
        auto_submitted: "auto-replied",
        date: Timestamp::UNIX_EPOCH,
        text: format!("{}\r\n", hostile(dice)),
        html: format!("<p>{}</p>\r\n", hostile(dice)),
    };
    // An address that somebody wrote is taken or refused, never taken for two.
    let stranger = MailAddress::new(&hostile(dice));
    let draft = Draft { to: stranger.unwrap_or_else(|| draft.to.clone()), ..draft };
    let written = || {
        let (to, text, html) = (&draft.to, &draft.text, &draft.html);
        format!("name {name:?}, subject {subject:?}, id {id:?}, to {to:?}, text {text:?}, HTML {html:?}")
    };
    match catch_unwind(AssertUnwindSafe(|| build(&draft))) {
        Ok(Ok(raw)) => {
            if let Some(wrong) = wrong(&raw, &draft) {
                found.injections += 1;
                found.examples.entry(wrong).or_insert_with(written);
            }
        }
        Ok(Err(error)) => {
            found.unbuilt += 1;
            found.panics += usize::from(error.to_string().contains("panicked"));
            found.examples.entry(error.to_string()).or_insert_with(written);
        }
        Err(_) => found.panics += 1,
    }
    Ok(())
}

fn hostile(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(5) {
        match dice.below(4) {
            0 => text.extend((0..dice.below(30)).map(|_| any_char(dice))),
            1 => text.extend(
                (0..dice.below(120)).map(|_| char::from(b' ' + u8::try_from(dice.below(95)).unwrap_or(0))),
            ),
            _ => text.push_str(PIECES[dice.below(PIECES.len())]),
        }
    }
    text
}

fn any_char(dice: &mut Dice) -> char {
    let plane = [0x80, 0x800, 0x1_0000, 0x11_0000][dice.below(4)];
    u32::try_from(dice.below(plane)).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
}

/// What is wrong with a mail, as a mail program reads it.
fn wrong(raw: &[u8], draft: &Draft) -> Option<String> {
    let bare = raw.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
    if bare || raw.first() == Some(&b'\n') {
        return Some("a line that ends otherwise than in CR LF".to_owned());
    }
    if raw.split(|byte| *byte == b'\n').any(|line| line.len() > 999) {
        return Some("a line that is too long".to_owned());
    }
    let Some(parsed) = MessageParser::new().parse(raw) else { return Some("no mail".to_owned()) };
    let names: Vec<&str> = parsed.headers().iter().map(Header::name).collect();
    for name in &names {
        if !HEADERS.contains(name)
            || names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() != 1
        {
            return Some(format!("the header {name}"));
        }
    }
    let to: Vec<&str> =
        parsed.to().into_iter().flat_map(Address::iter).filter_map(|one| one.address()).collect();
    if to.len() != 1 || parsed.cc().is_some() || parsed.bcc().is_some() {
        return Some(format!("{} recipients", to.len()));
    }
    let same = |read: Option<&str>, written: &HeaderText| {
        read.unwrap_or_default().split_whitespace().eq(written.as_str().split_whitespace())
    };
    if !same(parsed.subject(), &draft.subject) {
        return Some(format!("the subject {:?}", parsed.subject()));
    }
    let name = parsed.from().and_then(Address::first).and_then(mail_parser::Addr::name);
    (!same(name, &draft.from_name)).then(|| format!("the name {name:?}"))
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(n: usize) -> f64 {
    n as f64
}
