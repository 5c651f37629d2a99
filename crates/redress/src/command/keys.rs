//! `redress keys init` and `redress keys api`: the keys of an installation, made, and one for a system that uses its API.

use serde_json::json;

use crate::data::make_keys;
use crate::out::Out;
use crate::settings::Config;

pub(super) fn init(config: &Config, out: Out) -> anyhow::Result<()> {
    let made = make_keys(&config.key_file)?;
    let file = config.key_file.display().to_string();
    let text = if made {
        format!(
            "Made {file}. It never changes; back it up: without it nothing that came in before is recognised."
        )
    } else {
        format!("{file} is there already and stays as it is.")
    };
    out.either(&json!({ "key_file": file, "made": made }), || text)?;
    let made = config.sealing.make()?;
    for (private, public) in config.sealing.pairs() {
        for file in [private, public] {
            let made = made.iter().any(|new| new == file);
            let file = file.display().to_string();
            out.either(&json!({ "key_file": file, "made": made }), || {
                let word = if made { "Made" } else { "Left as it is:" };
                format!("{word} {file}")
            })?;
        }
    }
    Ok(())
}

/// A fresh API key, shown this once.
pub(super) fn api(client: &str, out: Out) -> anyhow::Result<()> {
    let key = redress_web::ApiKey::draw();
    let json = json!({ "client": client, "key": key.secret, "key_sha256": key.sha256 });
    out.either(&json, || {
        format!(
            "For {client}, shown this once: {}\n\nFor the settings:\n[web.clients.{client}]\nkey_sha256 = [\"{}\"]\nscopes = []",
            key.secret, key.sha256
        )
    })?;
    Ok(())
}
