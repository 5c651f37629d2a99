//! Forms taken apart into fields, byte for byte: what a mail holds need not be UTF-8.

use std::convert::Infallible;

use axum::http::header;
use bytes::Bytes;
use futures::executor::block_on;
use futures::stream;
use percent_encoding::percent_decode;
use serde_json::Value;

use super::{Post, Refusal, media_type};

/// Providers send each header of a mail as a field.
const FIELDS_MAX: usize = 5000;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// The fields of a form, in order.
pub(super) struct Fields(pub(super) Vec<Field>);

/// One field of a form.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) media_type: String,
    pub(super) content: Bytes,
}

impl Fields {
    /// The first field of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().find(|field| field.name == name).map(|field| &field.content)
    }

    /// The first field of this name, if it is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// The first field of this name, read as JSON; null when it is none.
    pub(super) fn json(&self, name: &str) -> Value {
        self.get(name).and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default()
    }
}

impl Field {
    pub(super) fn is_file(&self) -> bool {
        self.file_name.is_some()
    }
}

/// Takes a form apart.
pub(super) fn take_apart(post: &Post) -> Result<Fields, Refusal> {
    match media_type(&post.headers).as_str() {
        URLENCODED => urlencoded(&post.body).map(Fields),
        MULTIPART => multipart(post).map(Fields),
        _ => Err(Refusal::MediaType(
            "a form is expected: multipart/form-data or application/x-www-form-urlencoded",
        )),
    }
}

/// Reads a body that is a JSON object.
pub(super) fn json(post: &Post) -> Result<Value, Refusal> {
    if media_type(&post.headers) != "application/json" {
        return Err(Refusal::MediaType("JSON is expected: application/json"));
    }
    let value: Value =
        serde_json::from_slice(&post.body).map_err(|_| Refusal::Shape("the body is no JSON"))?;
    if value.is_object() { Ok(value) } else { Err(Refusal::Shape("the body is no JSON object")) }
}

fn urlencoded(body: &[u8]) -> Result<Vec<Field>, Refusal> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut fields = Vec::new();
    for pair in pairs {
        if fields.len() >= FIELDS_MAX {
            return Err(TOO_MANY);
        }
        let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(middle);
        fields.push(Field {
            name: String::from_utf8_lossy(&decoded(name)).into_owned(),
            file_name: None,
            media_type: String::new(),
            content: decoded(value.get(1..).unwrap_or_default()).into(),
        });
    }
    Ok(fields)
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&blanks).collect()
}

fn multipart(post: &Post) -> Result<Vec<Field>, Refusal> {
    let stated = post.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(stated.unwrap_or_default()).map_err(|_| BROKEN)?;
    let body = stream::iter([Ok::<_, Infallible>(post.body.clone())]);
    // All of it is in memory, so nothing here ever waits.
    block_on(async {
        let mut form = multer::Multipart::new(body, boundary);
        let mut fields = Vec::new();
        while let Some(field) = form.next_field().await.map_err(|_| BROKEN)? {
            if fields.len() >= FIELDS_MAX {
                return Err(TOO_MANY);
            }
            fields.push(Field {
                name: field.name().unwrap_or_default().to_owned(),
                file_name: field.file_name().map(str::to_owned),
                media_type: field.content_type().map(ToString::to_string).unwrap_or_default(),
                content: field.bytes().await.map_err(|_| BROKEN)?,
            });
        }
        Ok(fields)
    })
}

const BROKEN: Refusal = Refusal::Shape("the form is broken: it is not what its media type says");
const TOO_MANY: Refusal = Refusal::Shape("the form has too many fields");
