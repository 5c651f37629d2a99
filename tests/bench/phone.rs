//! Rows of a large table a second, from the file into INTAKE, by the program as it ships; as a ratio to a bare loop that
//! publishes the same messages (wrapped keys and contacts). And the most memory that the program had.

use std::io::Write as _;
use std::time::{Duration, Instant};

use redress_contract::subject::name;
use redress_testkit::{Broker, SmtpSink, Sync};
use redress_tests::program::Running;
use redress_tests::results::{Bar, Results};

use crate::intake;
use crate::load::{self, float, rate};

/// The part, by default with so many rows.
const PART: &str = "phone";
const ROWS: usize = 1_000_000;
/// Room for all of it.
const STORE_MEBIBYTES: u32 = 40_960;
/// As many as the program records at once.
const AT_ONCE: usize = 256;
const PATIENCE: Duration = Duration::from_mins(20);

const ACCOUNT: &str = r#"
[phone.accounts.pbx]
kind = "folder"
path = "{folder}/calls"
format = "table"
zone = "Europe/Berlin"
country = "DE"
[phone.accounts.pbx.fields]
call_id = ["id"]
caller = ["from"]
called = ["to"]
started = ["start"]
duration = ["duration"]
talking = ["billsec"]
queue = ["queue"]
"#;

/// How many rows the argument asks for: `phone`, or `phone:1000`.
pub(crate) fn wanted(argument: &str) -> Option<usize> {
    match argument.split_once(':') {
        Some((PART, rows)) => rows.parse().ok(),
        _ => (argument == PART).then_some(ROWS),
    }
}

pub(crate) async fn run(rows: usize, results: &mut Results) -> anyhow::Result<()> {
    let broker = Broker::start_with(Sync::Default).await;
    let bus = load::bus_with_room(&broker, "load", STORE_MEBIBYTES).await?;
    let sink = SmtpSink::start().await;
    let folder = tempfile::Builder::new().prefix("redress-bench-").tempdir()?;
    let calls = folder.path().join("calls");
    std::fs::create_dir_all(&calls)?;
    write(&calls.join("calls.csv"), rows)?;
    let account = ACCOUNT.replace("{folder}", &folder.path().display().to_string());
    let config = load::settings(folder.path(), &broker, &sink, &account)?;
    let room = format!("store_mebibytes_max = {STORE_MEBIBYTES}");
    let text = std::fs::read_to_string(&config)?.replace("store_mebibytes_max = 2048", &room);
    std::fs::write(&config, text)?;
    let started = Instant::now();
    let mut running = Running::start(&config, &folder.path().join("phone.log"), &["run", "phone"])?;
    while bus.last_seq(name::INTAKE).await? < rows as u64 {
        anyhow::ensure!(started.elapsed() < PATIENCE, "the table is not on record in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ours = started.elapsed();
    let memory = peak_kibibytes(running.pid()) / 1024.0;
    running.stop()?;
    let plain = intake::stored(&bus).await?;
    drop(broker);
    let bare = intake::published(plain, STORE_MEBIBYTES, AT_ONCE).await?;
    results.count("phone.table_rows", rows, "rows", Bar::None);
    results.tell(
        "phone.table",
        float(rows) / ours.as_secs_f64() / rate(rows, bare),
        "of-bare-loop",
        Bar::AtLeast(0.6),
    );
    results.tell("phone.table_rate", rate(rows, ours), "rows/s", Bar::None);
    results.tell("phone.table_memory", memory, "MiB", Bar::AtMost(100.0));
    Ok(())
}

fn write(path: &std::path::Path, rows: usize) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "id,from,to,start,duration,billsec,queue")?;
    for n in 0..rows {
        let (second, minute, hour) = (n % 60, n / 60 % 60, n / 3600 % 24);
        let (duration, talked) = (20 + n % 300, if n % 5 == 0 { 0 } else { n % 20 + 1 });
        writeln!(
            file,
            "c-{n},030{:07},7100,2026-02-01 {hour:02}:{minute:02}:{second:02},{duration},{talked},help",
            1_000_000 + n % 900_000
        )?;
    }
    Ok(file.flush()?)
}

/// The most memory a process had.
fn peak_kibibytes(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
