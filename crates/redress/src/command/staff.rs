//! `redress staff hash-password`: what the settings know a clerk's password by.

use std::io::{BufRead as _, IsTerminal as _, Read as _, stdin};

use anyhow::{Context as _, bail};
use redress_web::staff::{PASSWORD_BYTES_MAX, hash};
use serde_json::json;

use crate::out::Out;

pub(super) fn hash_password(out: Out) -> anyhow::Result<()> {
    let hash = hash(&password()?).context("hash the password")?;
    out.either(&json!({ "password_hash": hash }), || hash.clone())?;
    Ok(())
}

/// Typed twice and unseen at a terminal, else the first line.
fn password() -> anyhow::Result<String> {
    if stdin().is_terminal() {
        let once = rpassword::prompt_password("Password: ").context("read the password")?;
        let twice = rpassword::prompt_password("The same once more: ").context("read the password")?;
        if once != twice {
            bail!("hash the password: it was typed in two ways");
        }
        return Ok(once);
    }
    let mut line = String::new();
    let bytes_max = PASSWORD_BYTES_MAX as u64 + 3;
    stdin().lock().take(bytes_max).read_line(&mut line).context("read the password")?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
