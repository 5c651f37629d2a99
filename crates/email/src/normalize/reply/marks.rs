//! Lines that mail programs write above the mail they quote or pass on, in the languages they speak.

/// How sure it is that a text introduces a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intro {
    No,
    /// Only if a quoted line follows.
    BeforeQuote,
    Sure,
}

/// Longest introduction, in bytes.
const INTRO_BYTES_MAX: usize = 400;

/// `wrote`, as mail programs say it; what stands here comes last but for the colon, or before a date.
const WROTE: [&str; 38] = [
    "wrote",
    "sent",
    "writes",
    "schrieb",
    "geschrieben",
    "écrit",
    "ecrit",
    "escribió",
    "escribio",
    "escreveu",
    "scritto",
    "schreef",
    "geschreven",
    "skrev",
    "skrifaði",
    "napisał",
    "napisał(a)",
    "napisała",
    "pisze",
    "napsal",
    "napsal(a)",
    "napísal",
    "написал",
    "написал(а)",
    "написала",
    "пишет",
    "пише",
    "написав",
    "kirjoitti",
    "írta",
    "yazdı",
    "scris",
    "napisao",
    "menulis",
    "viết",
    "έγραψε",
    "写道",
    "寫道",
];

/// What introductions begin with, beside a date.
const BEGINS: [&str; 26] = [
    "on ",
    "at ",
    "am ",
    "le ",
    "el ",
    "em ",
    "il ",
    "op ",
    "den ",
    "på ",
    "w dniu ",
    "dnia ",
    "dne ",
    "în ",
    "la ",
    "pada ",
    "vào ",
    "在 ",
    "於 ",
    "ma ",
    "u ",
    "dana ",
    "στις ",
    "в ",
    "tarihinde ",
    "il giorno ",
];

/// Whether a first line is worth looking at closer.
pub(super) fn may_begin_intro(line: &str) -> bool {
    let words = line.trim_start();
    if words.is_empty() || words.starts_with('>') || words.len() > INTRO_BYTES_MAX {
        return false;
    }
    let digit = words.contains(|c: char| c.is_ascii_digit());
    digit || words.contains('@') || words.trim_end().ends_with([':', '：'])
}

/// Whether a first line that is no whole introduction may go on in the next.
pub(super) fn may_go_on(text: &str) -> bool {
    let words = text.trim_start().to_lowercase();
    let digit = words.contains(|c: char| c.is_ascii_digit());
    digit
        && (BEGINS.iter().any(|begin| words.starts_with(begin))
            || words.starts_with(|c: char| c.is_ascii_digit()))
        || words.contains('<')
}

/// Whether a text, which may be broken over lines, introduces a quote.
pub(super) fn intro(text: &str) -> Intro {
    if text.len() > INTRO_BYTES_MAX {
        return Intro::No;
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let address = has_address(&text);
    if begins_with_iso_date(&text) && (address || text.contains(" gmt")) {
        return if text.contains(" gmt") { Intro::Sure } else { Intro::BeforeQuote };
    }
    let Some(said) = text.strip_suffix([':', '：']).map(str::trim_end) else { return Intro::No };
    let begins = BEGINS.iter().any(|begin| text.starts_with(begin));
    let time = has_time(said);
    if address && time && said.ends_with('>') {
        return Intro::Sure;
    }
    let digit = said.contains(|c: char| c.is_ascii_digit());
    let last = WROTE.iter().any(|wrote| said.ends_with(wrote) && is_word_end(said, wrote));
    let inside = || said.split(' ').any(|word| WROTE.contains(&word));
    match (last || inside(), address || (begins || last) && time) {
        (true, true) if digit || address => Intro::Sure,
        (true, _) if digit || last => Intro::BeforeQuote,
        _ => Intro::No,
    }
}

/// Where, after other words on the line, an introduction begins.
pub(super) fn intro_inside(line: &str) -> Option<usize> {
    let found = line.match_indices("On ").map(|(at, _)| at).filter(|at| *at > 0 && !line.starts_with('>'));
    found.into_iter().find(|at| {
        let before = line.get(..*at).unwrap_or_default();
        before.ends_with([' ', '-']) && line.get(*at..).is_some_and(|rest| intro(rest) == Intro::Sure)
    })
}

const SEPARATORS: [&str; 24] = [
    "original message",
    "reply message",
    "original appointment",
    "originalnachricht",
    "ursprüngliche nachricht",
    "oprindelig meddelelse",
    "message d'origine",
    "message d’origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "ursprungligt meddelande",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "исходное сообщение",
    "původní zpráva",
    "oryginalna wiadomość",
    "wiadomość oryginalna",
    "eredeti üzenet",
    "orijinal mesaj",
    "原始邮件",
    "元のメッセージ",
];

/// `-----Original Message-----`, `---- Ann wrote ----`.
pub(super) fn is_separator(line: &str) -> bool {
    let Some(words) = between_dashes(line) else { return false };
    let words = words.to_lowercase();
    SEPARATORS.iter().any(|known| words == *known)
        || words.split(' ').next_back().is_some_and(|last| WROTE.contains(&last.trim_end_matches(':')))
}

const FORWARDS: [&str; 24] = [
    "forwarded message",
    "begin forwarded message",
    "forwarded by",
    "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht",
    "message transféré",
    "message transmis",
    "début du message réexpédié",
    "début du message transféré",
    "mensaje reenviado",
    "inicio del mensaje reenviado",
    "messaggio inoltrato",
    "inizio messaggio inoltrato",
    "mensagem encaminhada",
    "início da mensagem encaminhada",
    "doorgestuurd bericht",
    "vidarebefordrat meddelande",
    "videresendt melding",
    "videresendt meddelelse",
    "välitetty viesti",
    "пересылаемое сообщение",
    "przekazana wiadomość",
    "转发的邮件",
    "転送されたメッセージ",
];

/// `---------- Forwarded message ---------`, `Begin forwarded message:`.
pub(super) fn is_forward(line: &str) -> bool {
    let dashed = between_dashes(line);
    let words = match dashed {
        Some(words) => words,
        None => match line.strip_suffix(':') {
            Some(words) => words,
            None => return false,
        },
    };
    let words = words.trim_end_matches(':').to_lowercase();
    FORWARDS.iter().any(|known| if dashed.is_some() { words.starts_with(known) } else { words == *known })
}

fn between_dashes(line: &str) -> Option<&str> {
    let dashes = ['-', '_', '—', '–', '*', '='];
    let inside = line.trim_start_matches(dashes);
    let words = inside.trim_end_matches(dashes);
    let (before, after) = (line.len() - inside.len(), inside.len() - words.len());
    let words = words.trim();
    (before >= 2 && after >= 2 && !words.is_empty() && words.len() <= 120).then_some(words)
}

const HEADERS: [&str; 68] = [
    "from",
    "sent",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "reply-to",
    "importance",
    "von",
    "gesendet",
    "an",
    "betreff",
    "datum",
    "kopie",
    "de",
    "envoyé",
    "envoyé le",
    "à",
    "objet",
    "da",
    "inviato",
    "a",
    "oggetto",
    "data",
    "från",
    "skickat",
    "till",
    "ämne",
    "fra",
    "sendt",
    "dato",
    "til",
    "emne",
    "van",
    "verzonden",
    "aan",
    "onderwerp",
    "para",
    "assunto",
    "enviado",
    "enviada em",
    "asunto",
    "fecha",
    "od",
    "do",
    "wysłano",
    "temat",
    "от",
    "кому",
    "дата",
    "тема",
    "отправлено",
    "lähettäjä",
    "lähetetty",
    "vastaanottaja",
    "aihe",
    "odesláno",
    "komu",
    "předmět",
    "kimden",
    "kime",
    "konu",
    "发件人",
    "发送时间",
    "收件人",
    "主题",
    "件名",
];

/// `From: …` as it stands in a copied header; stars of bold text around the name do not matter.
pub(super) fn is_header(line: &str) -> bool {
    let Some((name, value)) = line.split_once([':', '：']) else { return false };
    let name = name.trim_matches(['*', ' ', '\u{a0}', '_']);
    !value.trim().is_empty() && name.len() <= 30 && HEADERS.contains(&name.to_lowercase().as_str())
}

/// A word in front of the colon is `wrote` itself, not the end of another word.
fn is_word_end(said: &str, wrote: &str) -> bool {
    let before = said.get(..said.len() - wrote.len()).unwrap_or_default();
    // Languages without blanks between words have none here.
    before.is_empty() || before.ends_with([' ', '\u{a0}']) || !wrote.is_ascii() && !wrote.contains('é')
}

fn has_address(text: &str) -> bool {
    text.split([' ', '<', '>', '"', '(', ')', ',']).any(|word| {
        word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    })
}

/// `10:12`, `10.12`, `10h12`, or a day between slashes or full stops.
fn has_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (1..bytes.len()).any(|at| {
        matches!(bytes.get(at), Some(b':' | b'.' | b'/' | b'h'))
            && digit(at - 1)
            && digit(at + 1)
            && digit(at + 2)
    })
}

/// `2024-05-03`, `2024/5/3`.
fn begins_with_iso_date(text: &str) -> bool {
    let head = text.split(' ').next().unwrap_or_default();
    let mut parts = head.split(['-', '/']);
    let mut number = |lengths: std::ops::RangeInclusive<usize>| {
        parts
            .next()
            .is_some_and(|part| lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    number(4..=4) && number(1..=2) && number(1..=2)
}
