//! Every service on three brokers, the leader of the log killed and sent away as a lame duck while mails come in: every
//! mail becomes one complaint, acknowledged and published.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use redress_contract::Commit;
use redress_contract::subject::name::{COMPLAINTS, INTAKE};
use redress_identity::Keys;
use redress_testkit::{Cluster, SmtpSink, Sync, eventually};
use redress_tests::house;
use redress_tests::program::{Running, ask};
use redress_tests::promises::Promises;
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};

use crate::{Form, quiet};

/// Mails before each fault.
const EACH: usize = 30;

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let rounds = form.pick(2, 20);
    let mut cluster = Cluster::start(Sync::Always).await;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-soak-").tempdir()?;
    let config = settings(folder.path(), &cluster, &sink)?;
    ask(&config, &["provision"])?;
    let services = ["run", "email", "router", "sla", "notifier", "feed"];
    let mut running = Running::start(&config, &folder.path().join("redress.log"), &services)?;
    let keys = Keys::from_hex(&std::fs::read_to_string(folder.path().join("data/identity.key"))?)?;
    let promises = Promises::default();
    for round in 0..rounds {
        let deliver = |when| deliver(folder.path(), &keys, &promises, &format!("{round}-{when}"));
        deliver("before")?;
        let stream = if round % 2 == 0 { COMPLAINTS } else { INTAKE };
        let leader = eventually("the log has a leader", async || cluster.leader_of(stream).await).await;
        deliver("while")?;
        if round % 2 == 0 {
            cluster.kill(leader);
        } else {
            cluster.lame_duck(leader).await;
        }
        deliver("after")?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.spawn(leader);
        cluster.ready().await;
    }
    let bus = cluster.bus("records").await;
    let records = Records::over(bus, keys, house::seals());
    let verdicts = quiet::verdicts(&records, &promises, &sink).await.context("wait for quiet")?;
    running.stop()?;
    let mails = rounds * 3 * EACH;
    results.count("core.nodes_contacts", promises.contacts(), "contacts", Bar::exactly(mails));
    // A broker that dies may take what it was told of mails handed over with it: a batch of each notifier at a time.
    verdicts.tell("core.nodes", rounds * quiet::IN_FLIGHT, results);
    quiet::tell_log("core.nodes", &records, results).await
}

/// Mails arrive in the Maildir of the account `help`.
fn deliver(folder: &Path, keys: &Keys, promises: &Promises, name: &str) -> anyhow::Result<()> {
    for n in 0..EACH {
        let name = format!("{name}-{n}");
        let from = format!("{name}@example.com");
        let mail = format!(
            "From: {from}\r\nTo: help@example.org\r\nSubject: Matter {name}\r\n\
             Message-ID: <{name}@mail.example.com>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nIt broke: {name}.\r\n"
        );
        promises.sent(keys.mail_contact_id("help", &Commit::hash(mail.as_bytes())), &name, Some(&from));
        std::fs::write(folder.join("inbox/tmp").join(&name), mail)?;
        std::fs::rename(folder.join("inbox/tmp").join(&name), folder.join("inbox/new").join(&name))?;
    }
    Ok(())
}

fn settings(folder: &Path, cluster: &Cluster, sink: &SmtpSink) -> anyhow::Result<PathBuf> {
    for name in ["inbox/tmp", "inbox/new", "inbox/cur"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    house::write_keys(&folder.join("data"))?;
    let more = format!(
        "[email.accounts.help]\nkind = \"maildir\"\naddress = \"help@example.org\"\npath = \"{}\"\nstart = \"all\"\n\
         poll_seconds = 1\n",
        folder.join("inbox").display()
    );
    let servers = cluster.urls().join("\", \"");
    let text = house::settings(folder, &servers, sink.address(), &more);
    let file = folder.join("redress.toml");
    std::fs::write(&file, text.replace("[bus]\n", "[bus]\nreplicas = 3\n"))?;
    Ok(file)
}
