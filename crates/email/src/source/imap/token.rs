//! Tokens to sign in with, pure: what is asked for, what came, how long it is good, and what a refusal means.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::oauth::{Grant, Mechanism, Oauth};
use redress_intake::health::Kind;

/// A token is renewed so long before it runs out, or when a quarter of its time is left.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// How long a token is taken to be good when nobody says.
const USUAL_SECONDS: u64 = 3600;

/// A token, as it is kept: sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    access: String,
    begins: Timestamp,
    ends: Timestamp,
    /// The refresh token to come with next, when it is not the one of the settings any more.
    refresh: Option<String>,
    /// A digest of the refresh token in the settings that all this began with.
    root: String,
}

/// What the endpoint says when it gives one.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default)]
    expires_in: Option<Number>,
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Some endpoints write numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

/// What it says when it does not.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Why there is no token. The endpoint's own words are left out: they may name people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("get a token to sign in with: {reason}")]
pub(crate) struct TokenError {
    pub(crate) kind: Kind,
    pub(crate) wait: Option<Duration>,
    pub(crate) reason: String,
}

impl Token {
    pub(super) fn access(&self) -> &str {
        &self.access
    }

    /// True while it can be used.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        now < self.ends
    }

    /// True when it is time for the next one.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let whole = self.ends.duration_since(self.begins);
        self.ends.duration_since(now) <= AHEAD.min(whole / 4)
    }

    /// True when it came of the refresh token that is in the settings now.
    pub(super) fn comes_of(&self, root: &str) -> bool {
        self.root == root
    }

    /// The refresh token to come with next, when it is another than that of the settings.
    pub(super) fn refresh(&self) -> Option<&str> {
        self.refresh.as_deref()
    }

    /// Reads what the endpoint gave.
    pub(super) fn given(
        body: &[u8],
        before: Option<&Self>,
        root: &str,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let given: Given = serde_json::from_slice(body).map_err(|_| unreadable())?;
        if given.access_token.is_empty() || given.access_token.chars().any(char::is_control) {
            return Err(unreadable());
        }
        let seconds = match given.expires_in {
            None => USUAL_SECONDS,
            Some(Number::Number(seconds)) => seconds,
            Some(Number::Text(text)) => text.parse().unwrap_or(USUAL_SECONDS),
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(366 * 86_400);
        let ends = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        let refresh = given.refresh_token.or_else(|| before?.refresh.clone());
        Ok(Self { access: given.access_token, begins: now, ends, refresh, root: root.to_owned() })
    }
}

/// The form that asks for a token.
pub(super) fn form<'a>(oauth: &'a Oauth, before: Option<&'a Token>) -> Vec<(&'static str, &'a str)> {
    let mut form = match &oauth.grant {
        Grant::ClientCredentials => vec![("grant_type", "client_credentials")],
        Grant::RefreshToken(first) => {
            let token = before.and_then(Token::refresh).unwrap_or(first.expose());
            vec![("grant_type", "refresh_token"), ("refresh_token", token)]
        }
    };
    form.push(("client_id", &oauth.client_id));
    let rest = [("client_secret", oauth.client_secret.expose()), ("scope", &oauth.scope)];
    form.extend(rest.into_iter().filter(|(_, value)| !value.is_empty()));
    form
}

/// Reads a refusal.
pub(super) fn refusal(status: u16, body: &[u8], wait: Option<Duration>) -> TokenError {
    let error = serde_json::from_slice::<Refused>(body).map(|refused| refused.error).unwrap_or_default();
    let known = KNOWN.iter().find(|(word, _)| *word == error);
    let kind = match (status, known) {
        (429, _) => Kind::Rate,
        (500.., _) => Kind::Transient,
        (_, Some((_, kind))) => *kind,
        (401 | 403, None) => Kind::Auth,
        _ => Kind::Permanent,
    };
    let word = known.map(|(word, _)| format!(" ({word})")).unwrap_or_default();
    TokenError { kind, wait, reason: format!("the endpoint answered {status}{word}") }
}

/// The errors of RFC 6749, and what helps.
const KNOWN: [(&str, Kind); 9] = [
    ("invalid_grant", Kind::Auth),
    ("invalid_client", Kind::Auth),
    ("unauthorized_client", Kind::Auth),
    ("access_denied", Kind::Auth),
    ("invalid_request", Kind::Permanent),
    ("invalid_scope", Kind::Permanent),
    ("unsupported_grant_type", Kind::Permanent),
    ("temporarily_unavailable", Kind::Transient),
    ("slow_down", Kind::Rate),
];

fn unreadable() -> TokenError {
    TokenError {
        kind: Kind::Permanent,
        wait: None,
        reason: "the endpoint's answer cannot be read".to_owned(),
    }
}

/// The word of a mechanism, and what is said by it.
pub(super) fn words(mechanism: Mechanism, user: &str, token: &str) -> (&'static str, String) {
    match mechanism {
        Mechanism::Xoauth2 => ("XOAUTH2", format!("user={user}\x01auth=Bearer {token}\x01\x01")),
        Mechanism::Oauthbearer => {
            let user = user.replace('=', "=3D").replace(',', "=2C");
            ("OAUTHBEARER", format!("n,a={user},\x01auth=Bearer {token}\x01\x01"))
        }
    }
}

#[cfg(test)]
mod tests {
    use redress_runtime::Secret;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn oauth() -> Oauth {
        Oauth {
            mechanism: Mechanism::Xoauth2,
            token_url: String::new(),
            client_id: "us".to_owned(),
            client_secret: Secret::default(),
            scope: "imap".to_owned(),
            grant: Grant::RefreshToken(Secret::new("first")),
        }
    }

    #[test]
    fn a_rotated_refresh_token_is_the_next_to_come_with() {
        let check = |before: Option<&Token>, expected: &str| {
            let (oauth, wanted) = (oauth(), ("refresh_token", expected.to_owned()));
            assert!(form(&oauth, before).iter().any(|(key, value)| (*key, (*value).to_owned()) == wanted));
        };
        check(None, "first");
        let given =
            |body: &str, before: Option<&Token>| Token::given(body.as_bytes(), before, "r", now()).unwrap();
        let one = given(r#"{"access_token":"a","expires_in":"60"}"#, None);
        check(Some(&one), "first");
        let two = given(r#"{"access_token":"b","expires_in":60,"refresh_token":"second"}"#, Some(&one));
        check(Some(&two), "second");
        check(Some(&given(r#"{"access_token":"c"}"#, Some(&two))), "second");
    }

    #[test]
    fn a_token_is_renewed_before_it_runs_out() {
        let after = |seconds| now() + SignedDuration::from_secs(seconds);
        let hour = Token::given(br#"{"access_token":"a","expires_in":3600}"#, None, "r", now()).unwrap();
        assert!(!hour.is_due(after(3299)) && hour.is_due(after(3300)) && hour.is_good(after(3599)));
        assert!(!hour.is_good(after(3600)));
        let short = Token::given(br#"{"access_token":"a","expires_in":8}"#, None, "r", now()).unwrap();
        assert!(!short.is_due(after(5)) && short.is_due(after(6)));
    }

    #[test]
    fn refusals_are_sorted() {
        let check = |status, body: &str, kind: Kind| {
            assert_eq!(refusal(status, body.as_bytes(), None).kind, kind, "{body}");
        };
        check(400, r#"{"error":"invalid_grant","error_description":"ann@example.com"}"#, Kind::Auth);
        check(400, r#"{"error":"invalid_scope"}"#, Kind::Permanent);
        check(401, "", Kind::Auth);
        check(429, "", Kind::Rate);
        check(503, r#"{"error":"invalid_grant"}"#, Kind::Transient);
        let told = refusal(400, br#"{"error":"ann@example.com"}"#, None).to_string();
        assert!(!told.contains("ann"), "{told}");
    }

    #[test]
    fn nobody_slips_words_into_a_login() {
        assert_eq!(words(Mechanism::Oauthbearer, "a,b=c", "t").1, "n,a=a=2Cb=3Dc,\x01auth=Bearer t\x01\x01");
        assert!(Token::given(br#"{"access_token":"a\u0001b"}"#, None, "r", now()).is_err());
    }
}
