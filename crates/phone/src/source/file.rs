//! One file, read as far as it is written. It is known by its inode and its first bytes, so that it is read on where it was
//! left, whatever it is called by now; whatever else lies there is read from its beginning, which does no harm.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use redress_contract::Commit;
use serde::{Deserialize, Serialize};

use super::{Audio, Read, recordings};
use crate::config::Folder;
use crate::entry::Fault;
use crate::formats::Format;
use crate::rows::{Cut, Row};

/// Read at once: what is read and what is being recorded lie in memory, and the next is read meanwhile.
const CHUNK: usize = 128 * 1024;

/// So much of a file's beginning tells it from another with the same inode.
const HEAD: u64 = 1024;

/// How far a file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// All before is on record.
    pub(crate) offset: u64,
    /// Lines before.
    pub(crate) lines: u64,
    /// SHA-256 of the beginning, up to `offset` or [`HEAD`].
    head: String,
}

/// A file that is being read.
pub(crate) struct Followed {
    file: Arc<File>,
    name: String,
    cut: Cut,
    pub(crate) cursor: Cursor,
    /// The header's columns.
    columns: Vec<String>,
    /// How often rows that name no call were met; none until the first is, after a restart.
    alike: Option<HashMap<[u8; 16], u32>>,
}

/// What one step brought.
pub(crate) struct Step {
    /// What was read.
    pub(crate) read: Vec<Read>,
    /// How far the file is read once that is on record.
    pub(crate) cursor: Cursor,
}

/// What tells a file from others on its disk, whatever it is called.
pub(crate) fn key(path: &Path) -> io::Result<String> {
    Ok(key_of(&std::fs::metadata(path)?))
}

fn key_of(metadata: &std::fs::Metadata) -> String {
    format!("{:x}-{:x}", metadata.dev(), metadata.ino())
}

impl Followed {
    /// Opens a file, to be read on from `cursor` when that is about this one.
    pub(crate) fn open(
        path: &Path,
        folder: &Folder,
        bytes_max: usize,
        cursor: Option<Cursor>,
    ) -> io::Result<Self> {
        let file = File::open(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let csv = folder.parser.format.is_csv().then_some(folder.parser.delimiter);
        let mut followed = Self {
            file: Arc::new(file),
            name,
            cut: Cut { csv, bytes_max },
            cursor: Cursor::default(),
            columns: Vec::new(),
            alike: Some(HashMap::new()),
        };
        if let Some(cursor) =
            cursor.filter(|cursor| followed.head(cursor.offset).is_ok_and(|head| head == cursor.head))
            && cursor.offset > 0
        {
            followed.alike = None;
            followed.read_header(folder)?;
            followed.cursor = cursor;
        }
        Ok(followed)
    }

    /// As [`key`], of the file that is open.
    pub(crate) fn key(&self) -> io::Result<String> {
        Ok(key_of(&self.file.metadata()?))
    }

    /// True when the file is shorter than it was read, or begins otherwise: it was cut off, or written anew.
    pub(crate) fn was_replaced(&self) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        Ok(length < self.cursor.offset
            || self.head(self.cursor.offset)? != self.cursor.head && self.cursor.offset > 0)
    }

    /// Reads what comes next, whole rows only; what is left of a file that is done is a row, too.
    pub(crate) fn step(&mut self, folder: &Folder, is_done: bool) -> io::Result<Step> {
        let bytes = self.chunk(self.cursor.offset)?;
        let at_end = bytes.len() < CHUNK.max(self.cut.bytes_max * 2);
        let (mut read, mut cursor, mut at) = (Vec::new(), self.cursor.clone(), 0);
        while let Some(row) = self.cut.next(&bytes, at, is_done && at_end) {
            at = row.next;
            let line = cursor.lines + 1;
            cursor.lines += row.lines;
            read.extend(self.read_row(&bytes, row, line, folder)?);
        }
        cursor.offset += at as u64;
        cursor.head = self.head(cursor.offset)?;
        Ok(Step { read, cursor })
    }

    fn chunk(&self, offset: u64) -> io::Result<Bytes> {
        let mut bytes = vec![0; CHUNK.max(self.cut.bytes_max * 2)];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(bytes.into())
    }

    fn head(&self, offset: u64) -> io::Result<String> {
        let mut head = vec![0; usize::try_from(offset.min(HEAD)).unwrap_or_default()];
        match self.file.read_exact_at(&mut head, 0) {
            Ok(()) => Ok(Commit::hash(&head)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// The first row again, for a file that is read on.
    fn read_header(&mut self, folder: &Folder) -> io::Result<()> {
        if folder.parser.has_header() {
            let bytes = self.chunk(0)?;
            let first = self.cut.next(&bytes, 0, true);
            let row = first.map(|row| Self::text(&bytes, row, folder));
            self.columns = row
                .and_then(|row| folder.parser.header(row.ok()?.trim_start_matches('\u{feff}')).ok())
                .unwrap_or_default();
        }
        Ok(())
    }

    /// What a row says; nothing for empty ones and for the header.
    fn read_row(&mut self, bytes: &Bytes, row: Row, line: u64, folder: &Folder) -> io::Result<Option<Read>> {
        if row.start == row.end {
            return Ok(None);
        }
        let is_first = line == 1 && self.cursor.offset == 0 && row.start == 0;
        let text = Self::text(bytes, row, folder);
        let text =
            text.map(|text| if is_first { text.trim_start_matches('\u{feff}').to_owned() } else { text });
        if is_first
            && folder.parser.has_header()
            && let Ok(columns) = text.as_ref().map_err(Clone::clone).and_then(|row| folder.parser.header(row))
        {
            self.columns = columns;
            return Ok(None);
        }
        let entry = if row.is_whole {
            text.and_then(|text| folder.parser.row(&text, &self.columns))
        } else {
            Err(Fault::new("is longer than a row may be, or a quote in it is never closed"))
        };
        let raw = bytes.slice(row.start..row.end);
        let names_a_call = entry.as_ref().is_ok_and(|entry| !entry.call.call_id.is_empty());
        let ordinal = if names_a_call { 0 } else { self.ordinal(&raw, folder)? };
        let place = format!("line {line} of {}", self.name);
        Ok(Some(Read { entry, raw, media_type: "text/csv", place, ordinal, audio: None }))
    }

    fn text(bytes: &[u8], row: Row, folder: &Folder) -> Result<String, Fault> {
        let text =
            folder.encoding.decode_without_bom_handling_and_without_replacement(&bytes[row.start..row.end]);
        text.map(std::borrow::Cow::into_owned)
            .ok_or_else(|| Fault(format!("is not {}", folder.encoding.name())))
    }

    /// How many rows like this one stood before it.
    fn ordinal(&mut self, raw: &[u8], folder: &Folder) -> io::Result<u32> {
        if self.alike.is_none() {
            self.alike = Some(self.alike_before(folder)?);
        }
        let count = self.alike.get_or_insert_default().entry(digest(raw)).or_insert(0);
        *count += 1;
        Ok(*count - 1)
    }

    /// Counts the rows that were read before a restart.
    fn alike_before(&self, folder: &Folder) -> io::Result<HashMap<[u8; 16], u32>> {
        let (mut alike, mut offset) = (HashMap::new(), 0);
        while offset < self.cursor.offset {
            let bytes = self.chunk(offset)?;
            let mut at = 0;
            while let Some(row) =
                self.cut.next(&bytes, at, false).filter(|row| offset + row.next as u64 <= self.cursor.offset)
            {
                at = row.next;
                let is_header = offset == 0 && row.start == 0 && folder.parser.has_header();
                if row.start != row.end && !is_header {
                    *alike.entry(digest(&bytes[row.start..row.end])).or_insert(0) += 1;
                }
            }
            if at == 0 {
                break;
            }
            offset += at as u64;
        }
        Ok(alike)
    }
}

fn digest(raw: &[u8]) -> [u8; 16] {
    let digest = ring::digest::digest(&ring::digest::SHA256, raw);
    let mut short = [0; 16];
    short.copy_from_slice(&digest.as_ref()[..16]);
    short
}

/// Reads a file that holds one thing.
pub(crate) fn whole(path: &PathBuf, folder: &Folder, bytes_max: usize) -> io::Result<Read> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let length = std::fs::metadata(path)?.len();
    let is_too_large = length > bytes_max as u64;
    let raw = if is_too_large { Bytes::new() } else { Bytes::from(std::fs::read(path)?) };
    if folder.parser.format == Format::Recording && !is_too_large {
        let audio = recordings::media_type(&name)
            .map(|media_type| Audio { name: name.clone(), media_type: media_type.to_owned() });
        let entry = match &audio {
            Some(_) => Ok(recordings::about(name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem))),
            None => Err(Fault::new(
                "is no recording: its name ends in none of .wav, .mp3, .ogg, .opus, .m4a, .gsm",
            )),
        };
        return Ok(Read {
            entry,
            raw,
            media_type: "application/octet-stream",
            place: name,
            ordinal: 0,
            audio,
        });
    }
    let entry = if is_too_large {
        Err(Fault(format!("is larger than {} MiB", bytes_max / 1024 / 1024)))
    } else {
        match folder.encoding.decode_with_bom_removal(&raw) {
            (_, true) => Err(Fault(format!("is not {}", folder.encoding.name()))),
            (text, false) => folder.parser.whole(&name, &text),
        }
    };
    Ok(Read { entry, raw, media_type: "application/octet-stream", place: name, ordinal: 0, audio: None })
}
