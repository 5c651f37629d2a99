//! What the description says to systems with an API key; nothing where no system has one.

use serde_json::{Map, Value, json};

use crate::statement::{
    ARRIVAL, BACKDATING_REASON, CHANNEL, CHARS_MAX, IDENTITY_VERIFIED, RECEIVED_AT, channel_words,
};

/// The name of the scheme by which keys are shown.
const SCHEME: &str = "apiKey";

/// Adds the keys, the answer to a wrong one, and the members that take a key.
pub(super) fn describe(api: &mut Value) {
    let description = "For systems that the organisation trusts. Without a key anybody may complain.";
    api["components"]["securitySchemes"] =
        json!({ SCHEME: { "type": "http", "scheme": "bearer", "description": description } });
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let refusal =
        json!({ "description": "No such API key.", "content": { "application/problem+json": problem } });
    let paths = api["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in
        paths.filter_map(|path| path.get_mut("post")).filter(|operation| operation["requestBody"].is_object())
    {
        operation["security"] = json!([{}, { SCHEME: [] }]);
        operation["responses"]["401"] = refusal.clone();
    }
    let complaint = &mut api["components"]["schemas"]["NewComplaint"];
    match complaint.get_mut("oneOf").and_then(Value::as_array_mut) {
        Some(forms) => forms.iter_mut().for_each(add_members),
        None => add_members(complaint),
    }
}

fn add_members(form: &mut Value) {
    if let Some(properties) = form["properties"].as_object_mut() {
        properties.extend(members());
    }
    form["dependentRequired"] = json!({ RECEIVED_AT: [BACKDATING_REASON] });
}

fn members() -> Map<String, Value> {
    let line = |description: &str| {
        json!({ "type": "string", "maxLength": CHARS_MAX, "pattern": super::SAYS_SOMETHING,
            "description": description })
    };
    let members = [
        (
            CHANNEL,
            json!({ "enum": channel_words(),
                "description": "On which channel it reached the organisation, when not by the API. Takes a key with the scope channel." }),
        ),
        (
            RECEIVED_AT,
            json!({ "type": "string", "format": "date-time",
                "description": "When it reached the organisation, not in the future: its time limits begin there. Takes a key with the scope received_at." }),
        ),
        (BACKDATING_REASON, line("By what receivedAt is known, such as a date stamp.")),
        (ARRIVAL, line("How it reached the organisation. Takes a key.")),
        (
            IDENTITY_VERIFIED,
            json!({ "type": "boolean",
                "description": "True when the complainant is known to be who they say, and the address given is theirs. Takes a key with the scope identity." }),
        ),
    ];
    members.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect()
}
