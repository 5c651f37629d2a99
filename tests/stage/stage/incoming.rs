//! What comes in: mails dropped into a Maildir, the form filled in, JSON posted.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use jiff::Timestamp;
use redress::settings::Config;
use redress_contract::{Commit, ContactId};
use redress_email::config::Place;
use reqwest::{Response, header};

use super::Stage;
use super::settings::SENT;

impl Stage {
    /// Drops a mail into the mailbox `help`, received now; answers the id of the contact it will be.
    pub fn mail(&self, raw: &[u8]) -> ContactId {
        self.mail_to("help", raw, self.clock.now())
    }

    /// Drops a mail into an account's mailbox, received at a certain time.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn mail_to(&self, account: &str, raw: &[u8], received_at: Timestamp) -> ContactId {
        self.drop_into(&maildir(&self.config, account), raw, received_at);
        self.house.vault.keys().mail_contact_id(account, &Commit::hash(raw))
    }

    /// Drops a mail into the folder of sent mail of `help`, sent now; answers the id of the contact it may be.
    pub fn sent_by_hand(&self, raw: &[u8]) -> ContactId {
        let folders = maildirs(&self.config);
        let folder = folders.iter().find(|folder| folder.ends_with(SENT)).expect("it is among the settings");
        self.drop_into(folder, raw, self.clock.now());
        self.house.vault.keys().mail_contact_id("help", &Commit::hash(raw))
    }

    fn drop_into(&self, folder: &Path, raw: &[u8], received_at: Timestamp) {
        let number = self.dropped.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.M{number:06}.example", received_at.as_second());
        let written = folder.join("tmp").join(&name);
        std::fs::write(&written, raw).expect("the Maildir can be written to");
        let file = std::fs::File::options().write(true).open(&written).expect("it was just written");
        file.set_modified(SystemTime::from(received_at)).expect("its time can be set");
        std::fs::rename(written, folder.join("new").join(name)).expect("it can be moved within the Maildir");
    }

    /// Mails that no service has taken yet.
    pub(super) fn untaken_mails(&self) -> usize {
        let untaken = maildirs(&self.config).into_iter().map(|folder| folder.join("new"));
        untaken.filter_map(|folder| std::fs::read_dir(folder).ok()).map(Iterator::count).sum()
    }

    /// Fills in the form as a person does, and sends it; answers the page.
    pub async fn form(&self, fields: &[(&str, &str)]) -> String {
        let page = self.client.get(self.public("/")).send().await.expect("the form is served");
        let page = page.text().await.expect("the form is a page");
        self.advance(jiff::SignedDuration::from_secs(90));
        let (key, stamp) = (hidden(&page, "submission_key"), hidden(&page, "form_stamp"));
        let mut form =
            vec![("submission_key", key.as_str()), ("form_stamp", stamp.as_str()), ("website", "")];
        form.extend(fields);
        let answer = self.client.post(self.public("/")).form(&form).send().await.expect("the form is taken");
        let (status, page) = (answer.status(), answer.text().await.expect("the answer is a page"));
        assert_eq!(status, 202, "{page}");
        page
    }

    /// Signs in as a clerk, and types in what came in another way; answers the page.
    pub async fn type_in(&self, clerk: (&str, &str), fields: &[(&str, &str)]) -> String {
        let cookie = self.sign_in(clerk).await;
        let page = self.desk("/en", &cookie).await;
        let key = hidden(&page, "submission_key");
        let form = [&[("submission_key", key.as_str())], fields].concat();
        let url = format!("{}/en", self.staff.as_deref().expect("web runs"));
        let answer = self.client.post(url).header(header::COOKIE, cookie).form(&form).send().await;
        let answer = answer.expect("the form is taken");
        let (status, page) = (answer.status(), answer.text().await.expect("the answer is a page"));
        assert_eq!(status, 202, "{page}");
        page
    }

    /// A page as a clerk who signs in meets it.
    pub async fn staff_page(&self, clerk: (&str, &str), path: &str) -> String {
        let cookie = self.sign_in(clerk).await;
        self.desk(path, &cookie).await
    }

    async fn sign_in(&self, (account, password): (&str, &str)) -> String {
        let url = format!("{}/en/sign-in", self.staff.as_deref().expect("web runs"));
        let form = [("account", account), ("password", password)];
        let answer = self.client.post(url).form(&form).send().await.expect("clerks can sign in");
        let cookie = answer.headers().get(header::SET_COOKIE).expect("the password is right");
        cookie.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default().to_owned()
    }

    async fn desk(&self, path: &str, cookie: &str) -> String {
        let url = format!("{}{path}", self.staff.as_deref().expect("web runs"));
        let page = self.client.get(url).header(header::COOKIE, cookie).send().await;
        page.expect("the form is served").text().await.expect("the form is a page")
    }

    /// Looks where the complaint stands whose thank-you page this is; answers the page.
    pub async fn status(&self, thanks: &str) -> String {
        self.status_form("/status", &[("reference", hidden(thanks, "reference")), receipt(thanks)]).await
    }

    /// Looks where the complaint stands that somebody has the reference and receipt code of; answers the page.
    pub async fn status_of(&self, reference: &str, code: &str) -> String {
        let proof = [("reference", reference.to_owned()), ("receipt_code", code.to_owned())];
        self.status_form("/status", &proof).await
    }

    /// Adds something to the complaint whose status page this is; answers the page.
    pub async fn add(&self, status: &str, text: &str) -> String {
        let (reference, key) = (hidden(status, "reference"), hidden(status, "submission_key"));
        let fields =
            [("reference", reference), receipt(status), ("submission_key", key), ("text", text.to_owned())];
        self.status_form("/status/messages", &fields).await
    }

    /// Does what this status page offers: `withdraw` or `review`, asked first; answers the page.
    pub async fn act_on_page(&self, status: &str, what: &str, text: &str) -> String {
        let proof = || [("reference", hidden(status, "reference")), receipt(status)];
        let asked = self.status_form(&format!("/status/{what}"), &proof()).await;
        let said = [("submission_key", hidden(&asked, "submission_key")), ("text", text.to_owned())];
        self.status_form(&format!("/status/{what}/send"), &[&proof()[..], &said].concat()).await
    }

    async fn status_form(&self, path: &str, fields: &[(&str, String)]) -> String {
        let answer = self.client.post(self.public(path)).form(fields).send().await;
        let answer = answer.expect("the status page is served");
        let (status, page) = (answer.status(), answer.text().await.expect("the answer is a page"));
        assert!(status.is_success(), "{page}");
        page
    }

    /// Posts JSON to the API.
    pub async fn post(&self, key: &str, body: &serde_json::Value) -> Response {
        let request = self.client.post(self.public("/v1/complaints")).header("idempotency-key", key);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        request.send().await.expect("the API answers")
    }

    /// Complains by the API; answers the id of the contact.
    pub async fn complain(&self, key: &str, body: &serde_json::Value) -> ContactId {
        let answer = self.post(key, body).await;
        let (status, told) = (answer.status(), answer.text().await.expect("the answer is text"));
        assert_eq!(status, 202, "{told}");
        let told: serde_json::Value = serde_json::from_str(&told).expect("the answer is JSON");
        told["contactId"].as_str().and_then(|id| id.parse().ok()).expect("the answer names the contact")
    }

    /// An address of the public listener.
    ///
    /// # Panics
    /// While `web` does not run.
    pub fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public.as_deref().expect("web runs"))
    }
}

fn receipt(page: &str) -> (&'static str, String) {
    ("receipt_code", hidden(page, "receipt_code"))
}

fn hidden(page: &str, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn maildir(config: &Config, account: &str) -> PathBuf {
    match config.email.accounts.get(account).map(|account| &account.place) {
        Some(Place::Maildir(path)) => path.clone(),
        _ => panic!("the account {account} is no Maildir"),
    }
}

/// Makes the Maildirs of all accounts.
pub(super) fn make_maildirs(config: &Config) {
    for folder in maildirs(config) {
        for name in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(folder.join(name)).expect("a Maildir can be made");
        }
    }
}

/// The Maildirs of all accounts, and those of their sent mail.
fn maildirs(config: &Config) -> Vec<PathBuf> {
    let folders = config.email.accounts.iter().flat_map(|(name, account)| {
        let folder = maildir(config, name);
        let sent = account.sent_folder.as_ref().map(|sent| folder.join(sent));
        [Some(folder), sent].into_iter().flatten()
    });
    folders.collect()
}
