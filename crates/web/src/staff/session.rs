//! The session of a clerk who signed in: a signed cookie, nothing stored. It rests on the password's hash, so that a new
//! password ends every session of the old one.

use redress_identity::Keys;

use super::config::{Accounts, Sessions};

/// A cookie is made anew once what it says of the last request is so old, in seconds.
const RENEW_AFTER: i64 = 60;

/// Somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which account.
    pub(crate) account: String,
    /// Tells it from other sessions of the account.
    pub(crate) id: String,
    /// When it began, in seconds.
    signed_in_at: i64,
    /// When its clerk last asked for something.
    seen_at: i64,
}

impl Session {
    /// Somebody signs in.
    pub(crate) fn begin(account: &str, id: String, now: i64) -> Self {
        Self { account: account.to_owned(), id, signed_in_at: now, seen_at: now }
    }

    /// The session in a cookie: signed by these keys, of an account that is there with the same password, and neither
    /// over nor forgotten.
    pub(crate) fn read(
        cookie: &str,
        (keys, accounts): (&Keys, &Accounts),
        sessions: Sessions,
        now: i64,
    ) -> Option<Self> {
        let parts: Vec<&str> = cookie.splitn(6, '.').collect();
        let [account, id, signed_in_at, seen_at, code] = parts[..] else { return None };
        let hash = accounts.get(account)?;
        // The code covers the digits as they stand.
        if !keys.session_code_fits(&[account, id, signed_in_at, seen_at, &hash.text], code) {
            return None;
        }
        let session = Self {
            account: account.to_owned(),
            id: id.to_owned(),
            signed_in_at: signed_in_at.parse().ok()?,
            seen_at: seen_at.parse().ok()?,
        };
        let is_live =
            now < session.ends_at(sessions) && now.saturating_sub(session.seen_at) <= sessions.idle_seconds;
        is_live.then_some(session)
    }

    /// When it ends however busy it is.
    pub(crate) fn ends_at(&self, sessions: Sessions) -> i64 {
        self.signed_in_at.saturating_add(sessions.seconds)
    }

    /// The same, seen now; none when the last time is close.
    pub(crate) fn renewed(&self, now: i64) -> Option<Self> {
        let is_old = now.saturating_sub(self.seen_at) >= RENEW_AFTER;
        is_old.then(|| Self { seen_at: now, ..self.clone() })
    }

    /// What the cookie holds.
    pub(crate) fn cookie(&self, keys: &Keys, accounts: &Accounts) -> String {
        let hash = accounts.get(&self.account).map_or("", |hash| hash.text.as_str());
        let (signed_in_at, seen_at) = (self.signed_in_at.to_string(), self.seen_at.to_string());
        let code = keys.session_code(&[&self.account, &self.id, &signed_in_at, &seen_at, hash]);
        format!("{}.{}.{signed_in_at}.{seen_at}.{code}", self.account, self.id)
    }

    /// Who this is in a record.
    pub(crate) fn actor(&self) -> String {
        format!("clerk:{}", self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::super::password::hash;
    use super::*;

    const TIMES: Sessions = Sessions { idle_seconds: 600, seconds: 3_600 };

    fn accounts(password: &str) -> Accounts {
        Accounts::with("ina", &hash(password).unwrap())
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_not_beyond_its_end() {
        let (keys, accounts) = (Keys::from_master(&[7; 32]), accounts("correct horse battery"));
        let begun = Session::begin("ina", "id".to_owned(), 1_000);
        let cookie = begun.cookie(&keys, &accounts);
        let read = |cookie: &str, now| Session::read(cookie, (&keys, &accounts), TIMES, now);
        assert_eq!(read(&cookie, 1_600), Some(begun.clone()));
        assert_eq!(read(&cookie, 1_601), None, "nobody was there for too long");
        assert_eq!(begun.renewed(1_059), None);
        let mut session = begun;
        for now in (1_060..4_600).step_by(590) {
            session = session.renewed(now).unwrap();
            assert!(read(&session.cookie(&keys, &accounts), now).is_some(), "{now}");
        }
        let last = session.renewed(4_599).unwrap().cookie(&keys, &accounts);
        assert!(read(&last, 4_599).is_some());
        assert_eq!(read(&last, 4_600), None, "it is over");
    }

    #[test]
    fn nobody_else_makes_a_session_and_a_new_password_ends_it() {
        let (keys, old) = (Keys::from_master(&[7; 32]), accounts("correct horse battery"));
        let cookie = Session::begin("ina", "id".to_owned(), 1_000).cookie(&keys, &old);
        let read = |cookie: &str, accounts: &Accounts| Session::read(cookie, (&keys, accounts), TIMES, 1_001);
        assert!(read(&cookie, &old).is_some());
        assert_eq!(read(&cookie, &accounts("another horse altogether")), None);
        let other = Keys::from_master(&[8; 32]);
        assert_eq!(Session::read(&cookie, (&other, &old), TIMES, 1_001), None);
        for bad in [
            String::new(),
            "....".to_owned(),
            cookie.replace("ina", "eve"),
            cookie.replace("1000", "1001"),
            cookie.replacen(".id.", ".ie.", 1),
            format!("{cookie}.x"),
            cookie.rsplit_once('.').unwrap().0.to_owned(),
        ] {
            assert_eq!(read(&bad, &old), None, "{bad}");
        }
    }
}
