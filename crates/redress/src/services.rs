//! Running services: each in a task of this process with a connection of its own, one public listener for all, drained
//! together.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use axum::Router;
use redress_bus::Bus;
use redress_contract::subject::name::{COMPLAINTS, INTAKE};
use redress_runtime::listener::{Limits, Listener, health_routes};
use redress_runtime::signal::Signals;
use redress_runtime::{Health, Shutdown};
use serde::Serialize;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::cli::Service;
use crate::house::House;
use crate::out::Out;
use crate::sealing::Need;
use crate::settings::Config;

/// Every service, in the order contacts flow.
pub const ALL: [Service; 9] = [
    Service::Email,
    Service::Phone,
    Service::Social,
    Service::Web,
    Service::Router,
    Service::Sla,
    Service::Notifier,
    Service::Feed,
    Service::Erase,
];

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
    services: &BTreeSet<Service>,
    signals: Signals,
    out: Out,
) -> anyhow::Result<()> {
    let (mut tasks, health) = (Tasks::default(), Health::new());
    // Not ready before all have their connections, however early the first says it is.
    let all = health.part("services");
    tasks.serve_health(config, &health, out).await?;
    for service in services {
        // A connection for each, so that each has its own identity and its own rights.
        let house = House::open(config, service.word(), Need::of([service])).await?.reporting_to(&health);
        let (bus, ready) = (house.bus().clone(), ready(*service, &house));
        allowed(&bus, ready).await.with_context(|| format!("start {}", service.word()))?;
        let house = if service.decides() { house.remembering().await? } else { house };
        tasks.start(*service, config, &house);
        info!("Started {}", service.word());
    }
    tasks.serve_public(config, out).await?;
    tasks.serve_staff(config, out).await?;
    all.ready();
    let asked = tasks.shutdown.clone();
    tokio::select! {
        ended = tasks.drain() => ended,
        () = signals.insist(asked) => Err(anyhow!("drain: a second signal ended it")),
    }
}

/// Whether what the service works on is there. Consumers are looked for by the services themselves.
async fn ready(service: Service, house: &House) -> anyhow::Result<()> {
    match service {
        Service::Email => house.bus().expect_stream(INTAKE, "intake.email.none").await?,
        Service::Phone => house.bus().expect_stream(INTAKE, "intake.phone.none").await?,
        Service::Web => house.bus().expect_stream(INTAKE, "intake.web.none").await?,
        Service::Feed => house.bus().expect_stream(COMPLAINTS, "complaint.none").await?,
        Service::Social => {
            house.bus().expect_stream(INTAKE, "intake.social_public.none").await?;
            house.pin_policies().await?;
        }
        Service::Router | Service::Sla | Service::Notifier | Service::Erase => house.pin_policies().await?,
    }
    Ok(())
}

/// What `social` needs.
pub(crate) fn social(config: &Config, house: &House) -> redress_social::Deps {
    redress_social::Deps {
        intake: house.intake.clone(),
        ledger: house.ledger.clone(),
        clock: house.clock.clone(),
        health: house.health.clone(),
        // An answer to a post cannot go to another address.
        held: !matches!(config.notifier.mode, redress_notifier::config::Mode::Live),
    }
}

/// Work over a connection; ends when the broker refuses it something, which time does not mend.
///
/// # Errors
/// [`redress_bus::Denied`], or what the work itself ended with.
pub async fn allowed<T>(bus: &Bus, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        ended = work => ended,
        denied = bus.denied() => Err(denied.into()),
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

#[derive(Default)]
struct Tasks {
    set: JoinSet<(&'static str, anyhow::Result<()>)>,
    shutdown: Shutdown,
    /// What the public listener serves, of each service that has pages or webhooks.
    public: Vec<Public>,
    /// What clerks are served, where some may sign in.
    staff: Option<Public>,
}

/// Pages or webhooks of a service, over its connection.
struct Public {
    service: Service,
    bus: Bus,
    routes: Router,
}

impl Tasks {
    fn start(&mut self, service: Service, config: &Config, house: &House) {
        let (asked, bus) = (self.shutdown.clone(), house.bus().clone());
        let (ledger, intake, clock, health) =
            (house.ledger.clone(), house.intake.clone(), house.clock.clone(), house.health.clone());
        match service {
            Service::Web => {
                let proxies = config.proxies.clone();
                let mailboxes = config.email.mailboxes.clone();
                let status = house.vault.for_status_page();
                if status.is_none() {
                    let file = config.sealing.status_private.display();
                    info!("The status page shows no messages: [keys] status_private_file {file} is missing");
                }
                let deps = redress_web::Deps { intake, ledger, status, mailboxes, proxies, clock, health };
                if config.staff.accounts() > 0 {
                    let routes = redress_web::staff::routes(config.staff.clone(), &config.web, deps.clone());
                    self.staff = Some(Public { service, bus: bus.clone(), routes });
                }
                let routes = redress_web::routes(config.web.clone(), deps);
                self.public.push(Public { service, bus, routes });
            }
            Service::Email if config.email.accounts.is_empty() => {
                info!("No mailbox is read: [email.accounts] names none");
            }
            Service::Email => {
                let deps = redress_email::Deps { intake, clock, health };
                let email = redress_email::Service::new(config.email.clone(), deps);
                if let Some(routes) = email.routes() {
                    self.public.push(Public { service, bus: bus.clone(), routes });
                }
                self.spawn(service, bus, email.run(asked));
            }
            Service::Phone => self.start_phone(config, house),
            Service::Social => self.start_social(config, house),
            Service::Router => {
                let deps = redress_router::Deps { ledger, clock, health };
                self.spawn(service, bus, redress_router::run(config.router.clone(), deps, asked));
            }
            Service::Sla => {
                let deps = redress_sla::Deps { ledger, health };
                self.spawn(service, bus, redress_sla::run(config.sla.clone(), deps, asked));
            }
            Service::Notifier => {
                let deps = redress_notifier::Deps { ledger, health };
                self.spawn(service, bus, redress_notifier::run(config.notifier.clone(), deps, asked));
            }
            Service::Feed => {
                let deps = redress_feed::Deps { ledger, clock, health };
                self.spawn(service, bus, redress_feed::run(config.feed.clone(), deps, asked));
            }
            Service::Erase => {
                let deps = redress_erase::Deps { ledger, clock, health };
                let run = redress_erase::run(config.erase.clone(), deps, asked);
                let run = async {
                    run.await;
                    anyhow::Ok(())
                };
                self.spawn(service, bus, run);
            }
        }
    }

    fn start_phone(&mut self, config: &Config, house: &House) {
        if config.phone.accounts.is_empty() {
            info!("No telephone system is listened to: [phone.accounts] names none");
            return;
        }
        let (asked, bus) = (self.shutdown.clone(), house.bus().clone());
        let (intake, clock, health) = (house.intake.clone(), house.clock.clone(), house.health.clone());
        let phone =
            redress_phone::Service::new(config.phone.clone(), redress_phone::Deps { intake, clock, health });
        if let Some(routes) = phone.routes() {
            self.public.push(Public { service: Service::Phone, bus: bus.clone(), routes });
        }
        self.spawn(Service::Phone, bus, phone.run(asked));
    }

    fn start_social(&mut self, config: &Config, house: &House) {
        if config.social.accounts.is_empty() {
            info!("No social platform is read: [social.accounts] names none");
            return;
        }
        let run = redress_social::run(config.social.clone(), social(config, house), self.shutdown.clone());
        self.spawn(Service::Social, house.bus().clone(), run);
    }

    fn spawn<E>(
        &mut self,
        service: Service,
        bus: Bus,
        run: impl Future<Output = Result<(), E>> + Send + 'static,
    ) where
        anyhow::Error: From<E>,
    {
        let run = Box::pin(run);
        let run = async move { run.await.map_err(anyhow::Error::from) };
        self.set.spawn(async move { (service.word(), allowed(&bus, run).await) });
    }

    async fn serve_health(&mut self, config: &Config, health: &Health, out: Out) -> anyhow::Result<()> {
        let listener = Listener::bind(config.health).await.context("serve [health]")?;
        tell(out, "health", format!("http://{}", listener.address()))?;
        let (routes, asked) = (health_routes(health.clone()), self.shutdown.clone());
        self.set.spawn(async move {
            listener.serve(routes, Limits::default(), asked).await;
            ("health", Ok(()))
        });
        Ok(())
    }

    /// The listener that all services with pages or webhooks share; there is none without them.
    async fn serve_public(&mut self, config: &Config, out: Out) -> anyhow::Result<()> {
        // It ends when the last of them is refused something; the others have work of their own that ends then.
        let Some(Public { service, bus, .. }) = self.public.last() else { return Ok(()) };
        let (service, bus) = (*service, bus.clone());
        let listener = Listener::bind(config.public).await.context("serve [public]")?;
        tell(out, "public", format!("http://{}", listener.address()))?;
        let routes = self.public.drain(..).fold(Router::new(), |all, public| all.merge(public.routes));
        self.serve(Public { service, bus, routes }, listener, config);
        Ok(())
    }

    /// The listener for clerks, which the public does not reach; there is none where nobody may sign in.
    async fn serve_staff(&mut self, config: &Config, out: Out) -> anyhow::Result<()> {
        let Some(staff) = self.staff.take() else { return Ok(()) };
        let listener = Listener::bind(config.staff.listen).await.context("serve [staff]")?;
        tell(out, "staff", format!("http://{}", listener.address()))?;
        self.serve(staff, listener, config);
        Ok(())
    }

    fn serve(&mut self, Public { service, bus, routes }: Public, listener: Listener, config: &Config) {
        let (limits, asked) = (config.public_limits.clone(), self.shutdown.clone());
        let served = async move {
            listener.serve(routes, limits, asked).await;
            anyhow::Ok(())
        };
        self.spawn(service, bus, served);
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
