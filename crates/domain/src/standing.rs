//! As whom does the sender of a contact enter a complaint? One table (DESIGN §7): what a mail says of itself proves
//! nothing, so an address that somebody refutes is nobody's, and an address nobody vouches for proves less than one
//! that somebody does.

use redress_contract::{MachineKind, PartyStanding};

/// What is known of whether the sender is who they say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Vouching {
    /// Somebody who can know says so.
    Vouched,
    /// Nobody says anything: nobody is trusted to, or the sender's domain publishes nothing to go by.
    #[default]
    Unknown,
    /// Somebody who can know says that it is not so.
    Refuted,
}

/// What the stated address is to the complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The contact opens it.
    Opener,
    /// It is the address of one of its parties.
    Party,
    /// It is not.
    Stranger,
}

/// The table. A complaint that nobody else is part of is its opener's, whoever that is: it must have somebody to
/// answer to, and nobody else's matter is touched.
pub fn standing(machine: MachineKind, relation: Relation, vouching: Vouching) -> PartyStanding {
    if !machine.is_unspecified() {
        return PartyStanding::Machine;
    }
    match (relation, vouching) {
        (Relation::Opener, _) | (Relation::Party, Vouching::Vouched | Vouching::Unknown) => {
            PartyStanding::Party
        }
        (Relation::Party, Vouching::Refuted) | (Relation::Stranger, _) => PartyStanding::UnverifiedParty,
    }
}

/// How much a complaint's reference in a text proves, in percent (DESIGN §7: "reference in the text and a verified
/// party"): the reference may be known to anybody, and an address may be written by anybody.
pub fn reference_confidence(relation: Relation, vouching: Vouching) -> u32 {
    match (relation, vouching) {
        (Relation::Opener | Relation::Party, Vouching::Vouched) => 95,
        (Relation::Opener | Relation::Party, Vouching::Unknown) => 80,
        (Relation::Opener | Relation::Party, Vouching::Refuted) | (Relation::Stranger, _) => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOUCHINGS: [Vouching; 3] = [Vouching::Vouched, Vouching::Unknown, Vouching::Refuted];

    #[test]
    fn the_table_of_standings() {
        use PartyStanding::{Party, UnverifiedParty};
        for (relation, expected) in [
            (Relation::Opener, [Party, Party, Party]),
            (Relation::Party, [Party, Party, UnverifiedParty]),
            (Relation::Stranger, [UnverifiedParty, UnverifiedParty, UnverifiedParty]),
        ] {
            let got = VOUCHINGS.map(|vouching| standing(MachineKind::Unspecified, relation, vouching));
            assert_eq!(got, expected, "{relation:?}");
            for vouching in VOUCHINGS {
                for machine in MachineKind::ALL {
                    assert_eq!(standing(*machine, relation, vouching), PartyStanding::Machine);
                }
            }
        }
    }

    #[test]
    fn the_table_of_references() {
        for (relation, expected) in [(Relation::Party, [95, 80, 40]), (Relation::Stranger, [40, 40, 40])] {
            let got = VOUCHINGS.map(|vouching| reference_confidence(relation, vouching));
            assert_eq!(got, expected, "{relation:?}");
        }
    }
}
