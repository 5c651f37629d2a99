//! Every row of the confidence table, the standing that follows, and what holds for any answers at all.

use proptest::prelude::*;
use redress_contract::contact::{Machine, SenderVerdict};
use redress_contract::{ComplaintId, Contact, ContactId, MachineKind, PartyStanding, Verdict};
use redress_domain::Vouching;
use redress_router::plan::{
    self, Answers, Belonging, ByHand, Claimed, Clues, Found, Origin, Root, decide_belonging,
};

fn complaint(name: &str) -> ComplaintId {
    ComplaintId::new(name).unwrap()
}

fn contact(name: &str) -> ContactId {
    ContactId::new(name).unwrap()
}

/// A contact that starts a thread.
fn starts() -> Clues {
    Clues {
        contact: contact("me"),
        own_complaint: complaint("mine"),
        party: "p1".to_owned(),
        vouching: Vouching::Vouched,
        tokens: Vec::new(),
        bounce: None,
        belongs_with: None,
        is_revision: false,
        same_sender_as: None,
        act: redress_contract::Act::Unspecified,
        root: Some(Root {
            key: "thread.a".to_owned(),
            text_key: "thread.b".to_owned(),
            origin: Origin::OwnMessage,
        }),
        text: "digest".to_owned(),
        ancestors: Vec::new(),
        own_key: None,
        references: Vec::new(),
        orders: Vec::new(),
        by_hand: None,
    }
}

/// A contact that answers another mail.
fn answers_a_mail() -> Clues {
    with_origin(Origin::References)
}

fn with_origin(origin: Origin) -> Clues {
    let mut clues = starts();
    if let Some(root) = &mut clues.root {
        root.origin = origin;
    }
    clues
}

fn theirs() -> Found {
    Found {
        complaint: complaint("theirs"),
        committed: true,
        has_party: true,
        is_open: true,
        party: String::new(),
    }
}

fn strangers() -> Found {
    Found { has_party: false, ..theirs() }
}

fn claimed(text: &str) -> Claimed {
    Claimed { contact: contact("first"), text: text.to_owned(), found: theirs() }
}

fn nothing() -> Answers {
    Answers::default()
}

/// What is expected: attached there with this confidence, or its own complaint.
#[derive(Debug, PartialEq)]
enum Expect {
    Attach(u32, &'static str),
    Open(u32, Vec<&'static str>, Option<&'static str>),
}

fn check(clues: &Clues, answers: &Answers, expect: &Expect) {
    let got = match decide_belonging(clues, answers) {
        Belonging::Attach { found, confidence_percent, reason } => {
            assert_eq!(found.complaint.as_str(), "theirs");
            Expect::Attach(confidence_percent, reason)
        }
        Belonging::Open { confidence_percent, reasons, possible_duplicate_of } => {
            let suspect =
                possible_duplicate_of.map(|id| if id.as_str() == "theirs" { "theirs" } else { "another" });
            Expect::Open(confidence_percent, reasons, suspect)
        }
    };
    assert_eq!(&got, expect, "{answers:?}");
}

#[test]
fn nothing_found_opens_a_complaint() {
    check(&starts(), &nothing(), &Expect::Open(100, vec!["opened"], None));
    check(&answers_a_mail(), &nothing(), &Expect::Open(100, vec!["opened"], None));
}

#[test]
fn a_signed_token_is_certain() {
    let answers = Answers { token: Some(strangers()), root: Some(claimed("")), ..nothing() };
    check(&starts(), &answers, &Expect::Attach(100, "token"));
    check(&starts(), &Answers { whole: Some(theirs()), ..nothing() }, &Expect::Attach(100, "part_of"));
}

#[test]
fn a_mail_of_the_complaint_or_the_same_mail_or_the_platforms_thread() {
    let root = |text| Answers { root: Some(claimed(text)), ..nothing() };
    check(&answers_a_mail(), &root("other"), &Expect::Attach(98, "references"));
    check(
        &answers_a_mail(),
        &Answers { ancestor: Some(theirs()), ..nothing() },
        &Expect::Attach(98, "references"),
    );
    check(&starts(), &root("digest"), &Expect::Attach(98, "same_message"));
    check(&starts(), &root(""), &Expect::Attach(98, "references"));
    check(&with_origin(Origin::Platform), &root("other"), &Expect::Attach(98, "platform_thread"));
}

#[test]
fn a_reference_needs_a_party() {
    let references = |found| Answers { references: vec![found], ..nothing() };
    check(&starts(), &references(theirs()), &Expect::Attach(95, "reference_and_party"));
    check(&starts(), &references(strangers()), &Expect::Open(40, vec!["opened", "reference_alone"], None));
    let both = Answers { references: vec![strangers(), theirs()], ..nothing() };
    check(&starts(), &both, &Expect::Attach(95, "reference_and_party"));
}

#[test]
fn a_partys_address_beside_a_reference_proves_what_is_known_of_its_sender() {
    let answers = Answers { references: vec![theirs()], ..nothing() };
    let who = |vouching| Clues { vouching, ..starts() };
    let suspected = Expect::Open(80, vec!["opened", "reference_and_address"], Some("theirs"));
    check(&who(Vouching::Unknown), &answers, &suspected);
    check(&who(Vouching::Refuted), &answers, &Expect::Open(40, vec!["opened", "reference_alone"], None));
    // A signed token and a thread prove more than any address: what comes of them is a matter of standing.
    for vouching in [Vouching::Vouched, Vouching::Unknown, Vouching::Refuted] {
        let token = Answers { token: Some(theirs()), ..nothing() };
        check(&who(vouching), &token, &Expect::Attach(100, "token"));
    }
}

#[test]
fn one_order_number_on_an_open_complaint_suggests() {
    let orders = |found| Answers { orders: vec![found], ..nothing() };
    check(&starts(), &orders(theirs()), &Expect::Open(80, vec!["opened", "same_order"], Some("theirs")));
    let closed = Found { is_open: false, ..theirs() };
    check(&starts(), &orders(closed), &Expect::Open(100, vec!["opened"], None));
    let own = Found { complaint: complaint("mine"), ..theirs() };
    check(&starts(), &orders(own), &Expect::Open(100, vec!["opened"], None));
}

#[test]
fn another_mail_with_the_same_id_is_a_complaint_of_its_own() {
    let other_text = Answers { root: Some(claimed("other")), ..nothing() };
    check(&starts(), &other_text, &Expect::Open(60, vec!["opened", "same_message_id"], Some("theirs")));
    let known_text = Answers { text_root: Some(claimed("digest")), ..other_text.clone() };
    check(&starts(), &known_text, &Expect::Attach(98, "same_message"));
    let with_order = Answers { orders: vec![Found { complaint: complaint("x"), ..theirs() }], ..other_text };
    let expect = Expect::Open(80, vec!["opened", "same_order", "same_message_id"], Some("another"));
    check(&starts(), &with_order, &expect);
}

#[test]
fn our_own_earlier_claim_says_nothing_new() {
    let ours = |complaint: &ComplaintId, text: &str| {
        let found = Found { complaint: complaint.clone(), committed: false, ..theirs() };
        Some(Claimed { contact: contact("me"), text: text.to_owned(), found })
    };
    let mine = Answers { root: ours(&complaint("mine"), "digest"), ..nothing() };
    check(&starts(), &mine, &Expect::Open(100, vec!["opened"], None));
    // Claimed for another complaint on evidence that was stronger then: it stands.
    let theirs = Answers { root: ours(&complaint("theirs"), "digest"), ..nothing() };
    check(&starts(), &theirs, &Expect::Attach(98, "same_message"));
    let second_text =
        Answers { root: Some(claimed("other")), text_root: ours(&complaint("mine"), "digest"), ..nothing() };
    check(&starts(), &second_text, &Expect::Open(60, vec!["opened", "same_message_id"], Some("theirs")));
}

#[test]
fn the_stronger_evidence_wins() {
    let stranger = |name: &str| Found { complaint: complaint(name), has_party: true, ..theirs() };
    let all = Answers {
        token: Some(stranger("token")),
        whole: None,
        root: Some(Claimed { contact: contact("x"), text: String::new(), found: stranger("root") }),
        text_root: None,
        ancestor: Some(stranger("ancestor")),
        references: vec![stranger("reference")],
        orders: vec![stranger("order")],
    };
    let mut answers = all;
    let mut order = Vec::new();
    for drop in 0..5 {
        match decide_belonging(&answers_a_mail(), &answers) {
            Belonging::Attach { found, .. } => order.push(found.complaint.to_string()),
            Belonging::Open { possible_duplicate_of, .. } => {
                order.extend(possible_duplicate_of.map(|id| id.to_string()));
            }
        }
        match drop {
            0 => answers.token = None,
            1 => answers.root = None,
            2 => answers.ancestor = None,
            3 => answers.references.clear(),
            _ => answers.orders.clear(),
        }
    }
    assert_eq!(order, ["token", "root", "ancestor", "reference", "order"]);
}

#[test]
fn the_standing_follows_from_who_wrote_and_what_was_found() {
    let person = Contact { id: contact("me"), ..Contact::default() };
    let machine = Machine { kind: MachineKind::AutoReply, ..Machine::default() };
    let machine = Contact { machine: Some(machine), ..person.clone() };
    let verdict = SenderVerdict { verdict: Verdict::Fail, ..SenderVerdict::default() };
    let refuted = Contact { sender_verdict: Some(verdict), ..person.clone() };
    let vouched = Contact { sender_authenticated: true, ..person.clone() };
    let attach = |found| Belonging::Attach { found, confidence_percent: 100, reason: "token" };
    let open =
        Belonging::Open { confidence_percent: 100, reasons: vec!["opened"], possible_duplicate_of: None };
    for (contact, belonging, expect) in [
        (&person, &open, PartyStanding::Party),
        (&person, &attach(theirs()), PartyStanding::Party),
        (&person, &attach(strangers()), PartyStanding::UnverifiedParty),
        // Claimed by a mail of the same sender and not opened yet: this contact opens it.
        (&person, &attach(Found { committed: false, ..strangers() }), PartyStanding::Party),
        (&vouched, &attach(theirs()), PartyStanding::Party),
        (&vouched, &attach(strangers()), PartyStanding::UnverifiedParty),
        (&refuted, &open, PartyStanding::Party),
        (&refuted, &attach(theirs()), PartyStanding::UnverifiedParty),
        (&refuted, &attach(strangers()), PartyStanding::UnverifiedParty),
        (&machine, &open, PartyStanding::Machine),
        (&machine, &attach(theirs()), PartyStanding::Machine),
        (&machine, &attach(strangers()), PartyStanding::Machine),
    ] {
        assert_eq!(plan::link(contact, "p1", belonging).standing, expect, "{belonging:?}");
    }
}

fn any_found() -> impl Strategy<Value = Found> {
    (0..3_usize, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(name, committed, has_party, is_open)| Found {
            complaint: complaint(["theirs", "others", "mine"][name]),
            committed,
            has_party,
            is_open,
            party: String::new(),
        },
    )
}

fn any_claimed() -> impl Strategy<Value = Claimed> {
    (any_found(), 0..2_usize, 0..3_usize).prop_map(|(found, who, text)| Claimed {
        contact: contact(["me", "first"][who]),
        text: ["", "digest", "other"][text].to_owned(),
        found,
    })
}

fn any_answers() -> impl Strategy<Value = Answers> {
    let found = || proptest::option::of(any_found());
    let claimed = || proptest::option::of(any_claimed());
    let several = || proptest::collection::vec(any_found(), 0..3);
    (found(), found(), claimed(), claimed(), found(), several(), several()).prop_map(
        |(token, whole, root, text_root, ancestor, references, orders)| Answers {
            token,
            whole,
            root,
            text_root,
            ancestor,
            references,
            orders,
        },
    )
}

proptest! {
    #[test]
    fn attaching_needs_nine_tenths_and_a_suspicion_half(
        answers in any_answers(),
        origin in prop_oneof![Just(Origin::OwnMessage), Just(Origin::References), Just(Origin::Platform)],
    ) {
        match decide_belonging(&with_origin(origin), &answers) {
            Belonging::Attach { confidence_percent, .. } => prop_assert!((90..=100).contains(&confidence_percent)),
            Belonging::Open { confidence_percent, possible_duplicate_of: Some(_), .. } => {
                prop_assert!((50..90).contains(&confidence_percent));
            }
            Belonging::Open { confidence_percent, .. } => {
                prop_assert!(confidence_percent == 100 || confidence_percent < 50);
            }
        }
    }

    #[test]
    fn nothing_but_a_token_or_a_part_brings_a_stranger_in_once_it_is_opened(answers in any_answers()) {
        let answers = Answers { token: None, whole: None, root: None, text_root: None, ancestor: None, ..answers };
        if let Belonging::Attach { found, .. } = decide_belonging(&starts(), &answers) {
            prop_assert!(found.has_party);
        }
    }
}

#[test]
fn whoever_has_the_mailbox_is_believed_about_which_complaint_they_write() {
    let sent = ByHand { mail: "m".to_owned(), addressees: Vec::new(), answer_keys: Vec::new() };
    let by_hand = Clues { by_hand: Some(sent), ..starts() };
    let copied =
        Claimed { found: Found { complaint: complaint("copy"), ..strangers() }, ..claimed("digest") };
    for found in [theirs(), strangers()] {
        let references = vec![Found { complaint: complaint("other"), ..strangers() }, found.clone()];
        let references = if found.has_party { references } else { vec![found.clone()] };
        let answers = Answers { references, root: Some(copied.clone()), ..Answers::default() };
        let belonging = decide_belonging(&by_hand, &answers);
        let reason = "reference_by_hand";
        assert_eq!(belonging, Belonging::Attach { found: found.clone(), confidence_percent: 95, reason });
        assert_eq!(belonging.has_party(), found.has_party);
    }
}
