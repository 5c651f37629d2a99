//! The ledger of promises: what each complainant was told, written down by whoever makes the load. What must then be on
//! record is checked by [`crate::checker`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redress_contract::ContactId;

/// What the outside was told about one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Nothing, or that nobody knows: a time-out, a broken connection, a 503, a mail without its flag.
    Nothing,
    /// It was taken: the mail was flagged or moved, the form answered with 202. What a web answer said, if it was one.
    Yes(Option<Answer>),
}

/// What a form or an API client was answered with 202.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The reference.
    pub reference: String,
    /// The receipt code.
    pub receipt_code: String,
}

/// One contact that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// What belongs together: the contacts of one thread make one complaint, those of two threads never do.
    pub thread: String,
    /// Where the thread is acknowledged; none when nobody can be written to.
    pub address: Option<String>,
    /// What the sender was told last.
    pub told: Told,
}

/// All promises of a run. Cheap to clone; clones write into the same ledger.
#[derive(Debug, Clone, Default)]
pub struct Promises {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    by_contact: BTreeMap<ContactId, Promise>,
    broken: Vec<(ContactId, String)>,
}

impl Promises {
    /// Somebody sends a contact; nothing was said about it yet. Sending it again changes nothing.
    pub fn sent(&self, contact: ContactId, thread: &str, address: Option<&str>) {
        let promise =
            Promise { thread: thread.to_owned(), address: address.map(str::to_owned), told: Told::Nothing };
        self.lock().by_contact.entry(contact).or_insert(promise);
    }

    /// The sender was told that it is taken. A second answer must say the same as the first.
    ///
    /// # Panics
    /// When it was never sent: the load is wrong.
    pub fn told_yes(&self, contact: &ContactId, answer: Option<Answer>) {
        let mut inner = self.lock();
        let promise = inner.by_contact.get_mut(contact).expect("what is promised was sent");
        let differs = matches!(&promise.told, Told::Yes(before) if *before != answer);
        promise.told = Told::Yes(answer);
        if differs {
            let why = "a repeat was answered with another reference or receipt code".to_owned();
            inner.broken.push((contact.clone(), why));
        }
    }

    /// A promise was seen broken while the load ran.
    pub fn broke(&self, contact: &ContactId, why: &str) {
        self.lock().broken.push((contact.clone(), why.to_owned()));
    }

    /// Everything that was sent.
    pub fn all(&self) -> BTreeMap<ContactId, Promise> {
        self.lock().by_contact.clone()
    }

    /// What was seen broken while the load ran, with the reason.
    pub fn broken(&self) -> Vec<(ContactId, String)> {
        self.lock().broken.clone()
    }

    /// Contacts that were sent.
    pub fn contacts(&self) -> usize {
        self.lock().by_contact.len()
    }

    /// Contacts that were promised.
    pub fn promised(&self) -> usize {
        self.lock().by_contact.values().filter(|promise| promise.told != Told::Nothing).count()
    }

    /// Threads that were begun: as many complaints are due.
    pub fn threads(&self) -> usize {
        let inner = self.lock();
        let mut threads: Vec<&str> = inner.by_contact.values().map(|it| it.thread.as_str()).collect();
        threads.sort_unstable();
        threads.dedup();
        threads.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
