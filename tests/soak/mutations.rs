//! Somebody who may do anything to the broker changes the log, or its disk does: `redress verify` finds each change
//! against a checkpoint taken before.

mod change;

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use async_nats::jetstream::{self, stream};
use futures::TryStreamExt as _;
use redress_contract::subject::name;
use redress_identity::Keys;
use redress_intake::Intake;
use redress_ledger::verify::Checkpoint;
use redress_runtime::Clock;
use redress_testkit::{Broker, SmtpSink, eventually};
use redress_tests::house;
use redress_tests::mails::{Dice, make};
use redress_tests::program::ask;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};

use crate::load::Load;
use crate::processes::{KEY, Place, Service};
use crate::workload::Mail;
use crate::{Form, quiet};
use change::{KINDS, Message, change, flip_on_disk, holds_no_log, remove_log};

const MAILS: usize = 60;
const MUTATIONS: usize = 200;
/// One change in so many is made to the files of the stopped broker, by no rules at all.
const ON_DISK_EACH: usize = 10;
/// One in so many is also looked at by the program, as a person does.
const BY_PROGRAM_EACH: usize = 20;

/// A broker whose log may be rewritten at will.
struct Forge {
    broker: Broker,
    place: Place,
    records: Records,
    checkpoint: Checkpoint,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let (log, checkpoint) = original(form.seed).await?;
    let mut forge = Forge::make(checkpoint).await?;
    let mut dice = Dice::new(form.seed);
    forge.write(&log).await?;
    ensure!(!forge.is_found().await && !forge.is_found_by_program()?, "the log as it was is found whole");

    let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for n in 0..MUTATIONS {
        let kind = if n % ON_DISK_EACH == 0 { "a bit flipped on disk" } else { KINDS[n % KINDS.len()] };
        if n % ON_DISK_EACH == 0 {
            forge.write(&log).await?;
            forge.flip(&mut dice).await?;
        } else {
            forge.write(&change(&log, kind, &mut dice)).await?;
        }
        let mut is_found = forge.is_found().await;
        if n % ON_DISK_EACH == 0 {
            forge.forget_files().await?;
        }
        if n % BY_PROGRAM_EACH == 1 {
            is_found = is_found && forge.is_found_by_program()?;
        }
        let (all, caught) = found.entry(kind).or_default();
        *all += 1;
        *caught += usize::from(is_found);
        if !is_found {
            say(&format!("not found: {kind}, mutation {n} of seed {}", form.seed));
        }
    }
    for (kind, (all, caught)) in &found {
        say(&format!("  {kind}: {caught} of {all}"));
    }
    let caught = found.values().map(|(_, caught)| caught).sum();
    results.count("core.verify_mutations_found", caught, "mutations", Bar::exactly(MUTATIONS));
    Ok(())
}

/// A log that real services wrote, and the checkpoint that `redress verify` took of it.
async fn original(seed: u64) -> anyhow::Result<(Vec<Message>, Checkpoint)> {
    let broker = Broker::start().await;
    let sink = SmtpSink::start().await;
    let place = Place::make(&broker, &sink, "", "")?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    place.provision()?;
    let load = Load::new(place.web())?;
    let (keys, clock) = (Keys::from_master(&KEY), Clock::system());
    let intake = Intake::new(records.ledger.vault().clone(), clock.clone());
    for mail in make(seed, MAILS).iter().map(Mail::of) {
        let id = load.mailed("help", &mail);
        let contact = house::normalised(&keys, "help", &mail.raw, clock.now());
        intake.record(contact, mail.raw.into()).await?;
        load.promises.told_yes(&id, None);
    }
    let services = ["router", "notifier", "feed"].into_iter().map(|it| place.start(it));
    let mut services = services.collect::<anyhow::Result<Vec<_>>>()?;
    let verdicts = quiet::verdicts(&records, &load.promises, &sink).await?;
    ensure!(verdicts.ok == MAILS, "the log is written: {verdicts:?}");
    services.iter_mut().try_for_each(Service::stop)?;
    let file = place.path().join("checkpoint.json");
    let path = file.to_str().context("the folder has a plain name")?;
    ask(&place.config(), &["verify", "--checkpoint", path])?;
    let checkpoint = serde_json::from_slice(&std::fs::read(&file)?)?;
    let stored: Vec<_> = records.bus().scan(name::COMPLAINTS, "complaint.*", 1).await?.try_collect().await?;
    Ok((stored.into_iter().map(|it| (it.subject, it.body)).collect(), checkpoint))
}

impl Forge {
    async fn make(checkpoint: Checkpoint) -> anyhow::Result<Self> {
        let broker = Broker::start().await;
        let place = Place::make(&broker, &SmtpSink::start().await, "", "")?;
        let records = Records::open(&broker.url(), &place.key()).await?;
        std::fs::write(place.path().join("checkpoint.json"), serde_json::to_vec(&checkpoint)?)?;
        Ok(Self { broker, place, records, checkpoint })
    }

    /// A log that holds just this.
    async fn write(&self, log: &[Message]) -> anyhow::Result<()> {
        let jetstream = jetstream::new(async_nats::connect(self.broker.url()).await?);
        // There is none at first.
        let _ = jetstream.delete_stream(name::COMPLAINTS).await;
        let subjects = vec!["complaint.*".to_owned()];
        let lax = stream::Config {
            name: name::COMPLAINTS.to_owned(),
            subjects,
            allow_direct: true,
            ..Default::default()
        };
        // The broker clears the files of the one before by and by, and those of a new one of its name with them.
        let store = self.broker.store();
        eventually("the files of the log before are gone", || async { holds_no_log(&store).then_some(()) })
            .await;
        jetstream.create_stream(lax).await?;
        let mut stored = Vec::new();
        for (subject, body) in log {
            stored.push(jetstream.publish(subject.clone(), body.clone()).await?);
        }
        for acknowledged in stored {
            acknowledged.await?;
        }
        Ok(())
    }

    /// Flips a bit in the stopped broker's files.
    async fn flip(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        self.broker.kill();
        flip_on_disk(&self.broker.store(), dice)?;
        self.broker.restart().await;
        Ok(())
    }

    /// Takes away the files a bit was flipped in: a broker that cannot read them can neither delete nor make the stream.
    async fn forget_files(&mut self) -> anyhow::Result<()> {
        self.broker.kill();
        remove_log(&self.broker.store())?;
        self.broker.restart().await;
        Ok(())
    }

    /// True when verifying says that something is wrong, or cannot even read the log.
    async fn is_found(&self) -> bool {
        let report = self.records.ledger.verify(Some(&self.checkpoint)).await;
        report.map_or(true, |report| !report.faults.is_empty())
    }

    fn is_found_by_program(&self) -> anyhow::Result<bool> {
        let file = self.place.path().join("checkpoint.json");
        let path = file.to_str().context("the folder has a plain name")?;
        let found = ask(&self.place.config(), &["verify", "--checkpoint", path]).is_err();
        Ok(found)
    }
}
