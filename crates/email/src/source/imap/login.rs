//! Signing in: with a password, or with a token that is fetched in time and kept, sealed, where every replica finds it.
//! One for all folders of an account.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redress_bus::Kv;
use redress_contract::Commit;
use redress_contract::subject::name::CURSORS;
use redress_runtime::{Clock, Secret};
use redress_vault::Vault;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::ImapError;
use super::session::Session;
use super::token::{self, Token, TokenError};
use crate::config::oauth::{Grant, Mechanism, Oauth};
use crate::config::{Imap, Login as How};
use redress_intake::health::Kind;

/// Largest answer of a token endpoint.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What a session signs in with.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// A password.
    Password(Secret),
    /// A token, and how it is shown.
    Bearer(Mechanism, Secret),
}

/// How one account signs in.
pub(crate) struct Login {
    place: Imap,
    clock: Clock,
    tokens: Option<Tokens>,
}

/// The tokens of one account.
struct Tokens {
    oauth: Oauth,
    /// Where they are kept; nowhere, when there is no broker.
    kept: Option<Kept>,
    /// A digest of the refresh token in the settings: when that changes, what was kept is of no use.
    root: String,
    state: Mutex<State>,
}

struct Kept {
    vault: Vault,
    kv: Kv,
    key: String,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// A token that the mail server would not have, however long it is good.
    refused: Option<Secret>,
    /// Why the next token could not be had in time.
    expiring: Option<String>,
    /// No token is asked for before, since the last try failed.
    not_before: Option<Timestamp>,
}

impl Login {
    /// How `account` signs in to this server.
    pub(crate) fn new(account: &str, place: &Imap, vault: Option<&Vault>, clock: &Clock) -> Self {
        let tokens = match &place.login {
            How::Password(_) => None,
            How::Oauth(oauth) => Some(Tokens::new(account, oauth, vault)),
        };
        Self { place: place.clone(), clock: clock.clone(), tokens }
    }

    /// Connects and signs in. A token that the server will not have is exchanged for another once.
    pub(super) async fn open(&self) -> Result<Session, ImapError> {
        let credential = self.credential().await?;
        match (Session::open(&self.place, &credential).await, &self.tokens, &credential) {
            (Err(error), Some(tokens), Credential::Bearer(_, token)) if error.kind() == Kind::Auth => {
                tokens.refuse(token).await;
                Session::open(&self.place, &self.credential().await?).await
            }
            (opened, _, _) => opened,
        }
    }

    /// What to sign in with now. A session that signed in with something else had better do it again.
    pub(super) async fn credential(&self) -> Result<Credential, ImapError> {
        match (&self.place.login, &self.tokens) {
            (How::Oauth(oauth), Some(tokens)) => {
                Ok(Credential::Bearer(oauth.mechanism, tokens.current(self.clock.now()).await?))
            }
            (How::Password(password), _) => Ok(Credential::Password(password.clone())),
            (How::Oauth(_), None) => Err(ImapError::Unusable("nobody knows how to get a token")),
        }
    }

    /// Why the login runs out without a new one, if it does.
    pub(super) async fn expiring(&self) -> Option<String> {
        match &self.tokens {
            Some(tokens) => tokens.state.lock().await.expiring.clone(),
            None => None,
        }
    }
}

impl Tokens {
    fn new(account: &str, oauth: &Oauth, vault: Option<&Vault>) -> Self {
        let first = match &oauth.grant {
            Grant::ClientCredentials => "",
            Grant::RefreshToken(first) => first.expose(),
        };
        let root = Commit::hash(format!("{} {} {first}", oauth.token_url, oauth.client_id).as_bytes());
        let kept = vault.map(|vault| Kept {
            kv: vault.bus().kv(CURSORS),
            vault: vault.clone(),
            key: format!("email.{account}.token"),
        });
        Self { oauth: oauth.clone(), kept, root, state: Mutex::default() }
    }

    /// A token that is good now: the one at hand, the one that is kept, or a new one.
    async fn current(&self, now: Timestamp) -> Result<Secret, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.usable(now).filter(|token| !token.is_due(now)) {
            return Ok(Secret::new(token.access()));
        }
        if let Some(token) = self.load().await? {
            state.token = Some(token);
        }
        if let Some(token) = state.usable(now).filter(|token| !token.is_due(now)) {
            return Ok(Secret::new(token.access()));
        }
        let left = state.usable(now).map(|token| Secret::new(token.access()));
        if let (Some(left), true) = (&left, state.not_before.is_some_and(|at| now < at)) {
            return Ok(left.clone());
        }
        match self.renew(state.token.as_ref(), now).await {
            Ok(token) => {
                let access = Secret::new(token.access());
                *state = State { token: Some(token), ..State::default() };
                Ok(access)
            }
            Err(error) => {
                let wait = error.wait.unwrap_or(Duration::from_secs(15));
                state.not_before = now.checked_add(wait).ok();
                state.expiring = Some(error.to_string());
                left.ok_or(error)
            }
        }
    }

    /// The mail server will not have this token.
    async fn refuse(&self, token: &Secret) {
        let mut state = self.state.lock().await;
        (state.refused, state.not_before) = (Some(token.clone()), None);
    }

    /// Gets the next token and keeps it: only then is it used, since the one before may be worth nothing any more.
    async fn renew(&self, before: Option<&Token>, now: Timestamp) -> Result<Token, TokenError> {
        let before = before.filter(|token| token.comes_of(&self.root));
        let (status, body, wait) = self.ask(before).await?;
        if !(200..300).contains(&status) {
            return Err(token::refusal(status, &body, wait));
        }
        let token = Token::given(&body, before, &self.root, now)?;
        if let Some(kept) = &self.kept {
            let plain = serde_json::to_vec(&token).expect("words and times always become JSON");
            let plain = Zeroizing::new(plain);
            let sealed = kept.vault.seal_secret(&kept.key, &plain);
            kept.kv
                .put(&kept.key, sealed.into())
                .await
                .map_err(|error| transient(format!("keep it: {error}")))?;
        }
        Ok(token)
    }

    /// Asks the endpoint; its status, its answer, and how long it wants to be left alone.
    async fn ask(&self, before: Option<&Token>) -> Result<(u16, Vec<u8>, Option<Duration>), TokenError> {
        // What a library says about a request may hold the address with its parameters.
        let failed = |error: reqwest::Error| transient(format!("ask the endpoint: {}", error.without_url()));
        let client = redress_runtime::http::client().map_err(failed)?;
        let form = token::form(&self.oauth, before);
        let mut answer = client.post(&self.oauth.token_url).form(&form).send().await.map_err(failed)?;
        let wait =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(transient("ask the endpoint: its answer is too long".to_owned()));
            }
        }
        Ok((answer.status().as_u16(), body, wait.map(Duration::from_secs)))
    }

    /// The token that is kept, if it came of what is in the settings now.
    async fn load(&self) -> Result<Option<Token>, TokenError> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let stored = kept
            .kv
            .get(&kept.key)
            .await
            .map_err(|error| transient(format!("look whether one is kept: {error}")))?;
        let opened = stored.and_then(|(sealed, _): (Bytes, u64)| kept.vault.open_secret(&kept.key, &sealed));
        let token = opened.and_then(|plain| serde_json::from_slice::<Token>(&plain).ok());
        Ok(token.filter(|token| token.comes_of(&self.root)))
    }
}

impl State {
    fn usable(&self, now: Timestamp) -> Option<&Token> {
        let refused =
            |token: &&Token| self.refused.as_ref().is_some_and(|refused| refused.expose() == token.access());
        self.token.as_ref().filter(|token| token.is_good(now)).filter(|token| !refused(token))
    }
}

fn transient(reason: String) -> TokenError {
    TokenError { kind: Kind::Transient, wait: None, reason }
}
