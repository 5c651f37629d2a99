//! Erasing: noted before it begins and after it is done, once each. What is erased is not the rules' business: whoever
//! may ask for it has decided.

use redress_contract::Event;
use redress_contract::event::{ErasureCompleted, ErasureRequested};

use super::resolve::must_be_a_word;
use super::{Case, Decision};
use crate::command::{Erased, Erasing};

impl Case<'_> {
    pub(super) fn request_erasure(&self, erasing: &Erasing) -> Decision {
        must_be_a_word(&erasing.reason, "the reason of an erasure")?;
        if self.complaint.erasing.contains(erasing) {
            return Ok(Vec::new());
        }
        let Erasing { reason, party } = erasing.clone();
        Ok(vec![ErasureRequested { reason, party }.into()])
    }

    pub(super) fn complete_erasure(&self, erasing: &Erasing, erased: Erased) -> Vec<Event> {
        if !self.complaint.erasing.contains(erasing) {
            return Vec::new();
        }
        let Erasing { reason, party } = erasing.clone();
        let Erased { contacts, contents, communications } = erased;
        vec![ErasureCompleted { reason, party, contacts, contents, communications }.into()]
    }
}
