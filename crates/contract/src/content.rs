//! Free text written inside: notes, reasons, corrections. Sealed; events name it only by id.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ComplaintId, ContentId, HandlerId};

/// One piece of free text (body of a CONTENT message, proto `redress.complaint.v1.Content`).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Content {
    /// Named by the event that mentions it.
    pub id: ContentId,
    /// The complaint it belongs to.
    pub complaint_id: ComplaintId,
    /// Who wrote it.
    pub author: HandlerId,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// The words.
    pub text: String,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} of {}, {} bytes)", self.id, self.complaint_id, self.text.len())
    }
}
