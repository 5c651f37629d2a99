//! `PART=social`: recorded payloads of social platforms.
//!
//! Every payload goes through the platform's reader, twice: each holds posts, edits or deletions, posts of our own, or
//! something that is nothing for us and has a name. Whatever is a post is a contact on record, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redress_contract::subject::name;
use redress_intake::Intake;
use redress_runtime::Clock;
use redress_social::normalize::{self, Envelope};
use redress_social::platform::items;
use redress_social::post::{Item, Own, Platform};
use redress_testkit::Broker;
use redress_tests::house;
use redress_tests::results::{Bar, Results, say};
use redress_vault::Vault;
use serde_json::Value;

/// Folders whose names are not the platform's word.
const FOLDERS: [(&str, Platform); 3] =
    [("twitter", Platform::X), ("x-api", Platform::X), ("app-store", Platform::AppStore)];

/// What the payloads of one platform came to.
#[derive(Default)]
struct Totals {
    payloads: usize,
    posts: usize,
    revisions: usize,
    own: usize,
    unread: usize,
    nothing: BTreeMap<String, usize>,
    silent: usize,
}

pub(crate) async fn measure(data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("social");
    if !folder.is_dir() {
        return Ok(());
    }
    let broker = Broker::start().await;
    broker.bus("prepare").await;
    let bus = broker.bus("social").await;
    let clock = Clock::system();
    let intake = Intake::new(Vault::new(bus.clone(), Arc::new(house::keys()), house::seals()), clock.clone());
    let (mut totals, mut wanted): (BTreeMap<&str, Totals>, BTreeSet<String>) = Default::default();
    for pass in 0..2 {
        for (platform, path) in payloads(&folder)? {
            let bytes = std::fs::read(&path)?;
            let payload = serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
            let found = items(platform, &payload, &Own::default());
            if pass == 0 {
                totals.entry(platform.word()).or_default().add(&found);
            }
            record(platform, &found, (&intake, &clock), &mut wanted).await?;
        }
        let recorded = usize::try_from(bus.last_seq(name::INTAKE).await?)?;
        let figure = if pass == 0 { "social.corpus_lost" } else { "social.corpus_second_pass" };
        results.count(figure, wanted.len().abs_diff(recorded), "contacts", Bar::exactly(0));
    }
    tell(&totals, wanted.len(), results);
    Ok(())
}

fn tell(totals: &BTreeMap<&str, Totals>, contacts: usize, results: &mut Results) {
    for (platform, total) in totals {
        let nothing: Vec<String> =
            total.nothing.iter().map(|(what, count)| format!("{count} {what}")).collect();
        say(&format!(
            "{platform}: {} payloads, {} posts, {} revisions, {} our own, {} kept apart; nothing for us: {}",
            total.payloads,
            total.posts,
            total.revisions,
            total.own,
            total.unread,
            nothing.join(", ")
        ));
    }
    let sum = |of: fn(&Totals) -> usize| totals.values().map(of).sum::<usize>();
    results.count("social.corpus_payloads", sum(|it| it.payloads), "payloads", Bar::at_least(1));
    results.count("social.corpus_contacts", contacts, "contacts", Bar::None);
    results.count("social.corpus_kept_apart", sum(|it| it.unread), "items", Bar::None);
    results.count("social.corpus_unaccounted", sum(|it| it.silent), "payloads", Bar::exactly(0));
}

impl Totals {
    fn add(&mut self, found: &[Item]) {
        self.payloads += 1;
        self.silent += usize::from(found.is_empty());
        for item in found {
            match item {
                Item::Post(said) if said.post.change.is_unspecified() => self.posts += 1,
                Item::Post(_) => self.revisions += 1,
                Item::Own(_) => self.own += 1,
                Item::Unread { .. } => self.unread += 1,
                Item::Nothing(what) if what.is_empty() => self.silent += 1,
                Item::Nothing(what) => *self.nothing.entry(what.clone()).or_default() += 1,
            }
        }
    }
}

async fn record(
    platform: Platform,
    found: &[Item],
    (intake, clock): (&Intake, &Clock),
    wanted: &mut BTreeSet<String>,
) -> anyhow::Result<()> {
    let envelope = Envelope { account: platform.word(), now: clock.now(), keys: intake.vault().keys() };
    for item in found {
        let (contact, raw) = match item {
            Item::Post(said) => (normalize::contact(said, &envelope), normalize::raw(&said.raw)),
            Item::Unread { why, raw } => {
                let raw = normalize::raw(raw);
                (normalize::unread(platform, why, &raw, &envelope), raw)
            }
            Item::Own(_) | Item::Nothing(_) => continue,
        };
        wanted.insert(contact.id.to_string());
        intake.record(contact, raw.into()).await?;
    }
    Ok(())
}

/// Each file that is a payload, with the platform that its folder names. Meta's say themselves of which of its platforms
/// they are, most of them.
fn payloads(folder: &Path) -> anyhow::Result<Vec<(Platform, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let place = entry?.path();
        let name = place.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        for path in super::phone::below(&place)? {
            let file = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let is_payload = [".json", ".xml", ".rss", ".atom"].iter().any(|end| file.ends_with(end));
            if !is_payload || file == "expected.json" {
                continue;
            }
            let by_folder =
                FOLDERS.iter().find(|(word, _)| name.contains(word)).map(|(_, platform)| *platform);
            let named = |text: &str| {
                Platform::ALL
                    .into_iter()
                    .find(|it| text.contains(it.word()) && !matches!(it, Platform::X | Platform::Feed))
            };
            let platform = by_folder.or_else(|| named(&name)).or_else(|| named(&file));
            all.push((
                platform.unwrap_or(if name == "meta" { Platform::Facebook } else { Platform::Feed }),
                path,
            ));
        }
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(all)
}
