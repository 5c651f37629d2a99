//! Mails that end the program which reads them: real processes abort, are started again as a supervisor would, and in
//! the end every mail is on record, the deadly ones as they came.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use redress_contract::ParseStatus;
use redress_email::config::{AccountSettings, Kind, Start, Tls};
use redress_email::{Config, Deps, Settings, run};
use redress_intake::Intake;
use redress_runtime::{Clock, Health, Shutdown};
use redress_testkit::dovecot::{Dovecot, PASSWORD};
use redress_testkit::{Broker, eventually_within};
use redress_vault::{PrivateKey, Seals, Vault};

use crate::world::{World, keys, mail};

/// What a child process is told: the broker, the way it dies, and where the mailbox is.
const TOLD: &str = "REDRESS_TEST_POISON";

fn poison(n: usize) -> Vec<u8> {
    [b"X-Poison: yes\r\n".as_slice(), &mail(n)].concat()
}

/// The service in a process of its own: this very test program, asked for [`the_service_in_a_process_of_its_own`].
fn start(broker: &Broker, how: &str, mailbox: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "poison::the_service_in_a_process_of_its_own", "--nocapture"]);
    child.env(TOLD, [&broker.url(), how, mailbox].join("|"));
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts the service again and again until everything is on record; answers how often it died.
async fn supervise(world: &World, how: &str, mailbox: &str, mails: &[Vec<u8>]) -> usize {
    let (mut child, mut deaths) = (start(&world.broker, how, mailbox), 0);
    let count = u64::try_from(mails.len()).unwrap();
    eventually_within(std::time::Duration::from_mins(2), "all mails are on record", || {
        let ended: Option<ExitStatus> = child.try_wait().unwrap();
        if let Some(status) = ended {
            assert!(!status.success(), "it ended by itself");
            deaths += 1;
            child = start(&world.broker, how, mailbox);
        }
        async { (world.bus.last_seq("INTAKE").await.unwrap_or(0) >= count).then_some(()) }
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    world.assert_exactly(mails).await;
    deaths
}

/// The deadly mails are recorded as they came, all others were read.
async fn assert_read_but(world: &World, good: &[Vec<u8>], deadly: &[Vec<u8>], problem: &str) {
    for raw in good {
        let contact = world.contact(raw).await.unwrap();
        assert_eq!((contact.parse_status, contact.parse_problem.as_str()), (ParseStatus::Parsed, ""));
    }
    for raw in deadly {
        let contact = world.contact(raw).await.unwrap();
        assert_eq!((contact.parse_status, contact.parse_problem.as_str()), (ParseStatus::Failed, problem));
        assert_eq!(world.vault.raw(&contact).await.unwrap().unwrap(), *raw, "the bytes are kept");
        assert!(contact.received_at > jiff::Timestamp::UNIX_EPOCH, "its clock runs");
    }
}

async fn maildir(how: &str, most_deaths: usize, problem: &str) {
    let (world, folder) = (World::start().await, tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("new")).unwrap();
    let good: Vec<_> = (0..30).map(mail).collect();
    let deadly = [poison(100), poison(101)];
    let mails: Vec<_> = good[..15].iter().chain(&deadly).chain(&good[15..]).cloned().collect();
    for (n, raw) in mails.iter().enumerate() {
        std::fs::write(folder.path().join(format!("new/{n:03}.host")), raw).unwrap();
    }
    let deaths = supervise(&world, how, &folder.path().to_string_lossy(), &mails).await;
    assert!(deaths <= most_deaths, "{deaths} deaths");
    assert_read_but(&world, &good, &deadly, problem).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_aborts_the_program_is_recorded_unread_and_holds_up_no_other() {
    // Each of the two once among others (at once, or one after the other), then alone twice.
    maildir("abort", 6, "the program died reading it").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_overflows_the_stack_is_recorded_unread_and_holds_up_no_other() {
    maildir("overflow", 6, "the program died reading it").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_read_without_end_is_recorded_unread_and_holds_up_no_other() {
    maildir("hang", 0, "reading it took more than 1 seconds").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imap_folder_gets_past_a_mail_that_aborts_the_program() {
    let Some(dovecot) = Dovecot::start() else { return };
    let world = World::start().await;
    let good: Vec<_> = (0..20).map(mail).collect();
    let deadly = [poison(100)];
    let mails: Vec<_> = good[..10].iter().chain(&deadly).chain(&good[10..]).cloned().collect();
    for raw in &mails {
        dovecot.deliver(raw);
    }
    let mailbox = format!("imap:{}:{}", dovecot.imaps_port(), dovecot.ca_file().display());
    let deaths = supervise(&world, "abort", &mailbox, &mails).await;
    assert!(deaths <= 3, "{deaths} deaths");
    assert_read_but(&world, &good, &deadly, "the program died reading it").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_were_being_read_when_somebody_killed_the_program_are_read_after_all() {
    let (world, folder) = (World::start().await, tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("new")).unwrap();
    let mails: Vec<_> = (0..300).map(mail).collect();
    for (n, raw) in mails.iter().enumerate() {
        std::fs::write(folder.path().join(format!("new/{n:03}.host")), raw).unwrap();
    }
    for recorded in [10, 60, 110, 160, 210, 260] {
        let mut child = start(&world.broker, "off", &folder.path().to_string_lossy());
        world.until_recorded(recorded).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    supervise(&world, "off", &folder.path().to_string_lossy(), &mails).await;
    assert_read_but(&world, &mails, &[], "").await;
}

/// Not a test of its own: what [`start`] runs. Without its variable it has nothing to do.
#[test]
fn the_service_in_a_process_of_its_own() {
    let Some(told) = std::env::var_os(TOLD) else { return };
    let told = told.into_string().unwrap();
    let [broker, how, mailbox] = told.split('|').collect::<Vec<_>>()[..] else { panic!("{told}") };
    fail::cfg("email::parse", &format!("return({how})")).unwrap();
    let account = if let Some(imap) = mailbox.strip_prefix("imap:") {
        let (port, ca_file) = imap.split_once(':').unwrap();
        imap_account(port.parse().unwrap(), Path::new(ca_file))
    } else {
        let (kind, path) = (Some(Kind::Maildir), Some(mailbox.into()));
        AccountSettings { kind, path, poll_seconds: Some(0.05), ..AccountSettings::default() }
    };
    let account = AccountSettings { address: "help@example.org".to_owned(), ..account };
    let mut settings = Settings { accounts: [("help".to_owned(), account)].into(), ..Settings::default() };
    settings.limits.read_seconds_max = if how == "hang" { 1 } else { 60 };
    let config = Config::check(&settings).unwrap();
    redress_runtime::http::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings =
            redress_bus::config::Settings { servers: vec![broker.to_owned()], ..Default::default() };
        let bus = redress_bus::Config::check(&settings).unwrap();
        let bus = redress_bus::Bus::connect(&bus, "email").await.unwrap();
        let clock = Clock::system();
        let intake = Intake::new(
            Vault::new(bus, keys(), Seals::with(&PrivateKey::of([7; 32])).only_making()),
            clock.clone(),
        );
        run(config, Deps { intake, clock, health: Health::new() }, Shutdown::new()).await.unwrap();
    });
}

fn imap_account(port: u16, ca_file: &Path) -> AccountSettings {
    AccountSettings {
        kind: Some(Kind::Imap),
        start: Start::All,
        poll_seconds: Some(0.1),
        host: "localhost".to_owned(),
        port,
        tls: Tls::Implicit,
        ca_file: Some(ca_file.to_owned()),
        user: "help".to_owned(),
        password: redress_runtime::Secret::new(PASSWORD),
        ..AccountSettings::default()
    }
}
