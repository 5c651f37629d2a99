//! What people and their phones put below their words.

/// A line of nothing but dashes or the like.
pub(super) fn is_dashes(line: &str) -> bool {
    line == "ᐧ" || line.chars().count() >= 2 && line.chars().all(|c| "-_—–=+~#*".contains(c)) || line == "—"
}

/// Beginnings that are a phone's whatever follows.
const FROM_MY: [&str; 27] = [
    "sent from my ",
    "sent wirelessly from my ",
    "sent from a ",
    "envoyé depuis mon ",
    "envoyé de mon ",
    "envoyé à partir de mon ",
    "envoyé sans fil par mon ",
    "von meinem ",
    "gesendet von meinem ",
    "enviado desde mi ",
    "enviado do meu ",
    "enviado de mi ",
    "enviado a partir do meu ",
    "inviato da mio ",
    "inviato dal mio ",
    "verzonden vanaf mijn ",
    "verstuurd vanaf mijn ",
    "sendt fra min ",
    "skickat från min ",
    "lähetetty minun ",
    "wysłane z mojego ",
    "отправлено с моего ",
    "odesláno z mého ",
    "从我的",
    "從我的",
    "发自我的",
    "發自我的",
];

/// Beginnings that are a phone's or a mail program's when one is named.
const SENT: [&str; 22] = [
    "sent from ",
    "sent via ",
    "sent with ",
    "sent by ",
    "sent using ",
    "from my ",
    "get ",
    "gesendet mit ",
    "gesendet von ",
    "diese nachricht wurde von meinem ",
    "envoyé depuis ",
    "envoyé avec ",
    "envoyé par ",
    "enviado desde ",
    "enviado con ",
    "enviado com ",
    "inviato da ",
    "verzonden met ",
    "verzonden via ",
    "sendt fra ",
    "skickat från ",
    "отправлено из ",
];

const DEVICES: [&str; 28] = [
    "iphone",
    "ipad",
    "ipod",
    "android",
    "smartphone",
    "phone",
    "mobile",
    "handy",
    "samsung",
    "galaxy",
    "blackberry",
    "nokia",
    "huawei",
    "xiaomi",
    "pixel",
    "htc",
    "windows mail",
    "windows phone",
    "for windows",
    "outlook",
    "airmail",
    "mailbox",
    "yahoo mail",
    "proton mail",
    "protonmail",
    "thunderbird",
    "mobiltelefon",
    "mobilgerät",
];

/// Longest line that a phone adds, in bytes.
const DEVICE_BYTES_MAX: usize = 160;

/// `Sent from my phone`.
pub(super) fn is_device(line: &str) -> bool {
    if line.len() > DEVICE_BYTES_MAX {
        return false;
    }
    let line = line.trim_matches(['<', '>', '(', ')', '*', '_', '[', ' ']).to_lowercase();
    let named = || DEVICES.iter().any(|device| line.contains(device));
    let mine = FROM_MY.iter().any(|begin| line.starts_with(begin)) && (line.len() <= 80 || named());
    mine && (!line.starts_with("von meinem ") || line.ends_with("gesendet"))
        || SENT.iter().any(|begin| line.starts_with(begin)) && named() && line.split(' ').count() <= 12
        || line.ends_with(" from mobile") && line.split(' ').count() <= 4
}

const CLOSINGS: [&str; 58] = [
    "regards",
    "best regards",
    "kind regards",
    "kindest regards",
    "warm regards",
    "with regards",
    "best",
    "best wishes",
    "thanks",
    "thanks again",
    "many thanks",
    "thank you",
    "thanks and regards",
    "cheers",
    "sincerely",
    "yours sincerely",
    "sincerely yours",
    "yours faithfully",
    "yours truly",
    "yours",
    "respectfully",
    "cordially",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "mit freundlichem gruß",
    "freundliche grüße",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "gruß",
    "grüße",
    "mfg",
    "hochachtungsvoll",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "meilleures salutations",
    "sincères salutations",
    "saludos",
    "un saludo",
    "atentamente",
    "saludos cordiales",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "atenciosamente",
    "cumprimentos",
    "met vriendelijke groet",
    "vriendelijke groeten",
    "groeten",
    "mvh",
    "med vänlig hälsning",
    "med venlig hilsen",
    "vennlig hilsen",
    "с уважением",
    "pozdrawiam",
    "z poważaniem",
];

/// A closing formula, or at the very end a name behind a dash.
pub(super) fn is_closing(line: &str, is_last: bool) -> bool {
    let words = line.trim().to_lowercase();
    // `thank you, Ann`: the formula, then a name.
    let formula = words.split([',', '!', '.', ';']).next().unwrap_or_default().trim();
    if CLOSINGS.contains(&formula) && words.len() <= formula.len() + 30 {
        return true;
    }
    let name = words.trim_start_matches(['-', '–', '—']);
    is_last
        && name.len() < words.len()
        && (2..=30).contains(&name.len())
        && name.split(' ').count() <= 2
        && name.chars().all(|c| c.is_alphabetic() || " .".contains(c))
        && !words.starts_with("- ")
}
