//! One program that runs any service, or all of them.
//!
//! In: a command line, one settings file, the environment. Out: running services, answers on standard output, an exit
//! code: 0 fine, 1 failed, 2 usage, 78 bad settings.
//!
//! Reading order: [`cli`] (what can be asked), [`settings`] (all services' tables), [`data`] (the data folder and the
//! identity key), [`sealing`] (the files of the sealing keys), [`broker`] (the supervised nats-server), [`house`] (what the
//! services of a process share), [`services`] (running them), [`backup`] (copies of everything), [`command`] (one file
//! per command), [`out`] (answers to people and programs).

pub mod backup;
pub mod broker;
pub mod cli;
pub mod closures;
pub mod command;
pub mod data;
pub mod house;
pub mod out;
pub mod sealing;
pub mod services;
pub mod settings;

use std::collections::BTreeMap;
use std::process::ExitCode;

use redress_bus::{ConnectError, Denied};
use redress_runtime::settings::Problems;

use cli::Cli;
use out::Out;

/// Bad settings, as `sysexits.h` numbers it.
const EXIT_SETTINGS: u8 = 78;

/// Runs one command to its end.
pub fn run(cli: Cli, environment: &BTreeMap<String, String>) -> ExitCode {
    let out = Out::new(cli.json);
    redress_runtime::http::install_tls();
    #[cfg(feature = "failpoints")]
    redress_runtime::fault::arm(environment);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(out, &anyhow::Error::new(error).context("start the runtime")),
    };
    let result = runtime.block_on(command::run(cli, environment, out));
    // Blocking work still under way (a name look-up, say) must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    match result {
        Ok(code) => code,
        Err(error) => failed(out, &error),
    }
}

fn failed(out: Out, error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        out.complain(&settings_wrong(problems));
        return ExitCode::from(EXIT_SETTINGS);
    }
    if let Some(mend) = login_wrong(error) {
        out.complain(&format!("redress: failed to {error:#}\n      → {mend}"));
        return ExitCode::from(EXIT_SETTINGS);
    }
    if out::is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    out.complain(&format!("redress: failed to {error:#}"));
    ExitCode::FAILURE
}

/// Who we are, or what we may do, is set wrongly, here or on the broker: how to mend it.
fn login_wrong(error: &anyhow::Error) -> Option<&'static str> {
    if error.downcast_ref::<Denied>().is_some() {
        return Some("give the broker what `redress provision --print-nats-conf` prints, and reload it");
    }
    match error.downcast_ref::<ConnectError>()? {
        ConnectError::Away { .. } => None,
        ConnectError::Login { .. } => {
            Some("see that [bus] users_folder holds the seeds whose public keys the broker was given")
        }
        ConnectError::Seed(_) => {
            Some("redress provision --init-users FOLDER, and [bus] users_folder = FOLDER")
        }
    }
}

fn settings_wrong(problems: &Problems) -> String {
    let count = problems.0.len();
    let word = if count == 1 { "problem" } else { "problems" };
    let mut text = format!("redress: {count} {word} in the settings");
    for problem in &problems.0 {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    text
}
