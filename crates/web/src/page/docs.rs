//! The page that shows the description of the API to people. In English, as the API itself speaks.

use minijinja::context;
use minijinja::value::Serde;
use serde_json::Value;

use super::{Pages, none};
use crate::words::LANGUAGES;

impl Pages {
    /// The API's description (`OpenAPI`), to be read.
    pub(crate) fn docs(&self, api: &Value) -> String {
        let values = context! { languages => none(), api => Serde(api) };
        self.render_plain(self.words(&LANGUAGES[0]), "docs.html", values)
    }
}
