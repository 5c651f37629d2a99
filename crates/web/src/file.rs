//! Pure: what a file is, by its first bytes, and whether it is taken.

use redress_contract::FileName;
use redress_contract::contact::Attachment;

use crate::submission::ErrorKind;

/// Field: the files.
pub(crate) const FILES_FIELD: &str = "attachments";

/// How many bytes of a file tell what it is.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// `[web.uploads]` as it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileLimits {
    /// Most files of one submission; none are taken when it is 0.
    pub(crate) files_max: usize,
    /// Largest file.
    pub(crate) file_bytes_max: usize,
    /// Largest total of one submission.
    pub(crate) total_bytes_max: usize,
    /// Media types that are taken.
    pub(crate) media_types: Vec<String>,
}

/// The media type that the first bytes of a file say; what names and senders say counts for nothing.
pub(crate) fn media_type(head: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(head) {
        return kind.mime_type();
    }
    let (text, is_cut) = match std::str::from_utf8(head) {
        Ok(text) => (text, false),
        // A character may lie across the end of what was read.
        Err(error) if error.error_len().is_none() => {
            (std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(), true)
        }
        Err(_) => ("", false),
    };
    let is_text = !text.is_empty() && !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}".contains(c));
    if is_text && (!is_cut || head.len() >= 4) { "text/plain" } else { "application/octet-stream" }
}

impl FileLimits {
    /// What is wrong with a file of this type after so many files and bytes.
    pub(crate) fn objection(&self, files: usize, bytes: usize, media_type: &str) -> Option<ErrorKind> {
        if files >= self.files_max {
            return Some(ErrorKind::TooManyFiles { max: self.files_max });
        }
        if bytes >= self.total_bytes_max {
            return Some(self.too_large_together());
        }
        let is_taken = self.media_types.iter().any(|taken| taken == media_type);
        (!is_taken).then_some(ErrorKind::FileType)
    }

    /// What is wrong with a file that did not end within what was left.
    pub(crate) fn too_large(&self, left: usize) -> ErrorKind {
        if left < self.file_bytes_max {
            return self.too_large_together();
        }
        ErrorKind::FileTooLarge { mebibytes_max: self.file_bytes_max / MEBIBYTE }
    }

    /// How many bytes the next file may have.
    pub(crate) fn left(&self, bytes: usize) -> usize {
        self.file_bytes_max.min(self.total_bytes_max.saturating_sub(bytes))
    }

    fn too_large_together(&self) -> ErrorKind {
        ErrorKind::FilesTooLarge { mebibytes_max: self.total_bytes_max / MEBIBYTE }
    }
}

/// Bytes of a mebibyte.
pub(crate) const MEBIBYTE: usize = 1024 * 1024;

/// What a repeat is compared by: which files, in which order.
pub(crate) fn said(attachments: &[Attachment]) -> String {
    let one = |attachment: &Attachment| format!("\n{} {}", attachment.sha256, attachment.file_name.as_str());
    attachments.iter().map(one).collect()
}

/// A name that was stated, made safe; one that says nothing becomes `file`.
pub(crate) fn name(stated: &str) -> FileName {
    let name = FileName::new(stated);
    if name.is_empty() { FileName::new("file") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> FileLimits {
        FileLimits {
            files_max: 2,
            file_bytes_max: 10 * MEBIBYTE,
            total_bytes_max: 15 * MEBIBYTE,
            media_types: vec!["image/png".to_owned(), "text/plain".to_owned()],
        }
    }

    #[test]
    fn bytes_say_what_a_file_is() {
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"%PDF-1.7", "application/pdf"),
            ("Größe: 3".as_bytes(), "text/plain"),
            (b"Gr\xc3", "application/octet-stream"),
            (b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
            (b"\0\0\0\0", "application/octet-stream"),
            (b"a\xffb\xfe", "application/octet-stream"),
            (b"<!DOCTYPE html><script>", "text/html"),
            (b"PK\x03\x04\0\0", "application/zip"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(media_type(head), expected, "{head:?}");
        }
        assert_eq!(media_type(&"abcdé".as_bytes()[..5]), "text/plain", "cut within a character");
    }

    #[test]
    fn each_limit_has_words_of_its_own() {
        let limits = limits();
        assert_eq!(limits.objection(0, 0, "image/png"), None);
        assert_eq!(limits.objection(2, 0, "image/png"), Some(ErrorKind::TooManyFiles { max: 2 }));
        assert_eq!(limits.objection(1, 0, "text/html"), Some(ErrorKind::FileType));
        assert_eq!(
            limits.objection(1, 15 * MEBIBYTE, "image/png"),
            Some(ErrorKind::FilesTooLarge { mebibytes_max: 15 })
        );
        assert_eq!(limits.too_large(limits.left(0)), ErrorKind::FileTooLarge { mebibytes_max: 10 });
        assert_eq!(
            limits.too_large(limits.left(8 * MEBIBYTE)),
            ErrorKind::FilesTooLarge { mebibytes_max: 15 }
        );
    }
}
