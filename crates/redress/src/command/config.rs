//! `redress config`: the settings in force, secrets as `***`.

use anyhow::Context as _;

use crate::out::Out;
use crate::settings::Settings;

pub(super) fn run(settings: &Settings, out: Out) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json(settings)?);
    }
    let text = toml::to_string_pretty(settings).context("write the settings as TOML")?;
    Ok(out.line(text.trim_end())?)
}
