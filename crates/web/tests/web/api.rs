//! The API: one key, one contact, one answer; what is wrong is named.

use redress_contract::Channel;
use reqwest::Response;
use serde_json::{Value, json};

use crate::stage::{Stage, TOLD};

const KEY: &str = "3f6c1a52-9f1e-4b7e-8c55-3f1f6c0f5a11";

fn complaint() -> String {
    json!({ "whatHappened": TOLD, "email": "kim@example.org", "orderNumber": "A-17" }).to_string()
}

async fn problem(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status().as_u16(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status);
    problem
}

fn wrong_fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_complaint_by_api_is_recorded_and_a_repeat_hears_the_same() {
    let stage = Stage::start().await;
    let answer = stage.post(Some(KEY), complaint()).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (202, &"no-store".parse().unwrap())
    );
    let first: Value = answer.json().await.unwrap();
    stage.clock.advance(jiff::SignedDuration::from_mins(9));
    // The same said in another order, the key in the quotes of the draft standard.
    let reordered =
        format!("{{ \"orderNumber\":\"A-17\", \"email\":\"kim@example.org\", \"whatHappened\":\"{TOLD}\" }}");
    let quoted = format!("\"{KEY}\"");
    let repeat: Value = stage.post(Some(&quoted), reordered).await.json().await.unwrap();
    assert_eq!(repeat, first);

    let contacts = stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    assert_eq!((contact.channel, contact.account.as_str()), (Channel::Api, "api"));
    assert_eq!(first["reference"], contact.reference.as_ref().unwrap().as_str());
    assert_eq!(first["contactId"], contact.id.as_str());
    assert_eq!(first["receivedAt"], "2026-03-02T09:30:00Z");
    assert!(stage.vault.keys().receipt_code_fits(&contact.id, first["receiptCode"].as_str().unwrap()));
    assert_eq!(stage.vault.raw(contact).await.unwrap().unwrap(), complaint());
    assert_eq!(contact.raw.as_ref().unwrap().media_type, "application/json");
}

#[tokio::test]
async fn twenty_repeats_at_once_are_one_contact_and_one_answer() {
    let stage = Stage::start().await;
    let answers = futures::future::join_all((0..20).map(|_| stage.post(Some(KEY), complaint()))).await;
    let mut said = std::collections::BTreeSet::new();
    for answer in answers {
        assert_eq!(answer.status(), 202);
        said.insert(answer.text().await.unwrap());
    }
    assert_eq!((said.len(), stage.contacts().await.len()), (1, 1));
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_discloses_nothing() {
    let stage = Stage::start().await;
    let first: Value = stage.post(Some(KEY), complaint()).await.json().await.unwrap();
    let other = json!({ "whatHappened": TOLD, "email": "mallory@example.org" }).to_string();
    let refusal = problem(stage.post(Some(KEY), other).await, 422).await;
    assert_eq!(refusal["type"], "urn:redress:problem:idempotency-key-reused");
    let text = refusal.to_string();
    for secret in ["reference", "receiptCode", "contactId"].map(|name| first[name].as_str().unwrap()) {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!text.contains("kim") && !text.contains("lamp"), "{text}");
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn without_a_key_two_equal_complaints_are_two_and_the_answer_names_the_key_for_a_repeat() {
    let stage = Stage::start().await;
    let first = stage.post(None, complaint()).await;
    let key = first.headers()["idempotency-key"].to_str().unwrap().to_owned();
    let first: Value = first.json().await.unwrap();
    let second: Value = stage.post(None, complaint()).await.json().await.unwrap();
    assert_ne!(first["reference"], second["reference"]);
    let repeat: Value = stage.post(Some(&key), complaint()).await.json().await.unwrap();
    assert_eq!(repeat, first);
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn the_form_and_the_api_do_not_share_keys() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [("what_happened", TOLD), ("email", "kim@example.org"), ("order_number", "A-17")];
    assert_eq!(stage.send(&hidden, &fields).await.status(), 202);
    assert_eq!(stage.post(Some(&hidden.key), complaint()).await.status(), 202);
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let stage = Stage::start().await;
    let refusal = problem(stage.post(Some(KEY), "{}").await, 422).await;
    assert_eq!(refusal["type"], "urn:redress:problem:invalid-fields");
    assert_eq!(wrong_fields(&refusal), ["whatHappened", "email"]);

    let body = "{\"whatHappened\":\"x\",\"severity\":\"S1\",\"email\":\"kim@example.org\",\"phone\":null,\
                \"email\":\"b@example.org\",\"name\":[\"Kim\"],\"language\":\"d e\"}";
    let refusal = problem(stage.post(Some(KEY), body).await, 422).await;
    assert_eq!(wrong_fields(&refusal), ["severity", "email", "name", "language"]);
    assert!(!refusal.to_string().contains("example.org"), "{refusal}");
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn a_form_that_is_named_twice_is_an_error_that_names_it() {
    let stage = Stage::start().await;
    let body =
        "{\"whatHappened\":\"x\",\"email\":\"kim@example.org\",\"form\":\"default\",\"form\":\"returns\"}";
    let refusal = problem(stage.post(Some(KEY), body).await, 422).await;
    assert_eq!(refusal["errors"], json!([{ "field": "form", "message": "This was given more than once." }]));
    let parts = reqwest::multipart::Form::new().text("whatHappened", TOLD).text("email", "kim@example.org");
    let parts = parts.text("form", "default").text("form", "returns");
    let answer = stage.client.post(stage.path("/v1/complaints")).multipart(parts).send().await.unwrap();
    assert_eq!(wrong_fields(&problem(answer, 422).await), ["form"]);
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn broken_json_is_answered_with_the_place() {
    let stage = Stage::start().await;
    for (body, detail) in [
        ("{\"whatHappened\":\n  \"x\" \"y\"}", "this is not JSON: line 2, column 7"),
        ("{\"whatHappened\"", "the body ends too early: line 1, column 15"),
        ("[]", "the body must be a JSON object: line 1, column 1"),
        ("", "the body ends too early: line 1, column 1"),
        ("{} {}", "this is not JSON: line 1, column 4"),
    ] {
        let refusal = problem(stage.post(Some(KEY), body).await, 400).await;
        assert_eq!(refusal["detail"], detail, "{body}");
    }
    let deep = format!("{{\"name\":{}", "[".repeat(100_000));
    problem(stage.post(Some(KEY), deep).await, 400).await;
}

#[tokio::test]
async fn what_the_api_cannot_take_has_a_status_of_its_own() {
    let stage = Stage::start().await;
    let url = stage.path("/v1/complaints");
    let answer =
        stage.client.post(&url).header("content-type", "text/xml").body("<a/>").send().await.unwrap();
    assert_eq!(answer.headers()["accept-post"], "application/json, multipart/form-data");
    problem(answer, 415).await;
    let answer = stage.client.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["allow"], "POST");
    problem(answer, 405).await;
    problem(stage.post(Some(KEY), "x".repeat(256 * 1024 + 1)).await, 413).await;
    let refusal = problem(stage.post(Some("short"), complaint()).await, 400).await;
    assert_eq!(refusal["type"], "urn:redress:problem:idempotency-key");
    let twice = stage
        .client
        .post(&url)
        .header("idempotency-key", KEY)
        .header("idempotency-key", "another-key-0123456");
    let answer = twice.header("content-type", "application/json").body(complaint()).send().await.unwrap();
    problem(answer, 400).await;
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn a_body_of_very_many_members_is_refused_as_a_whole() {
    let stage = Stage::start().await;
    let many = format!("{{{}}}", vec!["\"a\":0"; 40_000].join(","));
    let refusal = problem(stage.post(Some(KEY), many).await, 413).await;
    assert_eq!(refusal["type"], "urn:redress:problem:too-many-fields");
    assert_eq!(refusal["detail"], "Nothing was recorded. At most 96 fields are taken.");
    assert_eq!(refusal.get("errors"), None);
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn what_is_no_text_is_named_whatever_it_is() {
    let stage = Stage::start().await;
    let body =
        "{\"whatHappened\":[{\"\":0},[]],\"email\":{\"a\":{}},\"phone\":-1,\"name\":1.5,\"product\":true}";
    let refusal = problem(stage.post(Some(KEY), body).await, 422).await;
    let errors = refusal["errors"].as_array().unwrap();
    let no_text = errors.iter().filter(|error| error["message"] == "This must be a text.");
    let named: Vec<_> = no_text.map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["whatHappened", "email", "phone", "name", "product"]);
}

#[tokio::test]
async fn paths_that_the_api_does_not_have_are_answered_with_a_problem() {
    let stage = Stage::start().await;
    for path in ["/v1/complaint", "/v1/complaints/x", "/v1/complaints/x/messages/y"] {
        let answer = stage.client.get(stage.path(path)).send().await.unwrap();
        assert_eq!(problem(answer, 404).await["type"], "urn:redress:problem:path", "{path}");
    }
    let body = json!({ "receiptCode": "abcd", "text": TOLD }).to_string();
    let add = stage.client.post(stage.path("/v1/complaints/%ff/messages")).body(body);
    let answer = add.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(problem(answer, 404).await["type"], "urn:redress:problem:no-match");
}

#[tokio::test]
async fn what_another_site_makes_a_browser_post_is_refused() {
    let stage = Stage::start().await;
    let post = stage.client.post(stage.path("/v1/complaints")).header("sec-fetch-site", "cross-site");
    let answer = post.header("content-type", "application/json").body(complaint()).send().await.unwrap();
    assert_eq!(problem(answer, 403).await["type"], "urn:redress:problem:another-site");
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn the_api_is_described_for_programs_and_for_people() {
    let stage = Stage::start().await;
    let answer = stage.client.get(stage.path("/openapi.json")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let api: Value = answer.json().await.unwrap();
    assert_eq!(api["openapi"], "3.1.0");
    for path in api["paths"].as_object().unwrap().keys() {
        let answer = stage.client.get(stage.path(path)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path} is there");
    }
    let page = stage.client.get(stage.path("/docs")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    for said in [
        "POST /v1/complaints",
        "<code>whatHappened</code> (required)",
        "At most 15000 characters",
        "receiptCode stands before the first file",
        "10 MiB at most",
    ] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
}
