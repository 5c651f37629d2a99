//! Systems with a key of their own.

use redress_contract::Channel;
use redress_web::{ApiKey, Settings};
use reqwest::Response;
use serde_json::{Value, json};

use crate::stage::{Stage, TOLD};

const KEY: &str = "3f6c1a52-9f1e-4b7e-8c55-3f1f6c0f5a11";

/// A stage with two clients: `crm` may state everything, `shop` nothing.
async fn staged(more: &str) -> (Stage, ApiKey, ApiKey) {
    let (crm, shop) = (ApiKey::draw(), ApiKey::draw());
    let settings = format!(
        "{more}\n[clients.crm]\nkey_sha256 = ['{}']\nscopes = ['channel', 'received_at', 'identity']\n\
         [clients.shop]\nkey_sha256 = ['{}']\nrequests_per_minute = 3",
        crm.sha256, shop.sha256
    );
    let settings: Settings = toml::from_str(&settings).unwrap();
    (Stage::start_with(&settings).await, crm, shop)
}

async fn post(stage: &Stage, api_key: &str, key: &str, body: &Value) -> Response {
    let request = stage.client.post(stage.path("/v1/complaints")).bearer_auth(api_key);
    request.header("idempotency-key", key).json(body).send().await.unwrap()
}

fn letter() -> Value {
    json!({
        "whatHappened": TOLD,
        "email": "kim@example.org",
        "channel": "letter",
        "receivedAt": "2026-02-27T11:00:00+01:00",
        "backdatingReason": "date stamp of the post room",
        "arrival": "registered letter",
        "identityVerified": true,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = letter();
    body[name] = value;
    body
}

async fn wrong_fields(answer: Response) -> Vec<String> {
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.unwrap();
    let errors = problem["errors"].as_array().unwrap().iter();
    let mut fields: Vec<String> = errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect();
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn a_trusted_system_says_how_and_when_a_letter_came() {
    let (stage, crm, _) = staged("").await;
    let answer = post(&stage, &crm.secret, KEY, &letter()).await;
    assert_eq!(answer.status(), 202);
    let first: Value = answer.json().await.unwrap();
    assert_eq!(first["receivedAt"], "2026-02-27T10:00:00Z");
    stage.clock.advance(jiff::SignedDuration::from_hours(30));
    let repeat: Value = post(&stage, &crm.secret, KEY, &letter()).await.json().await.unwrap();
    assert_eq!(repeat, first);

    let contacts = stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    assert_eq!((contact.channel, contact.account.as_str()), (Channel::Letter, "crm"));
    assert_eq!(contact.received_at.to_string(), "2026-02-27T10:00:00Z");
    assert_eq!(contact.recorded_at.to_string(), "2026-03-02T09:30:00Z");
    assert!(contact.sender_authenticated);
    let recorded_by = contact.recorded_by.as_ref().unwrap();
    assert_eq!(
        (recorded_by.actor.as_str(), recorded_by.arrival.as_str()),
        ("client:crm", "registered letter")
    );
    assert_eq!(recorded_by.backdating_reason, "date stamp of the post room");
}

#[tokio::test]
async fn a_repeat_that_states_something_else_is_refused() {
    let (stage, crm, _) = staged("[forms.returns]").await;
    assert_eq!(post(&stage, &crm.secret, KEY, &letter()).await.status(), 202);
    let mut by_api = letter();
    by_api.as_object_mut().unwrap().remove("channel");
    for other in [
        by_api,
        with("receivedAt", json!("2026-02-26T11:00:00+01:00")),
        with("channel", json!("phone")),
        with("identityVerified", json!(false)),
        with("arrival", json!("counter")),
        with("form", json!("returns")),
    ] {
        let answer = post(&stage, &crm.secret, KEY, &other).await;
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["type"], "urn:redress:problem:idempotency-key-reused");
    }
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn what_a_key_has_no_scope_for_is_named_and_nothing_is_recorded() {
    let (stage, crm, shop) = staged("").await;
    let stated = ["backdatingReason", "channel", "identityVerified", "receivedAt"];
    assert_eq!(wrong_fields(post(&stage, &shop.secret, KEY, &letter()).await).await, stated);
    let anonymous = stage.post(Some(KEY), letter().to_string()).await;
    assert_eq!(
        wrong_fields(anonymous).await,
        ["arrival", "backdatingReason", "channel", "identityVerified", "receivedAt"]
    );
    let future = with("receivedAt", json!("2026-03-02T10:00:00Z"));
    assert_eq!(wrong_fields(post(&stage, &crm.secret, KEY, &future).await).await, ["receivedAt"]);
    let long_ago = with("receivedAt", json!("2006-02-27T11:00:00+01:00"));
    assert_eq!(wrong_fields(post(&stage, &crm.secret, KEY, &long_ago).await).await, ["receivedAt"]);
    let unfounded = with("backdatingReason", json!(" "));
    assert_eq!(wrong_fields(post(&stage, &crm.secret, KEY, &unfounded).await).await, ["backdatingReason"]);
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn nobody_is_vouched_for_without_an_address() {
    let (stage, crm, _) = staged("allow_anonymous = true").await;
    let mut nameless = letter();
    nameless.as_object_mut().unwrap().remove("email");
    assert_eq!(wrong_fields(post(&stage, &crm.secret, KEY, &nameless).await).await, ["identityVerified"]);
    nameless["identityVerified"] = json!(false);
    assert_eq!(post(&stage, &crm.secret, KEY, &nameless).await.status(), 202);
}

#[tokio::test]
async fn each_client_has_idempotency_keys_of_its_own() {
    let (stage, crm, shop) = staged("").await;
    let body = json!({ "whatHappened": TOLD, "email": "kim@example.org" });
    let mut references = Vec::new();
    for answer in [
        post(&stage, &crm.secret, KEY, &body).await,
        post(&stage, &shop.secret, KEY, &body).await,
        stage.post(Some(KEY), body.to_string()).await,
    ] {
        assert_eq!(answer.status(), 202);
        references.push(answer.json::<Value>().await.unwrap()["reference"].to_string());
    }
    references.sort_unstable();
    references.dedup();
    assert_eq!(references.len(), 3);
    let mut accounts: Vec<_> = stage.contacts().await.into_iter().map(|contact| contact.account).collect();
    accounts.sort_unstable();
    assert_eq!(accounts, ["api", "crm", "shop"]);
}

#[tokio::test]
async fn a_key_that_nobody_has_is_refused_and_counts_as_a_try() {
    let (stage, crm, _) = staged("rates.submissions_per_minute = 4").await;
    let body = json!({ "whatHappened": TOLD, "email": "kim@example.org" });
    let upper = crm.secret.to_uppercase();
    for wrong in ["redress_wrong", crm.sha256.as_str(), upper.as_str()] {
        let answer = post(&stage, wrong, KEY, &body).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let basic = stage.client.post(stage.path("/v1/complaints")).basic_auth("crm", Some(&crm.secret));
    assert_eq!(basic.json(&body).send().await.unwrap().status(), 401);
    assert_eq!(post(&stage, "redress_wrong", KEY, &body).await.status(), 429);
    assert_eq!(stage.contacts().await.len(), 0);
    // The client itself is not held up by it, from the same address.
    assert_eq!(post(&stage, &crm.secret, KEY, &body).await.status(), 202);
}

#[tokio::test]
async fn a_client_is_limited_as_itself() {
    let (stage, crm, shop) = staged("rates.submissions_per_minute = 1").await;
    let body = json!({ "whatHappened": TOLD, "email": "kim@example.org" });
    for n in 0..3 {
        assert_eq!(post(&stage, &shop.secret, &format!("{KEY}-{n}"), &body).await.status(), 202);
    }
    let answer = post(&stage, &shop.secret, &format!("{KEY}-3"), &body).await;
    assert_eq!(answer.status(), 429);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(post(&stage, &crm.secret, KEY, &body).await.status(), 202);
}

#[tokio::test]
async fn files_of_a_client_are_not_limited_by_the_hour() {
    let (stage, crm, _) =
        staged("rates.upload_mebibytes_per_hour = 3\nuploads.file_mebibytes_max = 2\nuploads.total_mebibytes_max = 2")
            .await;
    let image = [b"\x89PNG\r\n\x1a\n".to_vec(), vec![7; 1_500_000]].concat();
    let mut answers = Vec::new();
    for n in 0..3 {
        let file = reqwest::multipart::Part::bytes(image.clone()).file_name("scan.png");
        let form = reqwest::multipart::Form::new()
            .text("whatHappened", TOLD)
            .text("email", "kim@example.org")
            .text("channel", "letter")
            .text("identityVerified", "true")
            .part("attachments", file);
        let request = stage.client.post(stage.path("/v1/complaints")).bearer_auth(&crm.secret);
        let request = request.header("idempotency-key", format!("{KEY}-{n}")).multipart(form);
        answers.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(answers, [202, 202, 202]);
    let contacts = stage.contacts().await;
    assert!(
        contacts.iter().all(|contact| contact.channel == Channel::Letter && contact.attachments.len() == 1)
    );
}
