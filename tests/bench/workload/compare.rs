//! What became of the mails, beside what their manifest says.

use std::collections::BTreeMap;

use redress_contract::{Channel, Commit, ContactId};
use redress_tests::checker::{Seen, Verdicts, sort};
use redress_tests::manifest::Expected;
use redress_tests::promises::Promises;
use redress_tests::results::{Bar, Results, say};

use super::house::House;
use super::opening;

/// Differences that are named.
const NAMED_MAX: usize = 5;

/// Counts of what is as it must be.
#[derive(Debug, Default)]
pub(super) struct Compared {
    verdicts: Verdicts,
    complaints: usize,
    acknowledged: usize,
    markers: usize,
    names: usize,
    files: usize,
}

impl Compared {
    /// Reads everything on record.
    pub(super) async fn of(house: &House, mails: &[Expected]) -> anyhow::Result<Self> {
        let keys = redress_tests::house::keys();
        let promises = Promises::default();
        let id = |mail: &Expected| keys.mail_contact_id("help", &Commit::hash(&mail.raw));
        for mail in mails {
            promises.sent(id(mail), &mail.thread, None);
            promises.told_yes(&id(mail), None);
        }
        let sent = house.sink.mails();
        let seen = Seen::look(&house.records, &sent).await?;
        let verdicts = sort(&promises, &seen, false);
        let mut compared = Self { verdicts, complaints: seen.complaints.len(), ..Self::default() };
        compared.acknowledged = acknowledged(mails, &sent);
        let mut differences = Vec::new();
        for mail in mails {
            compared.read(house, mail, &id(mail), &mut differences).await?;
        }
        differences.iter().take(NAMED_MAX).for_each(|difference| say(difference));
        Ok(compared)
    }

    async fn read(
        &mut self,
        house: &House,
        mail: &Expected,
        id: &ContactId,
        differences: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let Some(contact) = house.records.ledger.vault().contact(Channel::Email, id).await? else {
            return Ok(());
        };
        let sender = contact.sender.unwrap_or_default();
        let has_name = sender.display_name == mail.name || mail.name.is_empty();
        let has_marker = contact.text.contains(&mail.marker);
        let has_files = mail.files.iter().all(|(name, sha256)| {
            contact.attachments.iter().any(|it| it.file_name.as_str() == name && it.sha256 == *sha256)
        });
        self.names += usize::from(has_name);
        self.markers += usize::from(has_marker);
        self.files += usize::from(has_files);
        if !(has_name && has_marker && has_files) {
            differences.push(format!(
                "differs: contact {id}: name {has_name}, marker {has_marker}, attachments {has_files}"
            ));
        }
        Ok(())
    }

    pub(super) fn tell(&self, name: &str, mails: &[Expected], results: &mut Results) {
        let (all, due) = (Bar::exactly(mails.len()), Bar::exactly(opening(mails)));
        self.verdicts.tell(name, 0, results);
        results.count(&format!("{name}_once"), self.verdicts.ok, "mails", all);
        results.count(&format!("{name}_complaints"), self.complaints, "complaints", due);
        results.count(&format!("{name}_acknowledged"), self.acknowledged, "complaints", due);
        results.count(&format!("{name}_markers"), self.markers, "mails", all);
        results.count(&format!("{name}_names"), self.names, "mails", all);
        results.count(&format!("{name}_attachments"), self.files, "mails", all);
    }
}

/// Complaints whose sender was written to, each once: to an address that opened three go three mails.
fn acknowledged(mails: &[Expected], sent: &[redress_testkit::smtp::Mail]) -> usize {
    let mut owed: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| mail.opens) {
        *owed.entry(&mail.from).or_default() += 1;
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for mail in sent {
        for recipient in &mail.recipients {
            *told.entry(recipient.to_lowercase()).or_default() += 1;
        }
    }
    owed.into_iter().map(|(address, owed)| if told.get(address) == Some(&owed) { owed } else { 0 }).sum()
}
