//! What the description says of multipart bodies: the same members as texts, and files.

use serde_json::{Map, Value, json};

use super::SAYS_SOMETHING;
use crate::addition::{ACT_MEMBER, CODE_MEMBER, TEXT_FIELD};
use crate::file::{FILES_FIELD, FileLimits, MEBIBYTE};

const MEDIA_TYPE: &str = "multipart/form-data";

/// Adds a multipart body beside the JSON of each operation, with files where any are taken.
pub(super) fn describe(api: &mut Value, limits: &FileLimits) {
    let schemas = &mut api["components"]["schemas"];
    let files = (limits.files_max > 0).then(|| files(limits));
    schemas["NewComplaintParts"] = complaint(&schemas["NewComplaint"], files.as_ref());
    schemas["NewMessageParts"] = message(&schemas["NewMessage"], files.as_ref());
    for (path, name) in
        [("/v1/complaints", "NewComplaintParts"), ("/v1/complaints/{reference}/messages", "NewMessageParts")]
    {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        api["paths"][path]["post"]["requestBody"]["content"][MEDIA_TYPE] = json!({ "schema": schema });
    }
}

fn files(limits: &FileLimits) -> Value {
    let (each, all) = (limits.file_bytes_max / MEBIBYTE, limits.total_bytes_max / MEBIBYTE);
    let description = format!(
        "Files, a part with a file name each: {each} MiB at most, {all} MiB together, of these kinds by their first bytes: {}.",
        limits.media_types.join(", ")
    );
    let file = json!({ "type": "string", "format": "binary", "minLength": 1 });
    json!({ "type": "array", "items": file, "maxItems": limits.files_max, "description": description })
}

/// Files stand beside the forms too, for readers that look no deeper.
fn complaint(schema: &Value, files: Option<&Value>) -> Value {
    let Some(forms) = schema["oneOf"].as_array() else { return in_parts(schema, files) };
    let forms: Vec<Value> = forms.iter().map(|form| in_parts(form, files)).collect();
    let properties: Map<String, Value> =
        files.map(|files| (FILES_FIELD.to_owned(), files.clone())).into_iter().collect();
    json!({ "type": "object", "properties": properties, "oneOf": forms })
}

/// A file says enough, and so does an act.
fn message(schema: &Value, files: Option<&Value>) -> Value {
    let mut parts = in_parts(schema, files);
    parts["description"] = json!(format!("{CODE_MEMBER} stands before the first file."));
    if files.is_some() {
        parts["required"] = json!([CODE_MEMBER]);
        if let Some(text) = parts["properties"][TEXT_FIELD].as_object_mut() {
            text.remove("pattern");
        }
        let words = json!({ TEXT_FIELD: { "pattern": SAYS_SOMETHING } });
        parts["anyOf"] = json!([
            { "required": [TEXT_FIELD], "properties": words },
            { "required": [ACT_MEMBER] },
            { "required": [FILES_FIELD], "properties": { FILES_FIELD: { "minItems": 1 } } },
        ]);
    }
    parts
}

fn in_parts(schema: &Value, files: Option<&Value>) -> Value {
    let mut schema = schema.clone();
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.values_mut().for_each(as_text);
        properties.extend(files.map(|files| (FILES_FIELD.to_owned(), files.clone())));
    }
    schema
}

/// In a part everything is text: nothing is null, and what is true is `true`.
fn as_text(member: &mut Value) {
    if let Some(kinds) = member.get_mut("anyOf").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind["type"] != "null");
        kinds.iter_mut().for_each(as_text);
    }
    if member["type"] == "boolean" {
        member["type"] = json!("string");
        member["enum"] = json!(["true", "false"]);
    }
    if let Some(values) = member.get_mut("enum").and_then(Value::as_array_mut) {
        // Left out says the same.
        values.retain(|value| *value != json!(false));
        for value in values.iter_mut().filter(|value| value.is_boolean()) {
            *value = json!("true");
        }
    }
}
