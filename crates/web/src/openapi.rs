//! The API, described (`OpenAPI` 3.1), from what the handlers say of themselves and the limits in force.

mod clients;
mod parts;

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::config::{Anonymous, Config, Demands, Form, OwnField, OwnKind};
use crate::source::Operations;
use crate::submission::{Field, FieldName, GIVEN};

/// Patterns (ECMA-262): blanks and control characters alone say nothing.
const SAYS_SOMETHING: &str = r"[^\s\u0000-\u001f\u007f-\u009f]";
const SAYS_NOTHING: &str = r"^[\s\u0000-\u001f\u007f-\u009f]*$";

/// Answers that each operation may give instead of a yes: status, when, and whether it says when to come again.
const REFUSALS: [(&str, &str, bool); 8] = [
    ("400", "The body is no JSON object, or the Idempotency-Key cannot be used.", false),
    ("403", "A page of another site made a browser send this.", false),
    ("408", "The body came too slowly.", false),
    ("413", "The body is too large or has too many members.", false),
    ("415", "The body is neither application/json nor multipart/form-data.", false),
    (
        "422",
        "Some members are wrong, each named in errors, or the key was used before with another body.",
        false,
    ),
    ("429", "One sender sent too much; Retry-After says when to come again.", true),
    ("503", "Not known to be recorded. Send it again with the key of the answer: it is counted once.", true),
];

/// The description of the API with these settings.
pub(crate) fn describe(config: &Config) -> Value {
    let mut api = serde_json::to_value(Operations::openapi()).expect("plain data always becomes JSON");
    let schemas = &mut api["components"]["schemas"];
    schemas["NewComplaint"] = new_complaint(&config.forms);
    schemas["NewMessage"] = new_message(&config.first_form().demands);
    let paths = api["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in
        paths.filter_map(|path| path.get_mut("post")).filter(|operation| operation["requestBody"].is_object())
    {
        for (status, description, comes_again) in REFUSALS {
            operation["responses"][status] = refusal(description, comes_again);
        }
        name_the_key(&mut operation["responses"]);
        operation["requestBody"]["required"] = json!(true);
        leave_out_nulls(&mut operation["parameters"]);
    }
    if !config.clients.is_empty() {
        clients::describe(&mut api);
    }
    parts::describe(&mut api, &config.uploads);
    api
}

/// What each form takes; the first is meant when none is named.
fn new_complaint(forms: &[Form]) -> Value {
    let mut schemas: Vec<Value> =
        forms.iter().enumerate().map(|(at, form)| filled_in(form, at == 0)).collect();
    if schemas.len() == 1 { schemas.remove(0) } else { json!({ "oneOf": schemas }) }
}

fn filled_in(form: &Form, is_first: bool) -> Value {
    let demands = &form.demands;
    let mut properties: Map<String, Value> =
        demands.names().map(|name| (name.api_name().to_owned(), property(&name, demands))).collect();
    let description = "The form that this fills in; the first one when left out.";
    properties.insert("form".to_owned(), json!({ "const": form.name, "description": description }));
    let mut required = vec![Field::WhatHappened.api_name()];
    required.extend(demands.required.iter().map(FieldName::api_name));
    required.extend((!is_first).then_some("form"));
    required.sort_unstable();
    required.dedup();
    let mut schema = json!({
        "title": form.name,
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    });
    let ways = [Field::Email, Field::Phone].into_iter().filter(|field| demands.asks.contains(field));
    if demands.anonymous == Anonymous::Refused {
        schema["anyOf"] = ways.map(|field| given(field.api_name())).collect();
    }
    schema
}

fn given(name: &str) -> Value {
    json!({ "required": [name], "properties": { name: { "type": "string", "pattern": SAYS_SOMETHING } } })
}

fn property(name: &FieldName, demands: &Demands) -> Value {
    let required = *name == FieldName::Known(Field::WhatHappened) || demands.required.contains(name);
    let mut schema = json!({ "type": "string", "maxLength": name.chars_max(demands) });
    match name {
        FieldName::Known(field) => describe_standard(&mut schema, *field, demands),
        FieldName::Own(own) => demands.own(own).into_iter().for_each(|own| describe_own(&mut schema, own)),
        FieldName::Other(_) => {}
    }
    let empty = json!({ "type": "string", "pattern": SAYS_NOTHING });
    // Null says what leaving out says, and so does an empty text.
    if !required {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        return json!({ "description": description, "anyOf": [schema, empty, { "type": "null" }] });
    }
    if schema.get("pattern").is_none() && schema.get("enum").is_none() {
        schema["pattern"] = json!(SAYS_SOMETHING);
    }
    schema
}

fn describe_standard(schema: &mut Value, field: Field, demands: &Demands) {
    schema["description"] = json!(description(field));
    match field {
        Field::Email => schema["format"] = json!("email"),
        Field::Phone => schema["pattern"] = json!("^[^@]*([0-9][^@]*){5}$"),
        Field::Language => schema["pattern"] = json!("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"),
        Field::Category => {
            schema["enum"] = demands.categories.iter().map(|choice| choice.id.as_str()).collect();
        }
        Field::Consent => {
            let given = if demands.required.contains(&FieldName::Known(field)) {
                json!([true, GIVEN])
            } else {
                json!([true, false, GIVEN])
            };
            *schema = json!({ "description": description(field), "enum": given });
        }
        _ => {}
    }
}

fn describe_own(schema: &mut Value, own: &OwnField) {
    schema["description"] = json!(own.label.get("en").or(own.label.values().next()));
    if own.kind == OwnKind::Choice {
        schema["enum"] = own.choices.iter().map(|choice| choice.id.as_str()).collect();
    }
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
        Field::Category => "What kind of complaint it is.",
        Field::Location => "Where it happened.",
        Field::Language => {
            "BCP 47 tag of the language to answer in; the language it is written in when left out."
        }
        Field::Accessibility => "In which form they need answers, such as large print.",
        Field::Representative => {
            "For whom they complain who do not complain for themselves, and how they are connected."
        }
        Field::Circumstances => "What should be known of their situation.",
        Field::Consent => "That what was told may be used to deal with the complaint.",
    }
}

fn new_message(demands: &Demands) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["receiptCode"],
        "anyOf": [{ "required": ["text"] }, { "required": ["act"] }],
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
            "act": {
                "enum": ["withdraw", "request_review"],
                "description": "What the complainant does: takes the complaint back, or asks for the decision to be looked at again.",
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

    fn described(settings: &str) -> Value {
        describe(&Config::check(&toml::from_str(settings).unwrap()).unwrap())
    }

    #[test]
    fn the_description_names_every_field_with_the_limit_in_force() {
        let api = described("limits.name_chars_max = 77");
        let schema = &api["components"]["schemas"]["NewComplaint"];
        assert_eq!(schema["properties"].as_object().unwrap().len(), Field::usual().count() + 1);
        assert_eq!(schema["properties"]["name"]["anyOf"][0]["maxLength"], 77);
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 2);
        let taken = described("allow_anonymous = true");
        assert!(taken["components"]["schemas"]["NewComplaint"].get("anyOf").is_none());
    }

    #[test]
    fn each_form_is_described() {
        let api = described(
            "languages = ['en']\n[[forms.returns.fields]]\nname = 'size'\nkind = 'choice'\nlabel.en = 'Size'\n\
             choices = [{ id = 's' }, { id = 'm' }]\n[forms.returns]\nrequires = ['size', 'order_number']",
        );
        let returns = &api["components"]["schemas"]["NewComplaint"]["oneOf"][1];
        assert_eq!(returns["required"], json!(["form", "orderNumber", "size", "whatHappened"]));
        assert_eq!(returns["properties"]["size"]["enum"], json!(["s", "m"]));
    }

    #[test]
    fn what_takes_a_key_is_described_where_there_are_clients() {
        let api = described(&format!("[clients.crm]\nkey_sha256 = ['{}']", "0".repeat(64)));
        let complaint = &api["components"]["schemas"]["NewComplaint"];
        assert!(crate::statement::MEMBERS.iter().all(|name| complaint["properties"].get(*name).is_some()));
        assert_eq!(api["paths"]["/v1/complaints"]["post"]["security"][0], json!({}));
        let api = described("");
        assert_eq!(api["components"].get("securitySchemes"), None);
    }

    #[test]
    fn bodies_in_parts_are_the_same_members_as_texts_and_files() {
        let api =
            described("uploads.files_max = 3\n[forms.default]\nasks = ['what_happened', 'email', 'consent']");
        let content = &api["paths"]["/v1/complaints"]["post"]["requestBody"]["content"];
        let parts = "#/components/schemas/NewComplaintParts";
        assert_eq!(content["multipart/form-data"]["schema"]["$ref"], parts);
        let (json, parts) = (
            &api["components"]["schemas"]["NewComplaint"],
            &api["components"]["schemas"]["NewComplaintParts"],
        );
        let names =
            |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut with_files = names(json);
        with_files.insert(0, "attachments".to_owned());
        with_files.sort_unstable();
        let mut described = names(parts);
        described.sort_unstable();
        assert_eq!(described, with_files);
        assert_eq!(parts["properties"]["attachments"]["maxItems"], 3);
        assert_eq!(parts["properties"]["consent"]["anyOf"][0]["enum"], json!(["true", GIVEN]));
        assert!(!parts.to_string().contains("\"null\""), "a part is never null: {parts}");
    }

    #[test]
    fn a_message_in_parts_needs_words_or_a_file_or_an_act() {
        let one_of = |settings: &str| {
            let schema = &described(settings)["components"]["schemas"]["NewMessageParts"];
            assert_eq!(schema["required"], json!(["receiptCode"]));
            let ways = schema["anyOf"].as_array().unwrap().iter();
            ways.map(|way| way["required"][0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(one_of(""), ["text", "act", "attachments"]);
        assert_eq!(one_of("uploads.files_max = 0"), ["text", "act"]);
    }

    #[test]
    fn the_description_as_shipped() {
        insta::assert_json_snapshot!(described(""));
    }
}
