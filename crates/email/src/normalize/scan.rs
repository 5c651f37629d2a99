//! One linear look at the raw bytes before the parser sees them: where do they pass a limit?
//!
//! The answer is a shorter mail (later parts cut off, surplus header fields left out) and a sentence that says so.
//! The scan knows just enough MIME for that: header blocks, boundaries, messages inside messages.

use std::borrow::Cow;
use std::ops::Range;

use super::limits::{BOUNDARY_STEPS_MAX, Limits};

/// What of a mail may be parsed.
pub(crate) struct Scan<'a> {
    /// The bytes to parse.
    pub(crate) raw: Cow<'a, [u8]>,
    /// True when the end was cut off.
    pub(crate) cut: bool,
    /// What was passed; empty when nothing was.
    pub(crate) problems: Vec<String>,
}

/// Looks at a mail.
pub(crate) fn scan<'a>(raw: &'a [u8], limits: &Limits) -> Scan<'a> {
    let mut problems = Vec::new();
    let mut end = raw.len();
    if end > limits.mail_bytes_max {
        problems.push(format!("{end} bytes, only the first {} were read", limits.mail_bytes_max));
        end = limits.mail_bytes_max;
    }
    let mut scanner = Scanner::new(raw.get(..end).unwrap_or(raw), limits);
    scanner.run();
    problems.append(&mut scanner.problems);
    let end = scanner.cut.unwrap_or(end).min(end);
    let end = affordable(raw.get(..end).unwrap_or(raw), &mut problems);
    let kept = without(raw.get(..end).unwrap_or(raw), &scanner.surplus);
    Scan { raw: kept, cut: end < raw.len(), problems }
}

struct Level {
    boundary: Vec<u8>,
    digest: bool,
}

struct Scanner<'a, 'l> {
    raw: &'a [u8],
    limits: &'l Limits,
    pos: usize,
    levels: Vec<Level>,
    parts: usize,
    surplus: Vec<Range<usize>>,
    cut: Option<usize>,
    problems: Vec<String>,
}

impl<'a, 'l> Scanner<'a, 'l> {
    fn new(raw: &'a [u8], limits: &'l Limits) -> Self {
        Self {
            raw,
            limits,
            pos: 0,
            levels: Vec::new(),
            parts: 1,
            surplus: Vec::new(),
            cut: None,
            problems: Vec::new(),
        }
    }

    fn run(&mut self) {
        self.header_block();
        while self.cut.is_none() && !self.levels.is_empty() {
            let Some(line) = self.line() else { return };
            if self.is_delimiter(line.clone()) {
                self.parts += 1;
                if self.parts > self.limits.parts_max {
                    self.stop(line.start, format!("more than {} parts", self.limits.parts_max));
                    return;
                }
                self.header_block();
            }
        }
    }

    fn stop(&mut self, at: usize, problem: String) {
        self.cut = Some(at);
        self.problems.push(problem);
    }

    /// The next line, its line feed included.
    fn line(&mut self) -> Option<Range<usize>> {
        let rest = self.raw.get(self.pos..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let line = self.pos..self.pos + length;
        self.pos = line.end;
        Some(line)
    }

    /// True when the line opens another part; closes the levels it ends.
    fn is_delimiter(&mut self, line: Range<usize>) -> bool {
        let Some(rest) = self.raw.get(line).and_then(|line| line.strip_prefix(b"--")) else { return false };
        let rest = rest.trim_ascii_end();
        for index in (0..self.levels.len()).rev() {
            let Some(tail) = rest.strip_prefix(self.levels[index].boundary.as_slice()) else { continue };
            if self.levels[index].boundary.is_empty() {
                continue;
            }
            match tail {
                b"" => {
                    self.levels.truncate(index + 1);
                    return true;
                }
                b"--" => {
                    self.levels.truncate(index);
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    /// Reads header blocks until one that is followed by a body.
    fn header_block(&mut self) {
        loop {
            let kind = self.one_header_block();
            let (boundary, digest) = match kind {
                Kind::Leaf => return,
                Kind::Message => (Vec::new(), false),
                Kind::Multipart { boundary, digest } => (boundary, digest),
            };
            if self.levels.len() >= self.limits.depth_max {
                self.stop(self.pos, format!("parts nested more than {} deep", self.limits.depth_max));
                return;
            }
            let message = boundary.is_empty();
            self.levels.push(Level { boundary, digest });
            if !message {
                return;
            }
        }
    }

    fn one_header_block(&mut self) -> Kind {
        let mut count = 0_usize;
        let mut field = self.pos..self.pos;
        let mut content_type = None;
        let mut encoded = false;
        let mut surplus_from = None;
        while let Some(line) = self.line() {
            let text = self.raw.get(line.clone()).unwrap_or_default();
            let blank = text.trim_ascii().is_empty();
            if !blank && matches!(text.first(), Some(b' ' | b'\t')) {
                field.end = line.end;
                continue;
            }
            self.end_field(&field, &mut content_type, &mut encoded);
            if blank {
                self.end_surplus(surplus_from, line.start);
                return kind_of(
                    content_type.as_deref(),
                    encoded,
                    self.levels.last().is_some_and(|l| l.digest),
                );
            }
            count += 1;
            if count == self.limits.headers_max + 1 {
                surplus_from = Some(line.start);
                self.problems.push(format!("more than {} header fields", self.limits.headers_max));
            }
            field = line;
        }
        self.end_field(&field, &mut content_type, &mut encoded);
        self.end_surplus(surplus_from, self.raw.len());
        Kind::Leaf
    }

    fn end_surplus(&mut self, from: Option<usize>, end: usize) {
        if let Some(from) = from {
            // Over-long fields inside the surplus are gone with it.
            self.surplus.retain(|range| range.start < from);
            self.surplus.push(from..end);
        }
    }

    fn end_field(&mut self, field: &Range<usize>, content_type: &mut Option<String>, encoded: &mut bool) {
        let text = self.raw.get(field.clone()).unwrap_or_default();
        if text.len() > self.limits.header_bytes_max {
            let keep = field.start + self.limits.header_bytes_max;
            self.surplus.push(keep..field.end.saturating_sub(1).max(keep));
            self.problems.push(format!("a header field of {} bytes", text.len()));
        }
        let short = text.get(..text.len().min(self.limits.header_bytes_max)).unwrap_or_default();
        if let Some(value) = value_of(short, b"content-type") {
            *content_type = Some(String::from_utf8_lossy(value).into_owned());
        } else if let Some(value) = value_of(short, b"content-transfer-encoding") {
            let value = value.to_ascii_lowercase();
            *encoded = value.starts_with(b"base64") || value.starts_with(b"quoted-printable");
        }
    }
}

enum Kind {
    Leaf,
    Message,
    Multipart { boundary: Vec<u8>, digest: bool },
}

fn kind_of(content_type: Option<&str>, encoded: bool, in_digest: bool) -> Kind {
    let Some(content_type) = content_type else {
        return if in_digest && !encoded { Kind::Message } else { Kind::Leaf };
    };
    let lower = content_type.to_ascii_lowercase();
    if lower.starts_with("message/rfc822") || lower.starts_with("message/global") {
        return if encoded { Kind::Leaf } else { Kind::Message };
    }
    if !lower.starts_with("multipart/") {
        return Kind::Leaf;
    }
    let Some(at) = lower.find("boundary") else { return Kind::Leaf };
    let value = content_type.get(at + "boundary".len()..).unwrap_or_default().trim_start();
    let Some(value) = value.strip_prefix('=').map(str::trim_start) else { return Kind::Leaf };
    let boundary = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => value.split([';', ' ', '\t', '\r', '\n']).next().unwrap_or_default(),
    };
    if boundary.is_empty() {
        return Kind::Leaf;
    }
    Kind::Multipart { boundary: boundary.as_bytes().to_vec(), digest: lower.starts_with("multipart/digest") }
}

/// The value of a header field, when it has this name (given in lower case).
fn value_of<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = field.split_at_checked(name.len())?;
    if !head.eq_ignore_ascii_case(name) {
        return None;
    }
    rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii)
}

/// How far the parser may read: each multipart may cost one search for its boundary through all that follows, so
/// many of them in a large mail would take long.
fn affordable(raw: &[u8], problems: &mut Vec<String>) -> usize {
    let searches_max = BOUNDARY_STEPS_MAX / raw.len().max(1);
    if raw.len() / "boundary".len() <= searches_max {
        return raw.len();
    }
    let mut searches = 0_usize;
    let mut from = 0;
    while let Some(at) = find_boundary(raw.get(from..).unwrap_or_default()) {
        searches += 1;
        if searches > searches_max {
            problems.push(format!("more than {searches_max} boundaries in {} bytes", raw.len()));
            return from + at;
        }
        from += at + 8;
    }
    raw.len()
}

fn find_boundary(raw: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = raw.get(from..)?.iter().position(|byte| matches!(byte, b'u' | b'U')) {
        let at = from + at;
        if at >= 2 && raw.get(at - 2..at + 6).is_some_and(|word| word.eq_ignore_ascii_case(b"boundary")) {
            return Some(at - 2);
        }
        from = at + 1;
    }
    None
}

fn without<'a>(raw: &'a [u8], surplus: &[Range<usize>]) -> Cow<'a, [u8]> {
    if surplus.is_empty() {
        return Cow::Borrowed(raw);
    }
    let mut kept = Vec::with_capacity(raw.len());
    let mut from = 0;
    for range in surplus {
        kept.extend_from_slice(raw.get(from..range.start.min(raw.len())).unwrap_or_default());
        from = range.end.max(from);
    }
    kept.extend_from_slice(raw.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}
