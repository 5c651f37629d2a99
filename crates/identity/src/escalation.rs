//! The link in a mail about an escalation: which rung was told to whom, signed, so that whoever reads the mail can say that
//! they look after it. 96 bits of HMAC-SHA-256, compared in constant time; made of characters that stand in any address.

use redress_contract::{ClockId, ComplaintId, MilestoneId, Recipient};

use crate::{Keys, mac};

/// Longer texts are none of ours.
const TEXT_MAX: usize = 512;

/// A rung of which somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationLink {
    /// The complaint.
    pub complaint_id: ComplaintId,
    /// Its clock.
    pub clock: ClockId,
    /// What is overdue.
    pub milestone: MilestoneId,
    /// The generation of the milestone.
    pub generation: u32,
    /// The rung, from 1.
    pub rung: u32,
    /// The role that was told.
    pub recipient: Recipient,
}

impl Keys {
    /// `<complaint>.<clock>.<milestone>.<generation>.<rung>.<role>.<mac>`: the last part of the link.
    pub fn escalation_token(&self, link: &EscalationLink) -> String {
        let names = link.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mac = mac::signature(&self.token, &labelled(&names));
        format!("{}.{mac}", names.join("."))
    }

    /// What a token names, when these keys signed it.
    pub fn escalation_in(&self, token: &str) -> Option<EscalationLink> {
        if token.len() > TEXT_MAX {
            return None;
        }
        let (names, signature) = token.rsplit_once('.')?;
        let names: Vec<&str> = names.split('.').collect();
        if !mac::signed(&self.token, &labelled(&names), signature) {
            return None;
        }
        let [complaint, clock, milestone, generation, rung, recipient] = names[..] else { return None };
        Some(EscalationLink {
            complaint_id: ComplaintId::new(complaint).ok()?,
            clock: ClockId::new(clock).ok()?,
            milestone: MilestoneId::new(milestone).ok()?,
            generation: generation.parse().ok()?,
            rung: rung.parse().ok()?,
            recipient: Recipient::from_token(recipient)?,
        })
    }
}

impl EscalationLink {
    fn names(&self) -> [String; 6] {
        [
            self.complaint_id.to_string(),
            self.clock.to_string(),
            self.milestone.to_string(),
            self.generation.to_string(),
            self.rung.to_string(),
            self.recipient.token().to_owned(),
        ]
    }
}

fn labelled<'a>(names: &[&'a str]) -> Vec<&'a str> {
    std::iter::once("e").chain(names.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(rung: u32) -> EscalationLink {
        EscalationLink {
            complaint_id: "c1".parse().unwrap(),
            clock: "house-2".parse().unwrap(),
            milestone: "final_response".parse().unwrap(),
            generation: 3,
            rung,
            recipient: Recipient::ComplaintsManager,
        }
    }

    proptest! {
        #[test]
        fn a_token_names_what_it_was_made_for_and_no_change_of_it_anything(
            rung in 1u32..20, place in 0usize..200, letter in "[a-z0-9._-]",
        ) {
            let keys = Keys::from_master(&[3; 32]);
            let token = keys.escalation_token(&link(rung));
            prop_assert_eq!(keys.escalation_in(&token), Some(link(rung)));
            prop_assert_eq!(Keys::from_master(&[4; 32]).escalation_in(&token), None);
            let at = place % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert!(changed == token || keys.escalation_in(&changed).is_none(), "{}", changed);
        }
    }

    #[test]
    fn no_other_token_of_ours_opens_it() {
        let keys = Keys::from_master(&[3; 32]);
        let mailbox = keys.reply_address("help@example.org", &"c1".parse().unwrap());
        let tag = mailbox.split_once('+').unwrap().1.split_once('@').unwrap().0.to_owned();
        assert_eq!(keys.escalation_in(&tag), None);
        assert_eq!(keys.escalation_in(""), None);
    }
}
