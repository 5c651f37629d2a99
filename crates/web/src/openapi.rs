//! The API, described: OpenAPI 3.1, from what the handlers say of themselves and the limits in force.

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::config::{Anonymous, Demands};
use crate::source::Operations;
use crate::submission::Field;

/// Patterns (ECMA-262): blanks and control characters alone say nothing.
const SAYS_SOMETHING: &str = r"[^\s\u0000-\u001f\u007f-\u009f]";
const SAYS_NOTHING: &str = r"^[\s\u0000-\u001f\u007f-\u009f]*$";

/// Answers that each operation may give instead of a yes: status, when, and whether it says when to come again.
const REFUSALS: [(&str, &str, bool); 8] = [
    ("400", "The body is no JSON object, or the Idempotency-Key cannot be used.", false),
    ("403", "A page of another site made a browser send this.", false),
    ("408", "The body came too slowly.", false),
    ("413", "The body is too large or has too many members.", false),
    ("415", "The body is not application/json.", false),
    (
        "422",
        "Some members are wrong (`errors` names each), or the key was used before with another body.",
        false,
    ),
    ("429", "One sender sent too much; `Retry-After` says when to come again.", true),
    ("503", "Not known to be recorded. Send it again with the key of the answer: it is counted once.", true),
];

/// The description of an API that makes these demands.
pub(crate) fn describe(demands: &Demands) -> Value {
    let mut api = serde_json::to_value(Operations::openapi()).expect("plain data always becomes JSON");
    let schemas = &mut api["components"]["schemas"];
    schemas["NewComplaint"] = new_complaint(demands);
    schemas["NewMessage"] = new_message(demands);
    let paths = api["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(|path| path.get_mut("post")) {
        for (status, description, comes_again) in REFUSALS {
            operation["responses"][status] = refusal(description, comes_again);
        }
        name_the_key(&mut operation["responses"]);
        operation["requestBody"]["required"] = json!(true);
        leave_out_nulls(&mut operation["parameters"]);
    }
    api
}

fn new_complaint(demands: &Demands) -> Value {
    let properties: Map<String, Value> =
        Field::ALL.into_iter().map(|field| (field.api_name().to_owned(), property(field, demands))).collect();
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": [Field::WhatHappened.api_name()],
        "properties": properties,
    });
    if demands.anonymous == Anonymous::Refused {
        schema["anyOf"] = json!([given("email"), given("phone")]);
    }
    schema
}

fn given(name: &str) -> Value {
    json!({ "required": [name], "properties": { name: { "type": "string", "pattern": SAYS_SOMETHING } } })
}

fn property(field: Field, demands: &Demands) -> Value {
    // Null says what leaving out says.
    let types = if field == Field::WhatHappened { json!("string") } else { json!(["string", "null"]) };
    let mut schema = json!({
        "type": types,
        "description": description(field),
        "maxLength": field.chars_max(demands),
    });
    match field {
        Field::WhatHappened => schema["pattern"] = json!(SAYS_SOMETHING),
        Field::Email => schema["anyOf"] = json!([{ "format": "email" }, { "pattern": SAYS_NOTHING }]),
        Field::Phone => schema["pattern"] = json!(format!("^[^@]*([0-9][^@]*){{5}}$|{SAYS_NOTHING}")),
        Field::Language => {
            let tag = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$";
            schema["pattern"] = json!(format!("{tag}|{SAYS_NOTHING}"));
        }
        _ => {}
    }
    schema
}

fn description(field: Field) -> &'static str {
    match field {
        Field::Name => "Who complains.",
        Field::Email => "Where to answer.",
        Field::Phone => "Where to call, as people write it: at least five digits.",
        Field::WhatHappened => "The complaint, in the complainant's own words.",
        Field::Remedy => "What they would like to be done.",
        Field::Product => "The product or service it is about.",
        Field::OrderNumber => "Order or customer number.",
        Field::Language => {
            "BCP 47 tag of the language to answer in; the language it is written in when left out."
        }
    }
}

fn new_message(demands: &Demands) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["receiptCode", "text"],
        "properties": {
            "receiptCode": {
                "type": "string",
                "description": "The receipt code that the complaint was answered with; blanks and hyphens do not matter.",
            },
            "text": {
                "type": "string",
                "description": "What is to be added, in the complainant's own words.",
                "pattern": SAYS_SOMETHING,
                "maxLength": demands.limits.what_happened_chars_max,
            },
        },
    })
}

fn refusal(description: &str, comes_again: bool) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let mut response = json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } });
    if comes_again {
        let schema = json!({ "type": "integer", "minimum": 1 });
        let description = "Seconds to wait.";
        response["headers"] = json!({ "Retry-After": { "description": description, "schema": schema } });
    }
    response
}

/// Whoever sent no key finds the one in force in the answer.
fn name_the_key(responses: &mut Value) {
    let header = json!({ "description": "The key in force, for a repeat.", "schema": { "type": "string" } });
    for status in ["202", "422", "503"] {
        responses[status]["headers"]["Idempotency-Key"] = header.clone();
    }
}

/// A header may be left out; it is never null, as the derived description of an optional one says.
fn leave_out_nulls(parameters: &mut Value) {
    for parameter in parameters.as_array_mut().into_iter().flatten() {
        parameter["schema"]["type"] = json!("string");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_field_with_the_limit_in_force() {
        let mut demands = Demands::default();
        demands.limits.name_chars_max = 77;
        let api = describe(&demands);
        let schema = &api["components"]["schemas"]["NewComplaint"];
        assert_eq!(schema["properties"].as_object().unwrap().len(), Field::ALL.len());
        assert_eq!(schema["properties"]["name"]["maxLength"], 77);
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 2);
        demands.anonymous = Anonymous::Taken;
        assert!(describe(&demands)["components"]["schemas"]["NewComplaint"].get("anyOf").is_none());
    }

    #[test]
    fn the_description_as_shipped() {
        insta::assert_json_snapshot!(describe(&Demands::default()));
    }
}
