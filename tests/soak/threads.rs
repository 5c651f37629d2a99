//! Two replicas of the router, threads of four mails each in random order, a tenth of the mails in two mailboxes: as many
//! complaints as threads.

use std::time::Duration;

use redress_contract::Event;
use redress_runtime::Clock;
use redress_testkit::{Broker, SmtpSink, eventually_within};
use redress_tests::house;
use redress_tests::mails::Dice;
use redress_tests::program::{Running, ask};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::Form;

const MAILS_EACH: usize = 4;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start().await;
    let bus = broker.bus_with(&broker.settings(), "load").await;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
    house::write_keys(&folder.path().join("data"))?;
    let config = folder.path().join("redress.toml");
    std::fs::write(&config, house::settings(folder.path(), &broker.url(), sink.address(), ""))?;
    ask(&config, &["provision"])?;
    let replicas =
        [(); 2].map(|()| Running::start(&config, &folder.path().join("router.log"), &["run", "router"]));

    let keys = house::keys();
    let records = Records::over(bus, keys.clone(), house::seals());
    let intake = redress_intake::Intake::new(records.ledger.vault().clone(), Clock::system());
    let mut arriving = arriving(form);
    Dice::new(form.seed).shuffle(&mut arriving);
    let contacts = arriving.len();
    for (account, raw) in arriving {
        let contact = house::normalised(&keys, account, raw.as_bytes(), Clock::system().now());
        intake.record(contact, raw.into()).await?;
    }
    eventually_within(Duration::from_mins(5), "every contact is linked", || async {
        let events = records.events().await.ok()?;
        let linked =
            events.values().flatten().filter(|event| matches!(event, Event::ContactLinked(_))).count();
        if linked >= contacts {
            return Some(());
        }
        // Reading everything is work; the house needs the machine more.
        tokio::time::sleep(Duration::from_secs(1)).await;
        None
    })
    .await;
    for replica in replicas {
        replica?.stop()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
    let (threads, expected) = (threads(form) as f64, contacts as f64);
    let events = records.events().await?;
    let linked = events.values().flatten().filter(|event| matches!(event, Event::ContactLinked(_))).count();
    results.count("core.threads_complaints", events.len(), "complaints", Bar::Exactly(threads));
    results.count("core.threads_links", linked, "links", Bar::Exactly(expected));
    Ok(())
}

fn threads(form: &Form) -> usize {
    form.pick(100, 500)
}

/// (mailbox, mail): each mail once, a tenth of them in a second mailbox too.
fn arriving(form: &Form) -> Vec<(&'static str, String)> {
    let mut dice = Dice::new(form.seed ^ 0xABCD);
    let mut arriving = Vec::new();
    for thread in 0..threads(form) {
        for n in 0..MAILS_EACH {
            let mail = mail(form.seed, thread, n);
            if dice.below(10) == 0 {
                arriving.push(("sales", mail.clone()));
            }
            arriving.push(("help", mail));
        }
    }
    arriving
}

fn mail(seed: u64, thread: usize, n: usize) -> String {
    let id = |n: usize| format!("t{thread}.{n}.{seed}@mail.example.com");
    let references: Vec<String> = (0..n).map(|n| format!("<{}>", id(n))).collect();
    let threading = match references.last() {
        Some(last) => format!("In-Reply-To: {last}\r\nReferences: {}\r\n", references.join(" ")),
        None => String::new(),
    };
    format!(
        "From: person{thread}@example.com\r\nTo: help@example.org\r\nSubject: Thread {thread}\r\n\
         Message-ID: <{}>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n{threading}\r\nMail {n} of thread {thread}.\r\n",
        id(n)
    )
}
