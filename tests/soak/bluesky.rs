//! A whole Bluesky network on this machine (`tools/bluesky-network.sh`): customers mention the company, and are answered in
//! their threads; then many do while the service that reads and answers is killed. Each mention is one contact, and answered
//! once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use redress_contract::Event;
use redress_testkit::{Broker, SmtpSink, Sync, eventually_within};
use redress_tests::records::Records;
use redress_tests::results::{Bar, Results};
use serde_json::{Value, json};

use crate::Form;
use crate::processes::{Place, Service};

/// How long an answer may take until it is among the customer's notifications.
const ANSWERED_WITHIN: f64 = 5.0;
const PATIENCE: Duration = Duration::from_mins(5);
const POST: &str = "app.bsky.feed.post";

/// A network; ends with its input.
struct Network {
    child: Child,
    url: String,
    company: Person,
    customers: Vec<Person>,
    client: reqwest::Client,
}

struct Person {
    did: String,
    handle: String,
    password: String,
    token: String,
}

pub(crate) async fn run(form: &Form, results: &mut Results) -> anyhow::Result<()> {
    let network = Network::start().await.context("start a Bluesky network (tools/bluesky-network.sh)")?;
    let broker = Broker::start_with(Sync::Default).await;
    let sink = SmtpSink::start().await;
    let place = Place::make(&broker, &sink, &network.account(), "")?;
    place.provision()?;
    let records = Records::open(&broker.url(), &place.key()).await?;
    let mut others = [place.start("router")?, place.start("notifier")?];
    let mut social = place.start("social")?;
    let (first, seconds) = network.one().await.context("answer one mention")?;
    results.tell("social.bluesky_answered", seconds, "s", Bar::AtMost(ANSWERED_WITHIN));
    let (mentions, kills) = (form.pick(100, 500), form.pick(5, 20));
    let (uri, below) = network.threads(&first, (&records, results)).await.context("follow threads")?;
    let mut uris = vec![first, uri];
    for turn in 0..mentions {
        let customer = &network.customers[turn % network.customers.len()];
        uris.push(network.mention(customer, &format!("kettle {turn} leaks")).await?);
        if turn % (mentions / kills) == 0 {
            social.kill()?;
        }
    }
    network.check((&uris, below), kills, (&records, results)).await?;
    social.stop()?;
    others.iter_mut().try_for_each(Service::stop)
}

impl Network {
    async fn start() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace has a folder")?;
        let mut command = Command::new(root.join("tools/bluesky-network.sh"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output is read")?;
        let told = tokio::task::spawn_blocking(move || {
            let lines = BufReader::new(output).lines();
            lines.map_while(Result::ok).find_map(|line| serde_json::from_str::<Value>(&line).ok())
        });
        let told = told.await?.context("it said nothing")?;
        let person = |told: &Value| Person {
            did: text(&told["did"]),
            handle: text(&told["handle"]),
            password: text(&told["password"]),
            token: String::new(),
        };
        let customers =
            told["customers"].as_array().context("it has customers")?.iter().map(person).collect();
        let client = redress_runtime::http::client()?;
        let mut network =
            Self { child, url: text(&told["url"]), company: person(&told["company"]), customers, client };
        for index in 0..network.customers.len() {
            network.customers[index].token = network.sign_in(&network.customers[index]).await?;
        }
        network.company.token = network.sign_in(&network.company).await?;
        Ok(network)
    }

    fn account(&self) -> String {
        format!(
            "[social]\nlease_seconds = 2\n[social.accounts.kettles]\nplatform = \"bluesky\"\nurl = \"{}\"\nidentifier = \"{}\"\n\
             password = \"{}\"\nstart = \"all\"\npoll_seconds = 1\nlook_again_minutes = 1\n",
            self.url, self.company.handle, self.company.password
        )
    }

    async fn sign_in(&self, person: &Person) -> anyhow::Result<String> {
        let body = json!({ "identifier": person.handle, "password": person.password });
        let session = self.post("com.atproto.server.createSession", "", &body).await?;
        Ok(text(&session["accessJwt"]))
    }

    /// A customer names the company; the address of the post.
    async fn mention(&self, customer: &Person, words: &str) -> anyhow::Result<String> {
        let name = format!("@{}", self.company.handle);
        let feature = json!({ "$type": "app.bsky.richtext.facet#mention", "did": self.company.did });
        let facet = json!({ "index": { "byteStart": 0, "byteEnd": name.len() }, "features": [feature] });
        let record = json!({ "$type": POST, "text": format!("{name} {words}"), "createdAt": now(), "facets": [facet] });
        Ok(self.put(customer, &record).await?.0)
    }

    /// A customer goes on below a post of their own, without naming the company; address and version.
    async fn go_on(
        &self,
        customer: &Person,
        (root, parent): (&Named, &Named),
        words: &str,
    ) -> anyhow::Result<Named> {
        let named = |post: &Named| json!({ "uri": post.0, "cid": post.1 });
        let reply = json!({ "root": named(root), "parent": named(parent) });
        let record = json!({ "$type": POST, "text": words, "createdAt": now(), "reply": reply });
        self.put(customer, &record).await
    }

    async fn put(&self, customer: &Person, record: &Value) -> anyhow::Result<Named> {
        let body = json!({ "repo": customer.did, "collection": POST, "record": record });
        let made = self.post("com.atproto.repo.createRecord", &customer.token, &body).await?;
        Ok((text(&made["uri"]), text(&made["cid"])))
    }

    async fn version(&self, customer: &Person, uri: &str) -> anyhow::Result<Named> {
        let key = uri.rsplit('/').next().unwrap_or_default();
        let path = format!("com.atproto.repo.getRecord?repo={}&collection={POST}&rkey={key}", customer.did);
        Ok((uri.to_owned(), text(&self.get(&path, &customer.token).await?["cid"])))
    }

    /// What customers say below their own posts, after the answer and at once, is on record with the post that names the
    /// company; the second one's address, and how many posts were below both.
    async fn threads(
        &self,
        first: &str,
        (records, results): (&Records, &mut Results),
    ) -> anyhow::Result<(String, usize)> {
        let customer = &self.customers[0];
        let root = self.version(customer, first).await?;
        self.go_on(customer, (&root, &root), "and now the floor is wet").await?;
        let other = &self.customers[1];
        let root = self.version(other, &self.mention(other, "my kettle burns (1/3)").await?).await?;
        let second = self.go_on(other, (&root, &root), "nobody picks up (2/3)").await?;
        self.go_on(other, (&root, &second), "I want my money back (3/3)").await?;
        let (posts, below) = (5, 3);
        let linked = || async {
            let events = records.events().await.ok()?;
            let linked =
                events.values().flatten().filter(|event| matches!(event, Event::ContactLinked(_))).count();
            (linked >= posts).then_some(events.len())
        };
        let complaints = eventually_within(PATIENCE, "what was said below is on record", linked).await;
        let missing = posts.abs_diff(records.contacts().await?.len());
        results.count("social.bluesky_follow_ups", below, "posts", Bar::None);
        results.count("social.bluesky_follow_ups_not_recorded_once", missing, "posts", Bar::exactly(0));
        results.count("social.bluesky_complaints_of_two_threads", complaints, "complaints", Bar::exactly(2));
        Ok((root.0, below))
    }

    /// One mention, and how long it takes until its answer is among its author's notifications.
    async fn one(&self) -> anyhow::Result<(String, f64)> {
        let customer = &self.customers[0];
        let began = Instant::now();
        let uri = self.mention(customer, "my kettle leaks").await?;
        loop {
            let told = self.get("app.bsky.notification.listNotifications?limit=20", &customer.token).await?;
            let answers = told["notifications"].as_array().context("there is a list")?;
            if answers.iter().any(|it| text(&it["record"]["reply"]["root"]["uri"]) == uri) {
                return Ok((uri, began.elapsed().as_secs_f64()));
            }
            ensure!(began.elapsed() < PATIENCE, "no answer came");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn check(
        &self,
        (uris, below): (&[String], usize),
        kills: usize,
        (records, results): (&Records, &mut Results),
    ) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut answers = self.answers().await?;
        while uris.iter().any(|uri| !answers.contains_key(uri)) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(500)).await;
            answers = self.answers().await?;
        }
        let recorded = records.contacts().await?.len();
        let unanswered = uris.iter().filter(|uri| !answers.contains_key(*uri)).count();
        let twice = answers.values().filter(|count| **count > 1).count();
        results.count("social.bluesky_mentions", uris.len(), "mentions", Bar::None);
        results.count("social.bluesky_kills", kills, "kills", Bar::at_least(kills));
        results.count(
            "social.bluesky_not_recorded_once",
            (uris.len() + below).abs_diff(recorded),
            "mentions",
            Bar::exactly(0),
        );
        results.count("social.bluesky_unanswered", unanswered, "mentions", Bar::exactly(0));
        results.count("social.bluesky_answered_twice", twice, "mentions", Bar::exactly(0));
        Ok(())
    }

    /// How many answers the company posted below each post.
    async fn answers(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut answers = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let next = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let path = format!(
                "com.atproto.repo.listRecords?repo={}&collection={POST}&limit=100{next}",
                self.company.did
            );
            let page = self.get(&path, &self.company.token).await?;
            for record in page["records"].as_array().context("there is a list")? {
                *answers.entry(text(&record["value"]["reply"]["parent"]["uri"])).or_default() += 1;
            }
            cursor = text(&page["cursor"]);
            if cursor.is_empty() {
                return Ok(answers);
            }
        }
    }

    async fn get(&self, path: &str, token: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}/xrpc/{path}", self.url)).bearer_auth(token).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn post(&self, method: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}/xrpc/{method}", self.url)).json(body);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Address and version of a post.
type Named = (String, String);

fn now() -> String {
    redress_runtime::Clock::system().now().to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
