//! Running services: each in a task of this process, one public listener for all, drained together.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use redress_runtime::Shutdown;
use redress_runtime::listener::{Limits, Listener, health_routes};
use redress_runtime::signal::Signals;
use serde::Serialize;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::cli::Service;
use crate::house::House;
use crate::out::Out;
use crate::settings::Config;

/// Every service, in the order contacts flow.
pub const ALL: [Service; 6] =
    [Service::Email, Service::Web, Service::Router, Service::Sla, Service::Notifier, Service::Feed];

/// A listener, as it is told to whoever started the program.
#[derive(Serialize)]
struct Bound<'a> {
    listener: &'a str,
    url: String,
}

/// Runs services until a signal asks to stop; returns when they have drained, or at a second signal.
///
/// # Errors
/// When a listener cannot be had, or a service ended by an error.
pub async fn run(
    config: &Config,
    house: &House,
    services: &BTreeSet<Service>,
    signals: Signals,
    out: Out,
) -> anyhow::Result<()> {
    let mut tasks = Tasks { set: JoinSet::new(), shutdown: Shutdown::new() };
    tasks.serve_health(config, house, out).await?;
    for service in services {
        tasks.start(*service, config, house, out).await?;
        info!("Started {}", service.word());
    }
    let asked = tasks.shutdown.clone();
    tokio::select! {
        ended = tasks.drain() => ended,
        () = signals.insist(asked) => Err(anyhow!("drain: a second signal ended it")),
    }
}

/// Tells where a listener is: one line, as text or JSON.
///
/// # Errors
/// When standard output is gone.
pub fn tell(out: Out, listener: &str, url: String) -> std::io::Result<()> {
    let bound = Bound { listener, url };
    out.either(&bound, || format!("{:<8} {}", bound.listener, bound.url))
}

struct Tasks {
    set: JoinSet<(&'static str, anyhow::Result<()>)>,
    shutdown: Shutdown,
}

impl Tasks {
    async fn start(
        &mut self,
        service: Service,
        config: &Config,
        house: &House,
        out: Out,
    ) -> anyhow::Result<()> {
        let asked = self.shutdown.clone();
        let (ledger, intake, clock, health) =
            (house.ledger.clone(), house.intake.clone(), house.clock.clone(), house.health.clone());
        match service {
            Service::Web => self.serve_public(config, house, out).await?,
            Service::Email if config.email.accounts.is_empty() => {
                info!("No mailbox is read: [email.accounts] names none");
            }
            Service::Email => {
                let deps = redress_email::Deps { intake, clock, health };
                self.spawn(service, redress_email::run(config.email.clone(), deps, asked));
            }
            Service::Router => {
                let deps = redress_router::Deps { ledger, clock, health };
                self.spawn(service, redress_router::run(config.router.clone(), deps, asked));
            }
            Service::Sla => {
                let deps = redress_sla::Deps { ledger, health };
                self.spawn(service, redress_sla::run(config.sla.clone(), deps, asked));
            }
            Service::Notifier => {
                let deps = redress_notifier::Deps { ledger, health };
                self.spawn(service, redress_notifier::run(config.notifier.clone(), deps, asked));
            }
            Service::Feed => {
                let deps = redress_feed::Deps { ledger, clock, health };
                self.spawn(service, redress_feed::run(config.feed.clone(), deps, asked));
            }
        }
        Ok(())
    }

    fn spawn<E>(&mut self, service: Service, run: impl Future<Output = Result<(), E>> + Send + 'static)
    where
        anyhow::Error: From<E>,
    {
        let run = Box::pin(run);
        self.set.spawn(async move { (service.word(), run.await.map_err(anyhow::Error::from)) });
    }

    async fn serve_health(&mut self, config: &Config, house: &House, out: Out) -> anyhow::Result<()> {
        let listener = Listener::bind(config.health).await.context("serve [health]")?;
        tell(out, "health", format!("http://{}", listener.address()))?;
        let (routes, asked) = (health_routes(house.health.clone()), self.shutdown.clone());
        self.set.spawn(async move {
            listener.serve(routes, Limits::default(), asked).await;
            ("health", Ok(()))
        });
        Ok(())
    }

    /// The listener that all services with pages share; so far that is `web`.
    async fn serve_public(&mut self, config: &Config, house: &House, out: Out) -> anyhow::Result<()> {
        let listener = Listener::bind(config.public).await.context("serve [public]")?;
        tell(out, "public", format!("http://{}", listener.address()))?;
        let deps = redress_web::Deps {
            intake: house.intake.clone(),
            clock: house.clock.clone(),
            health: house.health.clone(),
        };
        let routes = redress_web::routes(config.web.clone(), deps);
        let (limits, asked) = (config.public_limits.clone(), self.shutdown.clone());
        self.set.spawn(async move {
            listener.serve(routes, limits, asked).await;
            ("web", Ok(()))
        });
        Ok(())
    }

    /// Waits for all; when one ends by an error, or without having been asked, the others are asked to stop.
    async fn drain(&mut self) -> anyhow::Result<()> {
        let mut result = Ok(());
        while let Some(ended) = self.set.join_next().await {
            let failure = match ended {
                Ok((_, Ok(()))) if self.shutdown.is_asked() => continue,
                Ok((name, Ok(()))) => anyhow!("run {name}: it ended by itself"),
                Ok((name, Err(error))) => error.context(format!("run {name}")),
                Err(panicked) => anyhow!(panicked).context("run a service"),
            };
            error!("Failed to {failure:#}");
            self.shutdown.ask();
            result = result.and(Err(failure));
        }
        result
    }
}
