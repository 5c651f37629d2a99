//! Provisioning: makes what is missing, applies changes that harm nothing, refuses the others by name.
//!
//! The one place that creates or changes streams, buckets and consumers. Services only use what is there, so none of
//! them needs the right to change it.

mod drift;
mod patience;

use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::stream;
use serde::Serialize;
use tracing::warn;

use crate::failure::chain;
use crate::layout;
use crate::{Bus, Consumer};

/// A stream, bucket or consumer that could not be looked at, made or changed.
#[derive(Debug, thiserror::Error)]
#[error("prepare {name}: {problem}")]
pub struct PrepareError {
    name: String,
    problem: String,
}

/// What there is to do so that everything is as it must be.
#[derive(Debug)]
pub struct Plan {
    steps: Vec<(Step, Wanted)>,
}

/// What is to be done about one stream or consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `INTAKE`, `KV_keys`, `INTAKE > router`.
    pub name: String,
    /// What is to be done.
    pub act: Act,
    /// Each setting that differs.
    pub differs: Vec<Difference>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Nothing: it is as it must be.
    Keep,
    /// It is missing.
    Create,
    /// It differs in what may be changed at any time.
    Change,
    /// It differs in what cannot be changed without harm: a person has to decide.
    Refuse,
}

/// One setting that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name, as the broker calls it.
    pub setting: &'static str,
    /// What it is.
    pub is: String,
    /// What it must be.
    pub must_be: String,
    /// Why it is not changed; none when it is.
    pub refused: Option<&'static str>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {} and must be {}", self.setting, self.is, self.must_be)?;
        self.refused.map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

#[derive(Debug)]
enum Wanted {
    Stream(Box<stream::Config>),
    Consumer(String, Box<pull::Config>),
}

impl Plan {
    /// Every stream and consumer, in the order in which they are made.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().map(|(step, _)| step)
    }

    /// Names what is refused, with the settings and the reasons.
    ///
    /// # Errors
    /// [`PrepareError`] when anything is.
    pub fn refused(&self) -> Result<(), PrepareError> {
        let refused: Vec<&Step> = self.steps().filter(|step| step.act == Act::Refuse).collect();
        let Some(first) = refused.first() else { return Ok(()) };
        let words = |step: &&Step| {
            let differs = step.differs.iter().filter(|it| it.refused.is_some()).map(ToString::to_string);
            differs.collect::<Vec<_>>().join("; ")
        };
        let others = refused[1..].iter().map(|step| format!("; {}: {}", step.name, words(step)));
        let problem = words(first) + &others.collect::<String>();
        Err(PrepareError { name: first.name.clone(), problem })
    }
}

impl Bus {
    /// Compares what is there with what must be.
    ///
    /// # Errors
    /// [`PrepareError`] when the broker does not answer.
    pub async fn plan(&self) -> Result<Plan, PrepareError> {
        let mut steps = Vec::new();
        for wanted in layout::streams(&self.config) {
            let step = self.plan_stream(&wanted).await?;
            steps.push((step, Wanted::Stream(Box::new(wanted))));
        }
        for (stream, wanted) in layout::consumers(&self.config) {
            let step = self.plan_consumer(&stream, &wanted).await?;
            steps.push((step, Wanted::Consumer(stream, Box::new(wanted))));
        }
        Ok(Plan { steps })
    }

    /// Does what the plan says; what it refuses stays as it is. Doing it twice, or by two at once, is harmless.
    ///
    /// # Errors
    /// [`PrepareError`] names what the broker did not do, in its words.
    pub async fn apply(&self, plan: Plan) -> Result<(), PrepareError> {
        for (step, wanted) in plan.steps {
            let failed = |problem: String| PrepareError { name: step.name.clone(), problem };
            match (step.act, wanted) {
                (Act::Keep | Act::Refuse, _) => {}
                (Act::Create, Wanted::Stream(config)) => self.make_stream(*config).await.map_err(failed)?,
                (Act::Change, Wanted::Stream(config)) => {
                    self.change_stream(*config, &step.differs).await.map_err(failed)?;
                }
                (Act::Create | Act::Change, Wanted::Consumer(stream, config)) => {
                    self.make_consumer(&stream, *config).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Makes everything as it must be.
    ///
    /// # Errors
    /// [`PrepareError`] names what cannot be changed without harm, and then changes nothing at all.
    pub async fn prepare(&self) -> Result<(), PrepareError> {
        let plan = self.plan().await?;
        plan.refused()?;
        self.apply(plan).await
    }

    /// Waits until a stream is there, for as long as an election may take. `any_subject`: one that may be read there.
    ///
    /// # Errors
    /// [`PrepareError`] when it is not.
    pub async fn expect_stream(&self, stream: &str, any_subject: &str) -> Result<(), PrepareError> {
        // A stream answers, be it that it holds no such message; one that is not there does not.
        let asked = self.last(stream, any_subject).await;
        let problem = format!("it does not answer; when it is not there: {}", crate::consume::PROVISION);
        asked.map(drop).map_err(|_| PrepareError { name: stream.to_owned(), problem })
    }

    /// Makes a durable consumer that is not one of the product's own.
    ///
    /// # Errors
    /// [`PrepareError`] with the broker's words.
    pub async fn prepare_consumer(&self, consumer: &Consumer) -> Result<(), PrepareError> {
        for (stream, config) in [consumer.clone(), consumer.replays()]
            .map(|it| (it.stream.clone(), layout::consumer(&self.config, &it.name, &it.filters)))
        {
            let failed =
                |problem: String| PrepareError { name: format!("{stream} > {}", consumer.name), problem };
            self.make_consumer(&stream, config).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn plan_stream(&self, wanted: &stream::Config) -> Result<Step, PrepareError> {
        let name = wanted.name.clone();
        match self.until_ready(async || self.js.get_stream(&name).await).await {
            Ok(there) => {
                let info = there.cached_info();
                Ok(Step::of(name, drift::of_stream(wanted, &info.config, info.state.bytes)))
            }
            Err(error) if is_missing_stream(&error) => Ok(Step::create(name)),
            Err(error) => Err(PrepareError { name, problem: chain(&error) }),
        }
    }

    async fn plan_consumer(&self, stream: &str, wanted: &pull::Config) -> Result<Step, PrepareError> {
        let own_name = wanted.durable_name.as_deref().unwrap_or_default();
        let name = format!("{stream} > {own_name}");
        let found: Result<PullConsumer, _> =
            self.until_ready(async || self.js.get_consumer_from_stream(own_name, stream).await).await;
        match found {
            Ok(there) => Ok(Step::of(name, drift::of_consumer(wanted, &there.cached_info().config))),
            Err(error) if crate::consume::is_missing(&error) => Ok(Step::create(name)),
            Err(error) => Err(PrepareError { name, problem: chain(&error) }),
        }
    }

    async fn make_stream(&self, config: stream::Config) -> Result<(), String> {
        let name = config.name.clone();
        let made = self.until_ready(async || self.js.create_stream(config.clone()).await).await;
        let Err(problem) = made else { return Ok(()) };
        // Another one may have made it at the same moment; then it is there now.
        self.js.get_stream(&name).await.map(drop).map_err(|_| chain(&problem))
    }

    /// A broker whose store got smaller than what its streams may hold together changes none of them, smaller shares
    /// included. Then its own limit guards the disk, and the shares stay.
    async fn change_stream(&self, config: stream::Config, differs: &[Difference]) -> Result<(), String> {
        let changed = self.until_ready(async || self.js.update_stream(&config).await).await;
        let Err(error) = changed else { return Ok(()) };
        let only_share = differs.iter().all(|it| it.setting == drift::SHARE);
        if only_share && is_store_too_small(&error) {
            let there = self.js.get_stream(&config.name).await.map_err(|e| chain(&e))?;
            if there.cached_info().config.max_bytes > config.max_bytes {
                warn!(
                    "{} keeps its max_bytes: the broker's max_file is smaller than all together",
                    config.name
                );
                return Ok(());
            }
        }
        Err(chain(&error))
    }

    async fn make_consumer(&self, stream: &str, config: pull::Config) -> Result<(), String> {
        let make = async || self.js.create_consumer_on_stream(config.clone(), stream).await;
        self.until_ready(make).await.map(drop).map_err(|e| chain(&e))
    }
}

impl Step {
    fn create(name: String) -> Self {
        Self { name, act: Act::Create, differs: Vec::new() }
    }

    fn of(name: String, differs: Vec<Difference>) -> Self {
        let act = match &differs[..] {
            [] => Act::Keep,
            some if some.iter().any(|it| it.refused.is_some()) => Act::Refuse,
            _ => Act::Change,
        };
        Self { name, act, differs }
    }
}

fn is_store_too_small(error: &async_nats::jetstream::context::UpdateStreamError) -> bool {
    use async_nats::jetstream::ErrorCode;
    use async_nats::jetstream::context::UpdateStreamErrorKind;
    let too_small = |code| code == ErrorCode::STORAGE_RESOURCES_EXCEEDED;
    matches!(error.kind(), UpdateStreamErrorKind::JetStream(e) if too_small(e.error_code()))
}

fn is_missing_stream(error: &async_nats::jetstream::context::GetStreamError) -> bool {
    use async_nats::jetstream::ErrorCode;
    use async_nats::jetstream::context::GetStreamErrorKind;
    let missing = |code| code == ErrorCode::STREAM_NOT_FOUND;
    matches!(error.kind(), GetStreamErrorKind::JetStream(e) if missing(e.error_code()))
}
