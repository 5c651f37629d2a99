//! Mails of our own writing, as many as asked for, the same for the same seed: plain, HTML, latin-1, attachments,
//! replies that quote an earlier mail. Each holds a marker of its own.

use std::fmt::Write as _;

/// One made mail.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Its sender.
    pub from: String,
    /// Its Message-ID without brackets.
    pub message_id: String,
    /// The mail it answers: index into the list.
    pub answers: Option<usize>,
    /// A word that stands in it and in no other.
    pub marker: String,
}

/// A small generator of numbers (xorshift64*): the same seed gives the same mails everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Seeded.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(mixed).unwrap_or(0) % n.max(1)
    }

    /// Shuffles.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n + 1));
        }
    }
}

const THINGS: [&str; 6] =
    ["kettle", "bicycle", "router", "night train", "washing machine", "insurance letter"];
const WOES: [&str; 5] = [
    "stopped working after two days",
    "was charged twice",
    "never arrived although it was promised",
    "came without the part that matters",
    "was delivered to somebody else",
];

/// `count` mails; every seventh answers an earlier one of the same sender.
pub fn make(seed: u64, count: usize) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    let mut mails: Vec<Made> = Vec::with_capacity(count);
    for n in 0..count {
        let answers = (n % 7 == 6).then(|| earlier_root(&mails, &mut dice)).flatten();
        let mail = one(seed, n, answers.map(|i| (i, &mails[i])), &mut dice);
        mails.push(mail);
    }
    mails
}

/// `count` small mails, each the first of its thread and the only one of its sender.
pub fn make_small(seed: u64, count: usize) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    // Every shape but the one with the large attachment.
    (0..count).map(|n| one(seed, n / 5 * 6 + n % 5, None, &mut dice)).collect()
}

fn earlier_root(mails: &[Made], dice: &mut Dice) -> Option<usize> {
    let roots: Vec<usize> = (0..mails.len()).filter(|&n| mails[n].answers.is_none()).collect();
    (!roots.is_empty()).then(|| roots[dice.below(roots.len())])
}

fn one(seed: u64, n: usize, answers: Option<(usize, &Made)>, dice: &mut Dice) -> Made {
    let marker = format!("ORD-{seed:04x}-{n:06}");
    let message_id = format!("m{n}.{seed}@mail.example.com");
    let from =
        answers.map_or_else(|| format!("person{n}.{seed}@example.com"), |(_, first)| first.from.clone());
    let thing = THINGS[dice.below(THINGS.len())];
    let woe = WOES[dice.below(WOES.len())];
    let mut head = format!(
        "From: {from}\r\nTo: help@example.org\r\nSubject: {}The {thing} {woe}\r\n\
         Message-ID: <{message_id}>\r\nDate: Mon, 2 Mar 2026 09:{:02}:{:02} +0000\r\nMIME-Version: 1.0\r\n",
        if answers.is_some() { "Re: " } else { "" },
        n / 60 % 60,
        n % 60,
    );
    let mut words = format!("The {thing} I bought {woe}. My order is {marker}.\r\nPlease put it right.\r\n");
    if let Some((_, first)) = answers {
        let _ = write!(head, "In-Reply-To: <{0}>\r\nReferences: <{0}>\r\n", first.message_id);
        let _ = write!(words, "\r\nOn Monday you heard from me:\r\n> {}\r\n", first.marker);
    }
    let raw = dress(n, head, &words, dice);
    Made { raw, from, message_id, answers: answers.map(|(i, _)| i), marker }
}

/// Puts the words into one of the shapes that mail comes in.
fn dress(n: usize, mut head: String, words: &str, dice: &mut Dice) -> Vec<u8> {
    match n % 6 {
        0 | 1 => {
            head.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
            (head + words).into_bytes()
        }
        2 => {
            head.push_str("Content-Type: text/html; charset=utf-8\r\n\r\n");
            format!("{head}<html><body><p>{}</p></body></html>\r\n", words.replace("\r\n", "<br>"))
                .into_bytes()
        }
        3 => {
            // Eight-bit latin-1 in the body, as old mail programs send it.
            head.push_str(
                "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
            );
            let mut raw = (head + words).into_bytes();
            raw.extend_from_slice(b"Mit freundlichen Gr\xfc\xdfen\r\n");
            raw
        }
        4 => multipart(&head, words, "alternative", "text/html; charset=utf-8", "<p>see the text</p>"),
        _ => {
            let file: String = (0..50 * 1024 / 76).fold(String::new(), |mut file, _| {
                let _ = write!(file, "{:076x}\r\n", dice.below(usize::MAX));
                file
            });
            multipart(&head, words, "mixed", "application/pdf; name=receipt.pdf", &file)
        }
    }
}

fn multipart(head: &str, words: &str, kind: &str, second: &str, body: &str) -> Vec<u8> {
    format!(
        "{head}Content-Type: multipart/{kind}; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         {words}\r\n--b1\r\nContent-Type: {second}\r\n\r\n{body}\r\n--b1--\r\n"
    )
    .into_bytes()
}
