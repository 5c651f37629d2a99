//! Problem details (RFC 9457): what the API says when it cannot say yes. They name fields, never values.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::normalize::{JsonError, PARTS_MAX};
use crate::statement::WrongMember;
use crate::submission::FieldError;

/// One answer that is no yes (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem, for programs to branch on.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What to do.
    detail: String,
    /// What is wrong with which member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
}

/// What is wrong with one member of a body.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WrongField)]
struct Wrong {
    /// Its name.
    field: String,
    /// What is wrong, in English.
    message: String,
}

impl Problem {
    /// A problem; `kind` ends its type, which callers may branch on.
    pub(crate) fn new(
        status: StatusCode,
        kind: &str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let kind = format!("urn:redress:problem:{kind}");
        Self { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }
    }

    /// Some fields are wrong.
    pub(crate) fn fields(errors: &[FieldError]) -> Self {
        let errors = errors
            .iter()
            .map(|error| Wrong { field: error.field.api_name().to_owned(), message: error.kind.to_string() });
        let detail = "Nothing was recorded. Mend the fields named in \"errors\" and send again.";
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-fields",
            "Some fields are not right",
            detail,
        );
        Self { errors: errors.collect(), ..problem }
    }

    /// Some fields are wrong, and some of what is stated about them.
    pub(crate) fn members(errors: &[FieldError], stated: Vec<WrongMember>) -> Self {
        let mut problem = Self::fields(errors);
        let stated =
            stated.into_iter().map(|wrong| Wrong { field: wrong.name.to_owned(), message: wrong.problem });
        problem.errors.extend(stated);
        problem
    }

    /// The body is no JSON object whose members can be taken.
    pub(crate) fn json(error: &JsonError) -> Self {
        let JsonError::Broken(broken) = error else { return Self::too_many_fields() };
        let detail = format!("{}: line {}, column {}", broken.problem, broken.line, broken.column);
        Self::new(StatusCode::BAD_REQUEST, "broken-json", "The body cannot be read", detail)
    }

    /// The body has too many members.
    pub(crate) fn too_many_fields() -> Self {
        let detail = format!("Nothing was recorded. At most {PARTS_MAX} fields are taken.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-fields", "The body has too many fields", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}
