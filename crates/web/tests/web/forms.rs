//! Forms of an organisation's own: what they ask for is on record, by form and by API.

use redress_web::Settings;
use serde_json::{Value, json};

use crate::stage::{Hidden, Stage, TOLD};

fn settings() -> Settings {
    toml::from_str(
        r#"
        languages = ["en", "de"]
        [forms.returns]
        categories = [{ id = "broken" }, { id = "late" }]
        requires = ["serial_number", "consent"]
        asks = ["category", "what_happened", "email", "phone", "representative", "consent"]
        [[forms.returns.fields]]
        name = "serial_number"
        label = { en = "Serial number", de = "Seriennummer" }
        "#,
    )
    .unwrap()
}

async fn open(stage: &Stage, path: &str) -> Hidden {
    let page = stage.client.get(stage.path(path)).send().await.unwrap();
    assert_eq!(page.status(), 200, "{path}");
    stage.clock.advance(jiff::SignedDuration::from_secs(60));
    Hidden::of(&page.text().await.unwrap())
}

const FILLED_IN: [(&str, &str); 6] = [
    ("what_happened", TOLD),
    ("email", "kim@example.org"),
    ("category", "broken"),
    ("serial_number", "L-17"),
    ("representative", "my father"),
    ("consent", "yes"),
];

#[tokio::test]
async fn what_a_form_of_its_own_asks_for_is_on_record() {
    let stage = Stage::start_with(&settings()).await;
    let hidden = open(&stage, "/de/f/returns").await;
    assert_eq!(stage.send_to("/de/f/returns", &hidden, &FILLED_IN).await.status(), 202);
    let contacts = stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    assert_eq!(contact.account, "returns");
    let fields: Vec<_> =
        contact.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    let asked = [
        ("category", "broken"),
        ("consent", "yes"),
        ("representative", "my father"),
        ("serial_number", "L-17"),
    ];
    assert_eq!(fields, asked);
}

#[tokio::test]
async fn a_form_of_its_own_names_what_is_wrong_and_keeps_what_was_typed() {
    let stage = Stage::start_with(&settings()).await;
    let hidden = open(&stage, "/f/returns").await;
    let wrong =
        [("what_happened", TOLD), ("category", "nonsense"), ("product", "a lamp"), ("phone", "030 901820")];
    let page = stage.send_to("/f/returns", &hidden, &wrong).await;
    assert_eq!(page.status(), 422);
    let page = page.text().await.unwrap();
    for said in [
        "<a href=\"#category\">",
        "<a href=\"#serial_number\">Serial number",
        "<a href=\"#consent\">",
        "“product”: There is no such field.",
        "030 901820",
    ] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn the_stamp_of_one_form_is_none_of_another() {
    let stage = Stage::start_with(&settings()).await;
    let hidden = open(&stage, "/").await;
    assert_eq!(stage.send_to("/f/returns", &hidden, &FILLED_IN).await.status(), 422);
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn a_form_that_is_not_there_is_said_to_be_missing() {
    let stage = Stage::start_with(&settings()).await;
    for path in ["/f/nothing", "/de/f/nothing", "/f/api"] {
        assert_eq!(stage.client.get(stage.path(path)).send().await.unwrap().status(), 404, "{path}");
    }
    open(&stage, "/f/default").await;
}

#[tokio::test]
async fn systems_fill_in_a_form_by_its_name() {
    let stage = Stage::start_with(&settings()).await;
    let mut body = json!({
        "form": "returns", "whatHappened": TOLD, "email": "kim@example.org",
        "serial_number": "L-17", "consent": true, "category": "late",
    });
    assert_eq!(stage.post(None, body.to_string()).await.status(), 202);
    let contacts = stage.contacts().await;
    assert_eq!(contacts[0].account, "returns");
    body["consent"] = json!(false);
    body["colour"] = json!("red");
    body["category"] = json!("early");
    let answer = stage.post(None, body.to_string()).await;
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.unwrap();
    let named: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["colour", "category", "consent"]);
    body["form"] = json!("nothing");
    let problem: Value = stage.post(None, body.to_string()).await.json().await.unwrap();
    assert_eq!(problem["errors"], json!([{ "field": "form", "message": "This is none of the choices." }]));
}
