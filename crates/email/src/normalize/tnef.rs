//! winmail.dat (TNEF, [MS-OXTNEF]): what Outlook wraps mails and files in when it takes the reader for another Outlook.
//!
//! Reads as far as it makes sense: file names, their bytes, and the plain text. Broken off, it gives what came before.

use super::parse;

const SIGNATURE: u32 = 0x223e_9f78;

/// Attributes ([MS-OXTNEF] §2.1.3.1), without the half that names their type.
const BODY: u32 = 0x800c;
const MESSAGE_PROPERTIES: u32 = 0x9003;
const FILE_BEGINS: u32 = 0x9002;
const FILE_TITLE: u32 = 0x8010;
const FILE_DATA: u32 = 0x800f;
const FILE_PROPERTIES: u32 = 0x9005;

/// Properties ([MS-OXPROPS]).
const PR_BODY: u16 = 0x1000;
const PR_ATTACH_DATA: u16 = 0x3701;
const PR_ATTACH_LONG_FILENAME: u16 = 0x3707;

/// Files and properties looked at.
const FILES_MAX: usize = 200;
const PROPERTIES_MAX: u32 = 2000;

/// What a winmail.dat holds.
#[derive(Default)]
pub(crate) struct Tnef<'a> {
    pub(crate) body: String,
    pub(crate) files: Vec<File<'a>>,
}

/// A file in it.
#[derive(Default)]
pub(crate) struct File<'a> {
    pub(crate) name: String,
    pub(crate) bytes: &'a [u8],
}

/// Reads it; nothing when it is something else.
pub(crate) fn read(bytes: &[u8]) -> Option<Tnef<'_>> {
    let mut reader = Reader { bytes };
    if reader.u32()? != SIGNATURE {
        return None;
    }
    reader.take(2)?;
    let mut tnef = Tnef::default();
    while let Some((attribute, data)) = reader.attribute() {
        tnef.add(attribute, data);
        if tnef.files.len() > FILES_MAX {
            break;
        }
    }
    Some(tnef)
}

impl<'a> Tnef<'a> {
    fn add(&mut self, attribute: u32, data: &'a [u8]) {
        match attribute {
            BODY if self.body.is_empty() => self.body = text(data),
            MESSAGE_PROPERTIES => {
                let found = Reader { bytes: data }.properties();
                let body = found.iter().find(|property| property.id == PR_BODY);
                if let Some(body) = body.filter(|_| self.body.is_empty()) {
                    self.body = body.text();
                }
            }
            FILE_BEGINS => self.files.push(File::default()),
            FILE_TITLE | FILE_DATA | FILE_PROPERTIES => {
                if self.files.is_empty() {
                    self.files.push(File::default());
                }
                let Some(file) = self.files.last_mut() else { return };
                match attribute {
                    FILE_TITLE if file.name.is_empty() => file.name = text(data),
                    FILE_DATA => file.bytes = data,
                    FILE_PROPERTIES => file.properties(data),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

impl<'a> File<'a> {
    /// The long name says more than the title, which may be cut to eight letters.
    fn properties(&mut self, data: &'a [u8]) {
        for property in (Reader { bytes: data }).properties() {
            match property.id {
                PR_ATTACH_LONG_FILENAME => self.name = property.text(),
                PR_ATTACH_DATA if self.bytes.is_empty() => self.bytes = property.value,
                _ => {}
            }
        }
    }
}

/// A property whose value is text or bytes.
struct Property<'a> {
    id: u16,
    unicode: bool,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self) -> String {
        if !self.unicode {
            return text(self.value);
        }
        let pairs =
            self.value.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
        let words = char::decode_utf16(pairs).map(|c| c.unwrap_or('\u{fffd}'));
        words.take_while(|c| *c != '\0').collect()
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    parse::guess(bytes.get(..end).unwrap_or_default()).into_owned()
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Level, name, length, data, checksum.
    fn attribute(&mut self) -> Option<(u32, &'a [u8])> {
        self.take(1)?;
        let attribute = self.u32()? & 0xffff;
        let length = self.u32()? as usize;
        let data = self.take(length)?;
        self.take(2)?;
        Some((attribute, data))
    }

    /// The properties that hold text or bytes; of several values the first.
    fn properties(mut self) -> Vec<Property<'a>> {
        let mut found = Vec::new();
        let count = self.u32().unwrap_or_default().min(PROPERTIES_MAX);
        for _ in 0..count {
            if self.property(&mut found).is_none() {
                break;
            }
        }
        found
    }

    /// Reads one property and keeps it if it holds text or bytes; none at the end, or where nothing more makes sense.
    fn property(&mut self, found: &mut Vec<Property<'a>>) -> Option<()> {
        let (kind, id) = (self.u16()?, self.u16()?);
        if id >= 0x8000 {
            self.skip_name()?;
        }
        let many = kind & 0x1000 != 0;
        let fixed = match kind & 0x0fff {
            0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
            0x05..=0x07 | 0x14 | 0x40 => Some(8),
            0x48 => Some(16),
            0x0d | 0x1e | 0x1f | 0x102 => None,
            _ => return None,
        };
        if let Some(size) = fixed {
            let count = if many { self.u32()? as usize } else { 1 };
            self.take(count.checked_mul(size)?)?;
            return Some(());
        }
        let mut first = None;
        for _ in 0..self.u32()?.min(PROPERTIES_MAX) {
            let length = self.u32()? as usize;
            let value = self.take(length)?;
            self.take(length.wrapping_neg() % 4)?;
            first = first.or(Some(value));
        }
        found.extend(first.map(|value| Property { id, unicode: kind & 0x0fff == 0x1f, value }));
        Some(())
    }

    fn skip_name(&mut self) -> Option<()> {
        self.take(16)?;
        if self.u32()? == 0 {
            self.take(4)?;
        } else {
            let length = self.u32()? as usize;
            self.take(length)?;
            self.take(length.wrapping_neg() % 4)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2];
        bytes.extend(id.to_le_bytes());
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
        bytes.extend([0, 0]);
        bytes
    }

    fn long_name(name: &str) -> Vec<u8> {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = 2_u32.to_le_bytes().to_vec();
        // A number before it, to be skipped.
        bytes.extend([0x03, 0x00, 0x20, 0x0e, 9, 0, 0, 0]);
        bytes.extend([0x1f, 0x00, 0x07, 0x37, 1, 0, 0, 0]);
        bytes.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend(&name);
        bytes.extend(std::iter::repeat_n(0, name.len().wrapping_neg() % 4));
        bytes
    }

    #[test]
    fn files_and_text_are_read_and_a_broken_end_loses_only_what_follows() {
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend([1, 0]);
        bytes.extend(attribute(0x0002_800c, b"My kettle broke.\0"));
        bytes.extend(attribute(0x0006_9002, &[0; 14]));
        bytes.extend(attribute(0x0001_8010, b"RECHNU~1.PDF\0"));
        bytes.extend(attribute(0x0006_800f, b"%PDF-"));
        bytes.extend(attribute(0x0006_9005, &long_name("Rechnung März.pdf")));
        for cut in [0, 3] {
            let end = bytes.len() - cut;
            let tnef = read(&bytes[..end]).unwrap();
            assert_eq!(tnef.body, "My kettle broke.");
            assert_eq!(tnef.files[0].bytes, b"%PDF-");
            assert_eq!(tnef.files[0].name, if cut == 0 { "Rechnung März.pdf" } else { "RECHNU~1.PDF" });
        }
        assert!(read(b"no tnef at all").is_none());
    }
}
