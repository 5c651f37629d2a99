//! From an entry to a contact. Pure: an entry, the account it came by, its bytes; out comes what is recorded.

use jiff::Timestamp;
use redress_contract::contact::{Address, Attachment, Raw};
use redress_contract::{
    AddressKind, CallDirection, Channel, Commit, Contact, ContactId, FileName, ParseStatus,
};
use redress_identity::Keys;
use redress_identity::address::normal;

use crate::config::House;
use crate::entry::{Entry, Fault};

/// What telephone systems write where the caller hides their number, in lower case.
const HIDDEN: [&str; 12] = [
    "anonymous",
    "anonym",
    "blocked",
    "hidden",
    "none",
    "null",
    "private",
    "restricted",
    "unavailable",
    "unknown",
    "withheld",
    "+266696687",
];

/// The account that an entry came by.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Its name.
    pub account: &'a str,
    /// Its telephone system, and what is known of its numbers.
    pub house: &'a House,
    /// When it is read.
    pub now: Timestamp,
    /// The keys that ids are made with.
    pub keys: &'a Keys,
}

/// The bytes that an entry was read from.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    /// The row, the post or the file.
    pub raw: &'a [u8],
    /// What they are.
    pub media_type: &'a str,
    /// Where they stood: `line 7 of Master.csv`; empty for a post.
    pub place: &'a str,
    /// Which of the rows that are alike in one file it is, from 0.
    pub ordinal: u32,
}

/// The contact that an entry becomes. Its id is made from the call and the bytes, whichever file or post they came in.
pub fn contact(entry: Entry, envelope: &Envelope<'_>, bytes: &Bytes<'_>) -> Contact {
    let Envelope { account, house, now, keys } = *envelope;
    let sha256 = Commit::hash(bytes.raw);
    let at = entry.at();
    let mut call = entry.call;
    house.system.clone_into(&mut call.system);
    let id = if call.call_id.is_empty() {
        // It names no call, so it is one.
        let id = keys.line_contact_id(account, &sha256, bytes.ordinal);
        call.call_id = id.to_string();
        id
    } else {
        keys.call_contact_id(&call.system, &call.call_id, &["entry", &sha256])
    };
    if call.direction == CallDirection::Unspecified {
        call.direction = direction(&entry.caller, &entry.called, house);
    }
    let (ours, theirs, name) = match call.direction {
        CallDirection::Outbound => (&entry.caller, &entry.called, String::new()),
        _ => (&entry.called, &entry.caller, entry.caller_name),
    };
    if call.queue.is_empty() {
        ours.clone_into(&mut call.queue);
    }
    let part_of = Some(whole(house, &call.call_id, keys)).filter(|whole| *whole != id);
    Contact {
        id,
        part_of,
        received_at: at.map_or(now, |at| at.min(now)),
        written_at: at,
        parse_status: if entry.problem.is_empty() { ParseStatus::Parsed } else { ParseStatus::Partial },
        parse_problem: entry.problem,
        sender: address(theirs, name, house),
        recipients: address(ours, String::new(), house).into_iter().collect(),
        text: entry.text,
        language: entry.language,
        call: Some(call),
        ..bare(envelope, bytes, sha256)
    }
}

/// The same with the bytes as a file that came with it: they are the contact's raw bytes, and lie sealed where those lie.
pub fn with_recording(contact: Contact, name: &str, media_type: &str, raw: &[u8]) -> Contact {
    let recording = Attachment {
        file_name: FileName::new(name),
        media_type: media_type.to_owned(),
        size_bytes: u32::try_from(raw.len()).unwrap_or(u32::MAX),
        sha256: Commit::hash(raw),
        raw_part: Some(0),
        ..Attachment::default()
    };
    let raw = contact.raw.map(|raw| Raw { media_type: media_type.to_owned(), ..raw });
    Contact { attachments: vec![recording], raw, ..contact }
}

/// The id that stands for a call as a whole, which its entries name.
pub fn whole(house: &House, call_id: &str, keys: &Keys) -> ContactId {
    keys.call_contact_id(&house.system, call_id, &[])
}

/// What is recorded of bytes that could not be read: they themselves, and why. Nobody complained by them.
pub fn unread(fault: &Fault, envelope: &Envelope<'_>, bytes: &Bytes<'_>) -> Contact {
    let sha256 = Commit::hash(bytes.raw);
    let place = if bytes.place.is_empty() { String::new() } else { format!("{}: ", bytes.place) };
    Contact {
        // Not the id that it gets once it can be read: then it is recorded beside this.
        id: envelope.keys.call_contact_id(envelope.account, &sha256, &["unread", &bytes.ordinal.to_string()]),
        received_at: envelope.now,
        parse_status: ParseStatus::Failed,
        parse_problem: format!("{place}{fault}"),
        ..bare(envelope, bytes, sha256)
    }
}

fn bare(envelope: &Envelope<'_>, bytes: &Bytes<'_>, sha256: String) -> Contact {
    Contact {
        channel: Channel::Phone,
        account: envelope.account.to_owned(),
        raw: Some(Raw { media_type: bytes.media_type.to_owned(), sha256, ..Raw::default() }),
        ..Contact::default()
    }
}

/// A number in E.164 where it can be read, else as it was dialled; none for a caller who hides it.
fn address(written: &str, display_name: String, house: &House) -> Option<Address> {
    let written = written.trim();
    let is_hidden = written.is_empty() || HIDDEN.contains(&written.to_lowercase().as_str());
    if is_hidden {
        return None;
    }
    let plain = without_host(written);
    let address = Address { kind: AddressKind::Phone, value: plain.to_owned(), display_name };
    let value = if is_extension(plain, house) { plain.to_owned() } else { number(&address, house) };
    Some(Address { value, ..address })
}

/// A number of ten digits and more with the country's code before it, but without its `+`, is one with it: so telephone
/// systems write them.
fn number(address: &Address, house: &House) -> String {
    let country = house.country.as_deref();
    let digits = &address.value;
    let is_bare =
        digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if let Some(code) = house.calling_code.as_deref().filter(|code| is_bare && digits.starts_with(code)) {
        let international = Address { value: format!("+{digits}"), ..address.clone() };
        let read = normal(&international, country);
        if read.starts_with('+') && read.len() > code.len() + 1 {
            return read;
        }
    }
    normal(address, country)
}

/// `4930901820@pbx.example.org` is a number with the telephone system behind it.
fn without_host(written: &str) -> &str {
    let written = written.strip_prefix("sip:").unwrap_or(written);
    written.split('@').next().unwrap_or(written)
}

fn is_extension(number: &str, house: &House) -> bool {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    !number.starts_with('+') && digits <= house.extension_digits_max
}

/// Who called whom, where nobody says: extensions and numbers that are known as ours are inside.
fn direction(from: &str, to: &str, house: &House) -> CallDirection {
    if from.is_empty() && to.is_empty() {
        return CallDirection::Unspecified;
    }
    let is_ours = |written: &str| {
        let plain = without_host(written.trim());
        let known = || {
            !house.own_numbers.is_empty() && {
                address(plain, String::new(), house)
                    .is_some_and(|read| house.own_numbers.contains(&read.value))
            }
        };
        is_extension(plain, house) && !plain.is_empty() && !HIDDEN.contains(&plain.to_lowercase().as_str())
            || known()
    };
    match (is_ours(from), is_ours(to)) {
        (false, _) => CallDirection::Inbound,
        (true, true) => CallDirection::Internal,
        (true, false) => CallDirection::Outbound,
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::Call;

    use super::*;

    fn house() -> House {
        House {
            system: "berlin".to_owned(),
            country: Some("DE".to_owned()),
            calling_code: Some("49".to_owned()),
            own_numbers: vec!["+4930600000".to_owned()],
            extension_digits_max: 5,
        }
    }

    fn read(from: &str, to: &str) -> Contact {
        let call = Call { call_id: "1.2".to_owned(), ..Call::default() };
        let entry = Entry { call, caller: from.to_owned(), called: to.to_owned(), ..Entry::default() };
        let keys = Keys::from_master(&[7; 32]);
        let house = house();
        let envelope = Envelope { account: "pbx", house: &house, now: Timestamp::UNIX_EPOCH, keys: &keys };
        contact(entry, &envelope, &Bytes { raw: b"x", media_type: "text/csv", place: "", ordinal: 0 })
    }

    #[track_caller]
    fn check(from: &str, to: &str, sender: Option<&str>, direction: CallDirection) {
        let contact = read(from, to);
        assert_eq!(contact.sender.as_ref().map(|sender| sender.value.as_str()), sender, "{from}");
        assert_eq!(contact.call.unwrap().direction, direction, "{from} {to}");
    }

    #[test]
    fn the_caller_is_the_same_party_however_the_number_is_written() {
        for caller in
            ["030 901820", "+49 30 901820", "0049 30 901820", "4930901820", "4930901820@pbx.example.org"]
        {
            check(caller, "7100", Some("+4930901820"), CallDirection::Inbound);
        }
        for hidden in ["anonymous", "", "Restricted"] {
            check(hidden, "7100", None, CallDirection::Inbound);
        }
    }

    #[test]
    fn extensions_and_own_numbers_are_inside() {
        check("7140", "7100", Some("7140"), CallDirection::Internal);
        check("7140", "030 901820", Some("+4930901820"), CallDirection::Outbound);
        check("+4930600000", "030 901820", Some("+4930901820"), CallDirection::Outbound);
    }

    #[test]
    fn what_is_part_of_a_call_names_it_whatever_it_is() {
        let (one, other) = (read("1", "2"), read("030 901820", "2"));
        assert_eq!(one.part_of, other.part_of);
        assert_eq!(one.id, other.id, "the same bytes about the same call");
        assert_ne!(one.part_of.as_ref(), Some(&one.id));
    }
}
