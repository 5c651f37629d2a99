//! References: what a person reads out on the phone. `RD-4F7K-2QMX`: Crockford base 32, the last character checks.

use redress_contract::{ContactId, Reference};

use crate::Keys;

impl Keys {
    /// The `n`-th candidate reference of a contact (n from 0); the first free one is claimed.
    pub fn reference(&self, contact: &ContactId, n: u32) -> Reference {
        let _ = (contact, n);
        todo!()
    }
}

/// Reads a reference as a person writes it: any case, O for 0, I or L for 1, blanks or no hyphens. None when the
/// check character does not fit.
pub fn parse(text: &str) -> Option<Reference> {
    let _ = text;
    todo!()
}

/// All references that stand in a text, in order, each once.
pub fn find(text: &str) -> Vec<Reference> {
    let _ = text;
    todo!()
}
