//! The program: hands arguments and environment to the library and its answer to the shell.

use std::process::ExitCode;

use clap::Parser as _;
use redress::cli::Cli;

/// JSON in and out is mostly many small allocations; they took a quarter of all CPU with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let environment = redress_runtime::settings::environment();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked_or_wrong) => {
            // `--help` and `--version` come this way too; clap knows which of the two streams and codes is right.
            let code = asked_or_wrong.exit_code();
            let _ = asked_or_wrong.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    redress::run(cli, &environment)
}
