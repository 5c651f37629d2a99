//! `redress keys init`: the identity key of a new installation.

use serde_json::json;

use crate::cli::Keys;
use crate::data::make_keys;
use crate::out::Out;
use crate::settings::Config;

pub(super) fn run(config: &Config, what: &Keys, out: Out) -> anyhow::Result<()> {
    let Keys::Init = what;
    let made = make_keys(&config.key_file)?;
    let file = config.key_file.display().to_string();
    let text = if made {
        format!(
            "Made {file}. It never changes; back it up: without it nothing that came in before is recognised."
        )
    } else {
        format!("{file} is there already and stays as it is.")
    };
    Ok(out.either(&json!({ "key_file": file, "made": made }), || text)?)
}
