//! Reply tokens as a table: which token a mail bears × who sends it × what our mail server says of its sender. Each mail
//! goes through the reader, the router's plan, the domain and the notifier's plan, as it does in the services.

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use redress_contract::{
    CloseReason, Commit, CommitEvent, ComplaintId, Contact, Disposition, Event, PartyStanding, Severity,
    TeamId, Verdict,
};
use redress_domain::{
    Assignment, Classification, Command, Complaint, Link, Register, Rules, RulesSettings, decide, evolve,
};
use redress_identity::Keys;
use redress_identity::token::Token;
use redress_router::plan::{self, Answers, Belonging, Found, decide_belonging};
use redress_tests::house::normalised_trusting;
use redress_tests::results::{Bar, Results};

/// Where our mails come from.
const HELP: &str = "help@example.org";
const NOW: &str = "2026-06-01T09:00:00Z";

/// What a mail shows for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bears {
    Nothing,
    /// The complaint's own.
    Valid,
    /// The complaint's own with one character of its signature changed.
    Forged,
    /// That of another complaint, beside the complaint's reference.
    Anothers,
}

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Complainant,
    Stranger,
    /// A stranger whose display name is the complainant's address.
    LookAlike,
    /// The complainant's mailbox, answering by itself.
    Machine,
    /// The null sender.
    Nobody,
}

const TOKENS: [Bears; 4] = [Bears::Nothing, Bears::Valid, Bears::Forged, Bears::Anothers];
const SENDERS: [Sender; 5] =
    [Sender::Complainant, Sender::Stranger, Sender::LookAlike, Sender::Machine, Sender::Nobody];
/// Our own mail server, whose word is taken.
const SERVER: &str = "mx.example.org";

/// What our server says of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Nothing; below what another one made up stands.
    Nothing,
    Pass,
    Fail,
}

const AUTHENTICATION: [Says; 3] = [Says::Nothing, Says::Pass, Says::Fail];

/// Where a mail must end up, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// A complaint of its own.
    Own(PartyStanding),
    /// The complaint.
    Joins(PartyStanding),
    /// The other complaint, whose token it bears.
    JoinsOther(PartyStanding),
}

/// The table, written out.
fn expected(bears: Bears, sender: Sender, says: Says) -> Row {
    use PartyStanding::{Machine, Party, UnverifiedParty};
    match (bears, sender, says) {
        (Bears::Nothing | Bears::Forged, Sender::Machine, _) => Row::Own(Machine),
        (Bears::Nothing | Bears::Forged, _, _) => Row::Own(Party),
        // Somebody writes the complainant's address, and holds a token of theirs.
        (Bears::Valid, Sender::Complainant, Says::Fail) => Row::Joins(UnverifiedParty),
        (Bears::Valid, Sender::Complainant, Says::Nothing | Says::Pass) => Row::Joins(Party),
        (Bears::Valid, Sender::Machine, _) => Row::Joins(Machine),
        (Bears::Valid, Sender::Stranger | Sender::LookAlike | Sender::Nobody, _) => {
            Row::Joins(UnverifiedParty)
        }
        (Bears::Anothers, Sender::Machine, _) => Row::JoinsOther(Machine),
        (Bears::Anothers, _, _) => Row::JoinsOther(UnverifiedParty),
    }
}

/// What the reader must make of what our server says. The null sender is nobody's, so nobody can vouch for it.
fn verdict(sender: Sender, says: Says) -> Option<Verdict> {
    match (says, sender) {
        (Says::Nothing, _) => None,
        (Says::Fail, _) => Some(Verdict::Fail),
        (Says::Pass, Sender::Nobody) => Some(Verdict::None),
        (Says::Pass, _) => Some(Verdict::Pass),
    }
}

/// A house with two complaints of two people.
pub(crate) struct House {
    pub(crate) keys: Keys,
    rules: Rules,
    router: redress_router::Config,
    pub(crate) complaint: Complaint,
    pub(crate) other: Complaint,
}

pub(crate) fn run(results: &mut Results) -> anyhow::Result<()> {
    let house = House::new()?;
    let closed = house.closed()?;
    let mut right = 0;
    for bears in TOKENS {
        for sender in SENDERS {
            for authentication in AUTHENTICATION {
                let case = format!("{bears:?} from {sender:?}, {authentication:?}");
                let contact = house.contact(bears, sender, authentication);
                let known = contact.sender_verdict.as_ref().map(|known| known.verdict);
                ensure!(known == verdict(sender, authentication), "{case}: {known:?}");
                ensure!(contact.sender_authenticated == (known == Some(Verdict::Pass)), "{case}");
                for complaint in [&house.complaint, &closed] {
                    let row = house.row(&contact, complaint).with_context(|| case.clone())?;
                    ensure!(row == expected(bears, sender, authentication), "{case}: {row:?}");
                }
                right += 1;
            }
        }
    }
    let all = TOKENS.len() * SENDERS.len() * AUTHENTICATION.len();
    results.count("core.reply_token_table", right, "rows", Bar::Exactly(60.0));
    ensure!(right == all, "{right} of {all} rows");
    Ok(())
}

impl House {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let keys = Keys::from_master(&[11; 32]);
        let rules = Rules::compile(&RulesSettings::default());
        let rules =
            rules.map_err(|problems| anyhow::anyhow!("{problems:?}")).context("compile the house rules")?;
        let router = redress_router::Config::check(&redress_router::config::Settings::default());
        let router = router
            .map_err(|problems| anyhow::anyhow!("{problems:?}"))
            .context("check the router's settings")?;
        let complaint = registered(&keys, &rules, "kim@example.com", "RD-4F7K-2QMX")?;
        let other = registered(&keys, &rules, "ada@example.net", "RD-7G3M-9TWZ")?;
        Ok(Self { keys, rules, router, complaint, other })
    }

    /// The first complaint, decided and closed: nothing that comes by mail may open it again.
    fn closed(&self) -> anyhow::Result<Complaint> {
        let close = Command::Close { reason: CloseReason::Withdrawn };
        apply(Some(self.complaint.clone()), &close, &self.rules).map(|(complaint, _)| complaint)
    }

    fn contact(&self, bears: Bears, sender: Sender, says: Says) -> Contact {
        let address = self.keys.reply_address(HELP, &self.complaint.id);
        let to = match bears {
            Bears::Nothing => HELP.to_owned(),
            Bears::Valid => address,
            Bears::Forged => with_last_of_signature_changed(&address),
            Bears::Anothers => self.keys.reply_address(HELP, &self.other.id),
        };
        let from = match sender {
            Sender::Complainant => "From: Kim <kim@example.com>\r\n",
            Sender::Stranger => "From: Mallory <mallory@example.info>\r\n",
            Sender::LookAlike => "From: \"kim@example.com\" <mallory@example.info>\r\n",
            Sender::Machine => "From: Kim <kim@example.com>\r\nAuto-Submitted: auto-replied\r\n",
            Sender::Nobody => "From: <>\r\n",
        };
        let domain = match sender {
            Sender::Complainant | Sender::Machine => "example.com",
            Sender::Stranger | Sender::LookAlike | Sender::Nobody => "example.info",
        };
        let said = match says {
            Says::Nothing => String::new(),
            Says::Pass => format!("Authentication-Results: {SERVER}; dmarc=pass header.from={domain}\r\n"),
            Says::Fail => format!("Authentication-Results: {SERVER}; dmarc=fail header.from={domain}\r\n"),
        };
        // Below that stands what the sender made up: the opposite, in another server's name and in ours.
        let forged = if says == Says::Pass { "fail" } else { "pass" };
        let other =
            format!("Authentication-Results: mx.example.info; dmarc={forged} header.from={domain}\r\n");
        let ours = format!("Authentication-Results: {SERVER}; dmarc={forged} header.from={domain}\r\n");
        let raw = format!(
            "{said}{other}{ours}{from}To: <{to}>\r\nSubject: Re: your complaint\r\n\
             Message-ID: <{bears:?}.{sender:?}.{says:?}@mail.example.com>\r\n\r\nHere is what I still have to say.\r\n",
        );
        normalised_trusting(&self.keys, "help", raw.as_bytes(), now(), SERVER)
    }

    /// Where a contact ends up while the first complaint is as given.
    fn row(&self, contact: &Contact, complaint: &Complaint) -> anyhow::Result<Row> {
        let clues = plan::clues(contact, &self.keys, &self.router);
        let token = clues.tokens.iter().find_map(|token| self.found(token, &clues.party, complaint));
        let answers = Answers { token, ..Answers::default() };
        let belonging = decide_belonging(&clues, &answers);
        let link = plan::link(contact, &clues.party, &belonging);
        let Belonging::Attach { found, .. } = &belonging else { return Ok(Row::Own(link.standing)) };
        let before = if found.complaint == complaint.id { complaint } else { &self.other };
        let (after, events) = apply(Some(before.clone()), &Command::Link(link.clone()), &self.rules)?;
        nothing_is_opened_added_or_told(before, &after, &events, &clues.party)?;
        Ok(if before.id == self.other.id {
            Row::JoinsOther(link.standing)
        } else {
            Row::Joins(link.standing)
        })
    }

    fn found(&self, token: &Token, party: &str, complaint: &Complaint) -> Option<Found> {
        let (Token::Complaint(id) | Token::Message(_, id)) = token else { return None };
        let named = [complaint, &self.other].into_iter().find(|one| one.id == *id)?;
        let (has_party, is_open) = (named.has_party(party), named.is_open());
        Some(Found { complaint: id.clone(), committed: true, has_party, is_open, party: String::new() })
    }
}

/// A mail never reopens, never makes its sender a party of somebody else's complaint, and is answered with nothing.
fn nothing_is_opened_added_or_told(
    before: &Complaint,
    after: &Complaint,
    events: &[Event],
    party: &str,
) -> anyhow::Result<()> {
    ensure!(before.is_open() == after.is_open(), "it was opened or closed");
    ensure!(!events.iter().any(|event| matches!(event, Event::Reopened(_))), "it was reopened");
    ensure!(before.has_party(party) == after.has_party(party), "its sender became a party");
    let events = events.iter().zip(before.seq + 1..);
    let events = events.map(|(event, seq)| CommitEvent { seq, occurred_at: now(), event: event.clone() });
    let commit = Commit { complaint_id: before.id.clone(), events: events.collect(), ..Commit::default() };
    let told = redress_notifier::plan::plan(&commit, after);
    ensure!(told.is_empty(), "it is answered: {told:?}");
    Ok(())
}

/// The address with the last character before the `@` replaced by another one that a signature may hold.
fn with_last_of_signature_changed(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let (kept, last) = local.split_at(local.len() - 1);
    format!("{kept}{}@{domain}", if last == "a" { "q" } else { "a" })
}

fn registered(keys: &Keys, rules: &Rules, from: &str, reference: &str) -> anyhow::Result<Complaint> {
    let raw = format!(
        "From: <{from}>\r\nTo: <{HELP}>\r\nSubject: My kettle\r\nMessage-ID: <first.{from}>\r\n\r\nIt broke.\r\n"
    );
    let contact = normalised_trusting(keys, "help", raw.as_bytes(), now(), SERVER);
    let router = redress_router::Config::check(&redress_router::config::Settings::default());
    let router = router.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let clues = plan::clues(&contact, keys, &router);
    let belonging = decide_belonging(&clues, &Answers::default());
    let link = plan::link(&contact, &clues.party, &belonging);
    let wish = Command::Register(register(keys.complaint_id(&contact.id), reference, link)?);
    apply(None, &wish, rules).map(|(complaint, _)| complaint)
}

fn register(complaint_id: ComplaintId, reference: &str, link: Link) -> anyhow::Result<Register> {
    let classification = Classification {
        jurisdiction: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        disposition: Disposition::Complaint,
        category: "general".to_owned(),
        product: String::new(),
        severity: Severity::S3,
        rule: "default".to_owned(),
    };
    let assignment =
        Assignment { team: TeamId::new("complaints")?, handler: None, rule: "default".to_owned() };
    let reference = reference.parse()?;
    Ok(Register {
        complaint_id,
        reference,
        link,
        recorded_at: now(),
        language: String::new(),
        classification,
        assignment,
    })
}

/// Decides a command that must be granted; answers the complaint after it, and its events.
fn apply(
    state: Option<Complaint>,
    command: &Command,
    rules: &Rules,
) -> anyhow::Result<(Complaint, Vec<Event>)> {
    let events = decide(state.as_ref(), command, rules, now());
    let events = events.map_err(|refusal| anyhow::anyhow!("{refusal}")).context("decide")?;
    let mut state = state;
    for event in &events {
        let seq = state.as_ref().map_or(1, |state| state.seq + 1);
        state = evolve(state, seq, now(), event);
    }
    Ok((state.context("there is a complaint")?, events))
}

fn now() -> Timestamp {
    NOW.parse().expect("it is a time")
}
