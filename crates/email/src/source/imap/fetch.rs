//! Fetching mails and having them recorded, many at a time: while one command's mails come in, the next has been asked
//! for already, within the limit on what is held in memory. What was not recorded in the end is the caller's to remember;
//! a server that says NO to many is asked for each, since one mail must not hold up the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_imap::imap_proto::RequestId;
use jiff::Timestamp;
use redress_runtime::fault;
use tokio::task::{JoinError, JoinSet};

use super::cursor::Why;
use super::fetched::Fetched;
use super::pieces::is_large;
use super::session::{Answer, FETCH, Session};
use super::uids::UidSet;
use super::{ImapError, Source};
use crate::source::gather::Mail;
use crate::source::{FAILURES_MAX, Permit, RecordError, Recorded, Recorder};

/// Mails fetched with one command.
const GROUP_MAILS_MAX: usize = 50;
/// Commands under way at once.
const AHEAD: usize = 3;
/// A mail at which the connection broke this often is only tried now and then.
const SUSPECT_AT: u32 = 2;
const SUSPECT_EVERY: u64 = 20;

/// What a look at the folder found.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) new: usize,
    pub(super) again: usize,
    /// Mails that somebody took out of the folder before they could be recorded.
    pub(super) gone: usize,
    /// What went wrong without holding anything up.
    pub(super) problem: Option<String>,
}

/// Size and date of a mail that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) uid: u32,
    pub(super) size: u64,
    pub(super) received_at: Option<Timestamp>,
}

/// What became of the mails of one window.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) recorded: BTreeSet<u32>,
    /// Those of them that were too large to be kept whole: they stay where they are, for a person to get at.
    pub(super) cut: BTreeSet<u32>,
    /// Why the others are not.
    pub(super) left: BTreeMap<u32, Why>,
    pub(super) tally: Tally,
    pub(super) not_recorded: Option<RecordError>,
    pub(super) failures_in_a_row: usize,
}

/// A command under way.
struct Asked {
    request: RequestId,
    wanted: BTreeMap<u32, Known>,
    permit: Permit,
}

/// What is under way between server and broker.
struct Flight<'a> {
    recorder: &'a Recorder,
    now: Timestamp,
    groups: VecDeque<Vec<Known>>,
    asked: VecDeque<Asked>,
    tasks: JoinSet<(u32, Result<Recorded, RecordError>)>,
    outcome: Outcome,
}

impl Source {
    /// Fetches and records mails; answers what is on record, and the error that ended it early.
    pub(super) async fn take(
        &mut self,
        session: &mut Session,
        known: &[Known],
    ) -> (Outcome, Option<ImapError>) {
        let mut outcome = Outcome::default();
        let mut wanted = Vec::new();
        for mail in known {
            match self.left_alone(mail) {
                Some(why) => drop(outcome.left.insert(mail.uid, why)),
                None => wanted.push(*mail),
            }
        }
        let recorder = self.recorder.clone();
        let mut flight = Flight {
            recorder: &recorder,
            now: self.clock.now(),
            groups: groups(&wanted, if self.careful { 1 } else { GROUP_MAILS_MAX }, &recorder),
            asked: VecDeque::new(),
            tasks: JoinSet::new(),
            outcome,
        };
        let ahead = if self.careful { 1 } else { AHEAD };
        // Only a connection that broke leaves these set: then mails are fetched one by one, to find the one to blame.
        self.careful = true;
        let lost = flight.run(session, ahead, &mut self.asked_alone).await.err();
        if lost.is_none() {
            self.careful = false;
            self.asked_alone = None;
        }
        while let Some(ended) = flight.tasks.join_next().await {
            flight.outcome.note(ended);
        }
        (flight.outcome, lost)
    }

    fn left_alone(&self, mail: &Known) -> Option<Why> {
        let suspected = self.suspects.get(&mail.uid).is_some_and(|times| *times >= SUSPECT_AT);
        (suspected && !self.passes.is_multiple_of(SUSPECT_EVERY)).then_some(Why::Suspect)
    }
}

impl Flight<'_> {
    async fn run(
        &mut self,
        session: &mut Session,
        ahead: usize,
        asked_alone: &mut Option<u32>,
    ) -> Result<(), ImapError> {
        loop {
            while self.asked.len() < ahead && self.outcome.failures_in_a_row < FAILURES_MAX {
                if !self.ask(session, asked_alone).await? {
                    break;
                }
            }
            let [oldest, others @ ..] = self.asked.make_contiguous() else { return Ok(()) };
            let alone = others.is_empty() && oldest.wanted.len() == 1;
            *asked_alone = oldest.wanted.keys().next().copied().filter(|_| alone);
            match session.answer(FETCH).await? {
                Answer::Mail(mail) => self.came(mail),
                Answer::Done(request, ended) => self.ended(&request, ended)?,
            }
            self.note_ended();
        }
    }

    fn note_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            self.outcome.note(ended);
        }
    }

    /// Asks for the next group, if there is room for it; false when there is nothing to be asked for now. Only while
    /// nothing is on its way is there nothing better to do than to wait for room.
    async fn ask(&mut self, session: &mut Session, asked_alone: &mut Option<u32>) -> Result<bool, ImapError> {
        let Some(group) = self.groups.pop_front() else { return Ok(false) };
        if let [mail] = group[..]
            && is_large(&mail)
        {
            if !self.asked.is_empty() {
                self.groups.push_front(group);
                return Ok(false);
            }
            *asked_alone = Some(mail.uid);
            self.fetch_large(session, &mail).await?;
            *asked_alone = None;
            return Ok(true);
        }
        let sizes = || group.iter().map(|mail| mail.size);
        let permit = match self.recorder.permit_at_once(sizes()) {
            Some(permit) => permit,
            None if self.asked.is_empty() => self.recorder.permit(sizes()).await,
            None => {
                self.groups.push_front(group);
                return Ok(false);
            }
        };
        let uids: UidSet = group.iter().map(|mail| mail.uid).collect();
        let request = session.fetch(&uids.to_string(), "UID BODY.PEEK[]").await?;
        let wanted = group.into_iter().map(|mail| (mail.uid, mail)).collect();
        self.asked.push_back(Asked { request, wanted, permit });
        Ok(true)
    }

    /// Has a mail recorded that came; what was not asked for (flag changes told in between) is passed over.
    fn came(&mut self, mail: Fetched) {
        let Fetched { uid, raw: Some(raw), .. } = mail else { return };
        let asked =
            self.asked.iter_mut().find_map(|asked| Some((asked.wanted.remove(&uid)?, &mut asked.permit)));
        let Some((known, permit)) = asked else { return };
        let permit = permit.split(known.size);
        self.record(&known, Mail::of(raw, self.recorder.keep()), permit);
    }

    /// Fetches a mail in pieces, while nothing else is under way, and has it recorded.
    async fn fetch_large(&mut self, session: &mut Session, mail: &Known) -> Result<(), ImapError> {
        let permit = self.recorder.permit([mail.size].into_iter()).await;
        match session.fetch_in_pieces(mail, self.recorder.keep()).await {
            Ok(Some(whole)) => self.record(mail, whole, permit),
            Err(error) if error.ends_the_look() => return Err(error),
            Ok(None) | Err(_) => drop(self.outcome.left.insert(mail.uid, Why::NotFetched)),
        }
        self.note_ended();
        Ok(())
    }

    fn record(&mut self, known: &Known, mail: Mail, permit: Permit) {
        let uid = known.uid;
        if mail.whole.is_some() {
            self.outcome.cut.insert(uid);
        }
        let received_at = known.received_at.unwrap_or(self.now);
        let recorder = self.recorder.clone();
        self.tasks.spawn(async move {
            fault::point("email::fetched");
            let ended = recorder.record(mail, received_at).await;
            drop(permit);
            (uid, ended)
        });
    }

    /// A command is done. What did not come was taken away, or cannot be had; after a NO each is asked for by itself.
    fn ended(&mut self, request: &RequestId, ended: Result<(), ImapError>) -> Result<(), ImapError> {
        let Some(index) = self.asked.iter().position(|asked| asked.request == *request) else {
            return Ok(());
        };
        let rest = self.asked.remove(index).map(|asked| asked.wanted).unwrap_or_default();
        match ended {
            Err(error) if error.ends_the_look() => return Err(error),
            Err(_) if rest.len() > 1 => {
                for mail in rest.into_values().rev() {
                    self.groups.push_front(vec![mail]);
                }
                return Ok(());
            }
            Ok(()) | Err(_) => {}
        }
        self.outcome.left.extend(rest.into_keys().map(|uid| (uid, Why::NotFetched)));
        Ok(())
    }
}

impl Outcome {
    fn note(&mut self, ended: Result<(u32, Result<Recorded, RecordError>), JoinError>) {
        match ended {
            Ok((uid, Ok(recorded))) => {
                self.recorded.insert(uid);
                self.failures_in_a_row = 0;
                match recorded {
                    Recorded::New => self.tally.new += 1,
                    Recorded::Again => self.tally.again += 1,
                    Recorded::PassedOver => {}
                }
            }
            Ok((_, Err(error))) => {
                self.failures_in_a_row += 1;
                self.not_recorded = Some(error);
            }
            // A panic is a bug; the mail stays a gap, which is told of.
            Err(_) => {}
        }
    }
}

/// Splits mails into groups that are fetched with one command: few, and small together.
fn groups(known: &[Known], mails_max: usize, recorder: &Recorder) -> VecDeque<Vec<Known>> {
    let bytes_max = (recorder.bytes_max() / 4) as u64;
    let mut groups: VecDeque<Vec<Known>> = VecDeque::new();
    let mut bytes = 0;
    for mail in known {
        match groups.back_mut() {
            Some(group) if group.len() < mails_max && bytes + mail.size <= bytes_max && !is_large(mail) => {
                group.push(*mail);
            }
            _ => {
                bytes = 0;
                groups.push_back(vec![*mail]);
            }
        }
        bytes += mail.size;
    }
    groups
}

/// Sizes and dates of the mails that are there.
pub(super) async fn known(session: &mut Session, uids: &str) -> Result<Vec<Known>, ImapError> {
    let request = session.fetch(uids, "UID RFC822.SIZE INTERNALDATE").await?;
    let mut known = Vec::new();
    while let Some(mail) = session.next(&request).await? {
        if let Some(size) = mail.size {
            known.push(Known { uid: mail.uid, size: u64::from(size), received_at: mail.received_at });
        }
    }
    known.sort_by_key(|mail| mail.uid);
    known.dedup_by_key(|mail| mail.uid);
    Ok(known)
}

/// As [`known`], but when the server says NO to all it is asked for each; also answers those that it refuses.
pub(super) async fn known_one_by_one(
    session: &mut Session,
    uids: &BTreeSet<u32>,
) -> Result<(Vec<Known>, Vec<u32>), ImapError> {
    let all: UidSet = uids.iter().copied().collect();
    match known(session, &all.to_string()).await {
        Err(error) if !error.ends_the_look() => {}
        other => return other.map(|known| (known, Vec::new())),
    }
    let (mut there, mut refused) = (Vec::new(), Vec::new());
    for uid in uids {
        match known(session, &uid.to_string()).await {
            Err(error) if !error.ends_the_look() => refused.push(*uid),
            other => there.extend(other?),
        }
    }
    Ok((there, refused))
}
