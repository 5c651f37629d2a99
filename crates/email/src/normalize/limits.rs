//! How much of one mail is read. The raw bytes are kept beside it, whole up to a limit of their own (`Keep`).

/// Limits of the normaliser; reaching one leaves a sentence in the contact's `parse_problem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of a larger mail only the first bytes are read.
    pub mail_bytes_max: usize,
    /// Header fields in one block.
    pub headers_max: usize,
    /// Bytes of one header field, folded lines included.
    pub header_bytes_max: usize,
    /// MIME parts in the whole mail.
    pub parts_max: usize,
    /// MIME parts inside one another.
    pub depth_max: usize,
    /// Bytes of text kept of one part.
    pub text_part_bytes_max: usize,
    /// Addresses kept of all address fields together.
    pub recipients_max: usize,
    /// Message-IDs kept of `References`.
    pub references_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_bytes_max: 25 * 1024 * 1024,
            headers_max: 1000,
            header_bytes_max: 64 * 1024,
            parts_max: 200,
            depth_max: 20,
            text_part_bytes_max: 512 * 1024,
            recipients_max: 100,
            references_max: 100,
        }
    }
}

/// Largest size of a contact as JSON, its raw bytes left out: an INTAKE message holds 512 KiB, and text cannot move
/// to a blob, so the text is cut until the rest fits.
pub(crate) const CONTACT_JSON_BYTES_MAX: usize = 448 * 1024;

/// Longest address kept (RFC 5321 §4.5.3.1 allows 254 octets).
pub(crate) const ADDRESS_BYTES_MAX: usize = 320;
/// Longest display or file name kept, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 200;
/// Longest subject kept, in characters.
pub(crate) const SUBJECT_CHARS_MAX: usize = 1000;
/// Longest Message-ID kept; a longer one is no id anybody could answer to (RFC 5322 §2.1.1 ends lines at 998).
pub(crate) const MESSAGE_ID_BYTES_MAX: usize = 998;
/// Bytes of all threading ids together.
pub(crate) const THREAD_BYTES_MAX: usize = 32 * 1024;
/// Ids kept of `In-Reply-To`.
pub(crate) const IN_REPLY_TO_MAX: usize = 10;
/// Delivery reports kept of one bounce.
pub(crate) const DELIVERIES_MAX: usize = 50;
/// Steps (bytes times multiparts) that looking for boundaries may cost.
pub(crate) const BOUNDARY_STEPS_MAX: usize = 2_000_000_000;
