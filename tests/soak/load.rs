//! People who complain: mails left in a mailbox, forms and API clients that send again until they hear yes. What each of
//! them was told is written into the ledger of promises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use redress_contract::{Commit, ContactId};
use redress_identity::Keys;
use redress_testkit::dovecot::Dovecot;
use redress_tests::promises::{Answer, Promises};
use redress_tests::results::say;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::processes::KEY;
use crate::workload::Mail;

/// How long a client goes on before it gives up.
const PATIENCE: Duration = Duration::from_mins(3);
/// How long a client waits for one answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Clients that send at once.
const AT_ONCE: usize = 12;

/// The load of one run. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) promises: Promises,
    keys: Keys,
    web: String,
    client: Client,
    at_once: Arc<Semaphore>,
    /// Message-ID → contact.
    mails: Arc<Mutex<BTreeMap<String, ContactId>>>,
}

impl Load {
    pub(crate) fn new(web: String) -> anyhow::Result<Self> {
        Ok(Self {
            promises: Promises::default(),
            keys: Keys::from_master(&KEY),
            web,
            client: redress_runtime::http::client()?,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            mails: Arc::default(),
        })
    }

    /// A mail arrives in the mailbox `help`.
    pub(crate) fn mail(&self, dovecot: &Dovecot, mail: &Mail) {
        let contact = self.mailed("help", mail);
        self.mails
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(message_id(&mail.raw).unwrap_or_default(), contact);
        dovecot.deliver(&mail.raw);
    }

    /// Notes a mail to an account; answers the contact it will be.
    pub(crate) fn mailed(&self, account: &str, mail: &Mail) -> ContactId {
        let contact = self.keys.mail_contact_id(account, &Commit::hash(&mail.raw));
        self.promises.sent(contact.clone(), &mail.thread, mail.address.as_deref());
        contact
    }

    /// Notes which mails were taken: those that bear the flag.
    pub(crate) fn look_at_flags(&self, dovecot: &Dovecot) {
        let left = unflagged(dovecot);
        let left: BTreeSet<String> = if left.is_empty() {
            BTreeSet::new()
        } else {
            let said =
                dovecot.say(&format!("UID FETCH {} BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]", left.join(",")));
            said.lines().filter_map(|line| message_id(line.as_bytes())).collect()
        };
        for (id, contact) in &*self.mails.lock().unwrap_or_else(PoisonError::into_inner) {
            if !left.contains(id) {
                self.promises.told_yes(contact, None);
            }
        }
    }

    /// Somebody complains on the web, in the manner of the `n`th person: by form or by API, impatient or not, once or
    /// again after a yes.
    pub(crate) fn person(&self, clients: &mut JoinSet<anyhow::Result<()>>, n: usize) {
        let load = self.clone();
        clients.spawn(async move {
            let _one = load.at_once.clone().acquire_owned().await?;
            if n.is_multiple_of(4) { load.form(n).await } else { load.api(n).await }
        });
    }

    /// The `n`th person, some of whom send once and never come back when they hear nothing.
    pub(crate) fn passer_by(&self, clients: &mut JoinSet<anyhow::Result<()>>, n: usize) {
        if n % 7 != 3 {
            return self.person(clients, n);
        }
        let load = self.clone();
        clients.spawn(async move {
            let _one = load.at_once.clone().acquire_owned().await?;
            let key = format!("passer-by-{n:08}-key");
            let contact = load.keys.submission_contact_id("api/api", &key);
            let body = json!({ "whatHappened": format!("The shop number {n} was closed."), "email": "a@passers.example" });
            load.promises.sent(contact.clone(), &key, None);
            let answer = load.post(&key, &body, ANSWER).await;
            load.note(&contact, answer);
            Ok(())
        });
    }

    async fn api(&self, n: usize) -> anyhow::Result<()> {
        let key = format!("client-{n:08}-key");
        let contact = self.keys.submission_contact_id("api/api", &key);
        let address = format!("client{n}@clients.example");
        let body = json!({ "whatHappened": format!("The parcel number {n} never came."), "email": address });
        self.promises.sent(contact.clone(), &address, Some(&address));
        if n % 5 == 2 {
            // An impatient one hangs up and sends again: nobody knows what became of the first.
            let cut = self.post(&key, &body, Duration::from_millis(3 + n as u64 % 20)).await;
            self.note(&contact, cut);
        }
        let repeats = if n % 3 == 1 { 2 } else { 1 };
        for _ in 0..repeats {
            let Some(answer) = patiently(|| self.post(&key, &body, ANSWER)).await else {
                say("a client gave up");
                return Ok(());
            };
            self.note(&contact, Some(answer));
        }
        Ok(())
    }

    /// The `n`th person complains more often than may be answered at once.
    pub(crate) async fn crowd(&self, n: usize, times: usize) {
        for time in 0..times {
            let key = format!("crowd-{n:08}-{time:02}-key");
            let contact = self.keys.submission_contact_id("api/api", &key);
            let address = format!("crowd{n}@crowd.example");
            let body = json!({ "whatHappened": format!("Nobody answers, {time}."), "email": address });
            self.promises.sent(contact.clone(), &key, None);
            let answer = patiently(|| self.post(&key, &body, ANSWER)).await;
            self.note(&contact, answer);
        }
    }

    fn note(&self, contact: &ContactId, answer: Option<Answer>) {
        if answer.is_some() {
            self.promises.told_yes(contact, answer);
        }
    }

    async fn post(&self, key: &str, body: &Value, timeout: Duration) -> Option<Answer> {
        let request = self.client.post(format!("{}/v1/complaints", self.web)).header("idempotency-key", key);
        let answered = request.json(body).timeout(timeout).send().await.ok()?;
        if answered.status() != 202 {
            return None;
        }
        let told: Value = answered.json().await.ok()?;
        Some(Answer {
            reference: told["reference"].as_str()?.to_owned(),
            receipt_code: told["receiptCode"].as_str()?.to_owned(),
        })
    }

    /// By the form, which hands out the idempotency key.
    async fn form(&self, n: usize) -> anyhow::Result<()> {
        let Some(page) = patiently(|| self.page()).await else {
            say("somebody could not open the form");
            return Ok(());
        };
        let key = hidden(&page, "submission_key").context("the form has a key")?;
        let stamp = hidden(&page, "form_stamp").context("the form has a stamp")?;
        let contact = self.keys.submission_contact_id("web/default", &key);
        let address = format!("guest{n}@forms.example");
        self.promises.sent(contact.clone(), &address, Some(&address));
        let what = format!("The train number {n} was late.");
        let fields = [
            ("submission_key", key.as_str()),
            ("form_stamp", stamp.as_str()),
            ("website", ""),
            ("what_happened", what.as_str()),
            ("email", address.as_str()),
        ];
        let Some(answer) = patiently(|| self.send_form(&fields)).await else {
            say("somebody gave up the form");
            return Ok(());
        };
        self.promises.told_yes(&contact, Some(answer));
        Ok(())
    }

    async fn page(&self) -> Option<String> {
        let answered = self.client.get(format!("{}/", self.web)).timeout(ANSWER).send().await.ok()?;
        answered.error_for_status().ok()?.text().await.ok()
    }

    async fn send_form(&self, fields: &[(&str, &str)]) -> Option<Answer> {
        let request = self.client.post(format!("{}/", self.web)).form(fields);
        let answered = request.timeout(ANSWER).send().await.ok()?;
        if answered.status() != 202 {
            return None;
        }
        let page = answered.text().await.ok()?;
        let marked = |class: &str| {
            let (_, rest) = page.split_once(&format!("class=\"{class}\">"))?;
            Some(rest.split('<').next()?.to_owned())
        };
        Some(Answer { reference: marked("reference")?, receipt_code: marked("code")? })
    }
}

/// Again and again until there is an answer or patience is over.
async fn patiently<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    None
}

fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// UIDs of the mails that are not taken yet.
pub(crate) fn unflagged(dovecot: &Dovecot) -> Vec<String> {
    let said = dovecot.say("UID SEARCH UNKEYWORD $Redress");
    let found = said.lines().find_map(|line| line.strip_prefix("* SEARCH")).unwrap_or_default();
    found.split_whitespace().map(str::to_owned).collect()
}

fn message_id(mail: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(mail);
    let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
