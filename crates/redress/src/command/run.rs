//! `redress run <service>…`: services of this process against given brokers.

use anyhow::Context as _;
use redress_runtime::signal::Signals;

use crate::cli::Service;
use crate::house::with_broker;
use crate::out::Out;
use crate::services;
use crate::settings::Config;

pub(super) async fn run(config: Config, wanted: Vec<Service>, out: Out) -> anyhow::Result<()> {
    let signals = Signals::listen().context("listen for signals")?;
    let config = with_broker(&config)?;
    services::run(&config, &wanted.into_iter().collect(), signals, out).await
}
