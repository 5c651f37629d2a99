//! `[email.accounts.<name>.oauth]`: signing in to IMAP with a token instead of a password, as it is written and as it is
//! meant.

use std::net::IpAddr;
use std::path::PathBuf;

use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};
use serde::{Deserialize, Serialize};

/// `[email.accounts.<name>.oauth]` as it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OauthSettings {
    /// `client_credentials` or `refresh_token`.
    pub grant: GrantKind,
    /// `xoauth2` or `oauthbearer`.
    pub mechanism: Mechanism,
    /// Where tokens are given out.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// The secret that goes with it, if there is one.
    pub client_secret: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// What the token is for.
    pub scope: String,
    /// For the grant `refresh_token`: the first one; those that follow are kept sealed in the broker.
    pub refresh_token: Secret,
    /// File that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_file: Option<PathBuf>,
}

/// How a token is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// As the program itself.
    #[default]
    ClientCredentials,
    /// As the person who agreed once.
    RefreshToken,
}

/// How the token is shown to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// As Microsoft and Google have it.
    #[default]
    Xoauth2,
    /// RFC 7628.
    Oauthbearer,
}

/// `[email.accounts.<name>.oauth]` as it is meant.
#[derive(Debug, Clone)]
pub struct Oauth {
    /// How the token is shown to the server.
    pub mechanism: Mechanism,
    /// Where tokens are given out.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// The secret that goes with it; empty when there is none.
    pub client_secret: Secret,
    /// What the token is for.
    pub scope: String,
    /// How a token is asked for.
    pub grant: Grant,
}

/// How a token is asked for.
#[derive(Debug, Clone)]
pub enum Grant {
    /// As the program itself.
    ClientCredentials,
    /// As the person who agreed once, with the refresh token that this gave.
    RefreshToken(Secret),
}

pub(super) fn check(settings: &OauthSettings, key: &str, problems: &mut Problems) -> Oauth {
    let mut required = |name: &str, value: &str| {
        if value.is_empty() || value.chars().any(char::is_control) {
            problems.note(format!("{key}.{name}"), "must be given, without control characters");
        }
    };
    required("token_url", &settings.token_url);
    required("client_id", &settings.client_id);
    if !settings.token_url.is_empty() && !is_safe(&settings.token_url) {
        let advice = "must begin with https:// (http:// is allowed to this machine only)";
        problems.note(format!("{key}.token_url"), advice);
    }
    let mut of = |name: &str, value: &Secret, file: Option<&PathBuf>| {
        secret(&format!("{key}.{name}"), value, file, problems)
    };
    let client_secret = of("client_secret", &settings.client_secret, settings.client_secret_file.as_ref());
    let refresh_token = of("refresh_token", &settings.refresh_token, settings.refresh_token_file.as_ref());
    let grant = match settings.grant {
        GrantKind::ClientCredentials => {
            if client_secret.is_empty() && settings.client_secret_file.is_none() {
                problems.note(format!("{key}.client_secret"), "must be given (better as client_secret_file)");
            }
            Grant::ClientCredentials
        }
        GrantKind::RefreshToken => {
            if refresh_token.is_empty() && settings.refresh_token_file.is_none() {
                problems.note(format!("{key}.refresh_token"), "must be given (better as refresh_token_file)");
            }
            Grant::RefreshToken(refresh_token)
        }
    };
    Oauth {
        mechanism: settings.mechanism,
        token_url: settings.token_url.clone(),
        client_id: settings.client_id.clone(),
        client_secret,
        scope: settings.scope.clone(),
        grant,
    }
}

/// Secrets travel in the open only within this machine.
fn is_safe(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_machine_by_https_only() {
        for good in
            ["https://login.example.com/t", "http://localhost:9/t", "http://127.0.0.1/t", "http://[::1]:80/t"]
        {
            assert!(is_safe(good), "{good}");
        }
        for bad in
            ["http://login.example.com/t", "http://127.0.0.1@example.com/t", "ftp://localhost/", "localhost"]
        {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
