//! Services and broker are killed at random while mails come in through Dovecot and forms through the web.

use std::time::Duration;

use anyhow::Context as _;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::smtp::{Act, Rule, Stage};
use redress_testkit::{Broker, SmtpSink, Sync};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results, say};
use tokio::task::JoinSet;

use crate::battlefield::Battlefield;
use crate::load::Load;
use crate::processes::{Place, SERVICES, Service, mailbox};
use crate::{Form, quiet, workload};

/// How long a mail server takes before it says yes, which is the window for sending twice.
const YES_AFTER: Duration = Duration::from_millis(20);
/// How long a kill waits for the house to keep up with the load.
const PACE: Duration = Duration::from_secs(6);
/// Of the contacts, one in so many comes by the web.
const WEB_EACH: usize = 4;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let Some(dovecot) = Dovecot::start() else {
        say("core.kills is skipped: Dovecot is not here");
        return Ok(());
    };
    let kills = form.kills.unwrap_or_else(|| form.pick(25, 500));
    let contacts = form.pick(2_000, 50_000);
    let mails = workload::mails(form, contacts - contacts / WEB_EACH)?;
    let broker = Broker::start_with(Sync::Always).await;
    let sink = SmtpSink::start().await;
    sink.script(Rule { stage: Stage::EndOfData, recipient: None, times: None, act: Act::Delay(YES_AFTER) });
    let place = Place::make(&broker, &sink, &mailbox(&dovecot), "[web]\nmin_fill_seconds = 0\n")?;
    let room = form.pick("store_mebibytes_max = 2048", "store_mebibytes_max = 8192");
    place.change("store_mebibytes_max = 2048", room)?;
    place.provision()?;
    let services = SERVICES.iter().map(|name| place.start(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    let load = Load::new(place.web())?;
    let mut field = Battlefield::new(broker, services, form.seed);

    let mut clients = JoinSet::new();
    let mut sent = 0..contacts / WEB_EACH;
    for round in 0..kills {
        let share = |all: usize| all * round / kills..all * (round + 1) / kills;
        for mail in &mails[share(mails.len())] {
            load.mail(&dovecot, mail);
        }
        for _ in share(sent.end) {
            load.person(&mut clients, sent.next().unwrap_or_default());
        }
        // Half of what was sent is done: so that the kills fall into the work and not before it.
        let half = load.promises.threads() / 2;
        let _ = tokio::time::timeout(PACE, async {
            while sink.count() < half {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        field.strike().await?;
    }
    say(&format!("{} mails and {} people, kills: {}", mails.len(), sent.end, field.kills));
    results.count("core.kills_cycles", field.kills.services(), "kills", Bar::at_least(kills));
    results.count("core.kills_broker", field.kills.broker(), "kills", Bar::None);
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let verdicts = quiet::verdicts(&records, &load.promises, &sink).await.context("wait for quiet")?;
    load.look_at_flags(&dovecot);
    results.count("core.kills_contacts", load.promises.contacts(), "contacts", Bar::at_least(contacts));
    let promised = Bar::exactly(load.promises.contacts());
    results.count("core.kills_promised", load.promises.promised(), "contacts", promised);
    verdicts.tell("core.kills", field.kills.resent_max(), results);
    quiet::tell_record("core.kills", &records, &place, results).await?;
    field.services.iter_mut().try_for_each(Service::stop)
}
