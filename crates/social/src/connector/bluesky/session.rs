//! Signing in (lexicons `com.atproto.server.createSession`, `refreshSession`): the session is kept, sealed, for all replicas
//! and for the next start, since signing in anew is granted a few times an hour only.

use redress_intake::health::Kind;
use redress_runtime::Secret;
use redress_vault::Vault;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::api::Api;
use crate::config;
use crate::json::text;
use crate::state::Kept;
use crate::trouble::{Trouble, Use};

/// Who we are, and what shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) did: String,
    pub(super) handle: String,
    access: String,
    refresh: String,
}

/// The session of one account.
pub(super) struct Sessions {
    identifier: String,
    password: Secret,
    state: Mutex<State>,
}

struct State {
    kept: Kept,
    current: Option<Session>,
}

impl Sessions {
    pub(super) fn new(name: &str, source: &config::Bluesky, vault: &Vault) -> Self {
        let kept = Kept::new(name, "session", vault);
        Self {
            identifier: source.identifier.clone(),
            password: source.password.clone(),
            state: Mutex::new(State { kept, current: None }),
        }
    }

    /// The session there is, else the one that is kept, else a new one.
    pub(super) async fn current(&self, api: &Api) -> Result<Session, Trouble> {
        let mut state = self.state.lock().await;
        if let Some(session) = &state.current {
            return Ok(session.clone());
        }
        let session = match state.kept.load::<Session>().await.map_err(|_| broker())? {
            Some(kept) => kept,
            None => self.sign_in(api, &mut state).await?,
        };
        Ok(state.current.insert(session).clone())
    }

    /// Asks with the session; once more with a fresh one when the platform says that it has expired.
    pub(super) async fn ask(
        &self,
        api: &Api,
        wish: Use,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Value, Trouble> {
        let session = self.current(api).await?;
        match api.json(request().bearer_auth(&session.access), wish).await {
            Err(trouble) if has_expired(&trouble) => {
                let fresh = self.renew(api, &session).await?;
                api.json(request().bearer_auth(&fresh.access), wish).await
            }
            other => other,
        }
    }

    /// A fresh session in place of one that expired: another replica may have got one already.
    async fn renew(&self, api: &Api, expired: &Session) -> Result<Session, Trouble> {
        let mut state = self.state.lock().await;
        if let Some(session) = state.current.clone().filter(|session| session != expired) {
            return Ok(session);
        }
        if let Some(kept) = state.kept.load::<Session>().await.map_err(|_| broker())?
            && kept != *expired
        {
            return Ok(state.current.insert(kept).clone());
        }
        let request = api
            .request(Method::POST, "/xrpc/com.atproto.server.refreshSession")
            .bearer_auth(&expired.refresh);
        let session = match api.json(request, Use::Answer).await {
            Ok(answer) => self.keep(session(&answer)?, &mut state).await?,
            Err(trouble) if has_expired(&trouble) || trouble.kind == Kind::Permanent => {
                self.sign_in(api, &mut state).await?
            }
            Err(trouble) => return Err(trouble),
        };
        Ok(state.current.insert(session).clone())
    }

    async fn sign_in(&self, api: &Api, state: &mut State) -> Result<Session, Trouble> {
        let body = json!({ "identifier": self.identifier, "password": self.password.expose() });
        let request = api.request(Method::POST, "/xrpc/com.atproto.server.createSession").json(&body);
        let answer = api.json(request, Use::Answer).await?;
        self.keep(session(&answer)?, state).await
    }

    /// Kept before it is used: a refresh token that was used and lost would mean signing in anew.
    async fn keep(&self, session: Session, state: &mut State) -> Result<Session, Trouble> {
        match state.kept.save(&session).await {
            Ok(()) => Ok(session),
            // Another replica kept one: whichever comes last works for both.
            Err(redress_bus::KvError::Conflict { .. }) => {
                let _: Option<Session> = state.kept.load().await.map_err(|_| broker())?;
                Ok(session)
            }
            Err(_) => Err(broker()),
        }
    }
}

fn session(answer: &Value) -> Result<Session, Trouble> {
    let [did, handle, access, refresh] =
        ["did", "handle", "accessJwt", "refreshJwt"].map(|field| text(&answer[field]));
    if did.is_empty() || access.is_empty() {
        return Err(Trouble::new(
            Kind::Transient,
            "the platform's answer to signing in has an unknown shape",
        ));
    }
    Ok(Session { did, handle, access, refresh })
}

/// Expired tokens come as a bad request with a word for it, or as a refusal.
fn has_expired(trouble: &Trouble) -> bool {
    let told = ["ExpiredToken", "InvalidToken"].iter().any(|word| trouble.reason.contains(word));
    told || trouble.kind == Kind::Auth
}

fn broker() -> Trouble {
    Trouble::new(Kind::Transient, "the broker did not answer")
}
