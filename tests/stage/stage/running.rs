//! Services in tasks of this process, each with a connection of its own, as the program starts them.

use std::net::SocketAddr;

use anyhow::Context as _;
use redress::cli::Service;
use redress::house::House;
use redress::sealing::Need;
use redress::settings::Config;
use redress_runtime::Shutdown;
use redress_runtime::listener::{Limits, Listener, health_routes};
use tokio::task::JoinHandle;

use super::Stage;

/// One replica of a service.
#[derive(Debug)]
pub(super) struct Replica {
    service: Service,
    shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Stage {
    /// Starts a replica of a service.
    pub async fn start(&mut self, service: Service) {
        let house = Self::open(&self.config, &self.clock, service.word(), Need::of([&service])).await;
        let shutdown = Shutdown::new();
        let task = match service {
            Service::Web => {
                let listener =
                    Listener::bind(self.config.public).await.expect("the loopback interface has ports");
                self.public = Some(format!("http://{}", listener.address()));
                let staff = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
                    .await
                    .expect("the loopback interface has ports");
                self.staff = Some(format!("http://{}", staff.address()));
                tokio::spawn(serve((listener, staff), self.config.clone(), house, shutdown.clone()))
            }
            other => tokio::spawn(run(other, self.config.clone(), house, shutdown.clone())),
        };
        self.replicas.push(Replica { service, shutdown, task });
    }

    /// Stops every replica of a service, gracefully.
    pub async fn stop(&mut self, service: Service) {
        let (stopping, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.replicas).into_iter().partition(|replica| replica.service == service);
        self.replicas = others;
        for replica in stopping {
            replica.stop().await;
        }
    }

    /// Stops everything that runs.
    pub(super) async fn stop_all(&mut self) {
        for replica in &self.replicas {
            replica.shutdown.ask();
        }
        for replica in std::mem::take(&mut self.replicas) {
            replica.stop().await;
        }
    }

    pub(super) fn runs(&self, service: Service) -> bool {
        self.replicas.iter().any(|replica| replica.service == service)
    }

    pub(super) fn runs_named(&self, name: &str) -> bool {
        self.replicas.iter().any(|replica| replica.service.word() == name)
    }

    /// Services that ended without having been asked.
    pub(super) fn ended(&self) -> Vec<&'static str> {
        let ended = self.replicas.iter().filter(|replica| replica.task.is_finished());
        ended.map(|replica| replica.service.word()).collect()
    }
}

impl Replica {
    async fn stop(self) {
        self.shutdown.ask();
        let word = self.service.word();
        let ended = tokio::time::timeout(redress_testkit::PATIENCE, self.task).await;
        let ended = ended.unwrap_or_else(|_| panic!("{word} does not drain in time"));
        let ended = ended.unwrap_or_else(|problem| panic!("{word} panicked: {problem}"));
        ended.unwrap_or_else(|problem| panic!("{word} ended by an error: {problem:#}"));
    }
}

async fn run(service: Service, config: Config, house: House, asked: Shutdown) -> anyhow::Result<()> {
    let House { ledger, intake, clock, health, .. } = house;
    match service {
        Service::Email => {
            redress_email::run(config.email, redress_email::Deps { intake, clock, health }, asked).await?;
        }
        Service::Phone => {
            let deps = redress_phone::Deps { intake, clock, health };
            redress_phone::Service::new(config.phone, deps).run(asked).await?;
        }
        Service::Social => {
            let deps = redress_social::Deps { intake, ledger, clock, health, held: false };
            redress_social::run(config.social, deps, asked).await?;
        }
        Service::Router => {
            redress_router::run(config.router, redress_router::Deps { ledger, clock, health }, asked).await?;
        }
        Service::Sla => redress_sla::run(config.sla, redress_sla::Deps { ledger, health }, asked).await?,
        Service::Notifier => {
            redress_notifier::run(config.notifier, redress_notifier::Deps { ledger, health }, asked).await?;
        }
        Service::Feed => {
            redress_feed::run(config.feed, redress_feed::Deps { ledger, clock, health }, asked).await?;
        }
        Service::Erase => {
            redress_erase::run(config.erase, redress_erase::Deps { ledger, clock, health }, asked).await;
        }
        Service::Web => anyhow::bail!("web has a listener"),
    }
    Ok(())
}

async fn serve(
    (public, staff): (Listener, Listener),
    config: Config,
    house: House,
    asked: Shutdown,
) -> anyhow::Result<()> {
    let status = house.vault.for_status_page();
    let House { ledger, intake, clock, health, .. } = house;
    let mailboxes = config.email.mailboxes;
    let deps =
        redress_web::Deps { intake, ledger, status, mailboxes, proxies: config.proxies, clock, health };
    let staff_routes = redress_web::staff::routes(config.staff, &config.web, deps.clone());
    let routes = redress_web::routes(config.web, deps);
    let limits = config.public_limits;
    tokio::join!(
        public.serve(routes, limits.clone(), asked.clone()),
        staff.serve(staff_routes, limits, asked)
    );
    Ok(())
}

/// Serves health and metrics for as long as the stage stands; answers the address.
pub(super) async fn serve_health(config: &Config, house: &House) -> String {
    let listener = Listener::bind(config.health).await.context("serve [health]");
    let listener = listener.expect("the loopback interface has ports");
    let address = format!("http://{}", listener.address());
    let routes = health_routes(house.health.clone());
    tokio::spawn(listener.serve(routes, Limits::default(), Shutdown::new()));
    address
}
