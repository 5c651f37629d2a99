//! Pure: what a system with an API key states about a complaint that somebody else made: on which channel it came, when, and
//! that the complainant is who they say. Each takes a scope; the public states nothing.

use jiff::{SignedDuration, Timestamp};
use redress_contract::Channel;
use redress_contract::contact::RecordedBy;

use crate::config::{Client, STATED_CHANNELS, Scope};
use crate::normalize::{Member, Stated};
use crate::submission::clean_line;

/// Member: the channel it came on.
pub(crate) const CHANNEL: &str = "channel";
/// Member: when it reached the organisation.
pub(crate) const RECEIVED_AT: &str = "receivedAt";
/// Member: why that is not the time of the request.
pub(crate) const BACKDATING_REASON: &str = "backdatingReason";
/// Member: how it reached the organisation, in words.
pub(crate) const ARRIVAL: &str = "arrival";
/// Member: whether the complainant is known to be who they say.
pub(crate) const IDENTITY_VERIFIED: &str = "identityVerified";
/// All of them.
pub(crate) const MEMBERS: [&str; 5] = [CHANNEL, RECEIVED_AT, BACKDATING_REASON, ARRIVAL, IDENTITY_VERIFIED];
/// Longest `arrival` and `backdatingReason`.
pub(crate) const CHARS_MAX: usize = 200;

/// Clocks of other systems may be ahead of ours by so much.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);
const NO_KEY: &str = "only a system with an API key may state this";
const NOT_TEXT: &str = "must be text";

/// A member that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongMember {
    /// Which.
    pub(crate) name: &'static str,
    /// Why; holds nothing of the body.
    pub(crate) problem: String,
}

/// What was stated, with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The API's own, when nothing else was stated.
    pub(crate) channel: Channel,
    /// What goes into the contact.
    pub(crate) stated: Stated,
    /// Everything that is wrong.
    pub(crate) wrong: Vec<WrongMember>,
}

/// What this client states by these members, at this time.
pub(crate) fn read(members: Vec<(String, Member)>, client: Option<&Client>, now: Timestamp) -> Statement {
    let mut reading = Reading { client, now, values: Values::default(), wrong: Vec::new() };
    for (name, value) in members {
        reading.take(&name, value);
    }
    let is_noted = reading.wrong.iter().any(|wrong| wrong.name == BACKDATING_REASON);
    if reading.values.received_at.is_some() && reading.values.backdating_reason.is_empty() && !is_noted {
        reading.note(BACKDATING_REASON, "must say why receivedAt is not the time of the request");
    }
    let Reading { values, wrong, .. } = reading;
    let recorded_by = client.map(|client| RecordedBy {
        actor: format!("client:{}", client.name),
        arrival: values.arrival,
        backdating_reason: values.backdating_reason,
        read_back: false,
    });
    let stated = Stated {
        received_at: values.received_at,
        recorded_by,
        sender_authenticated: values.identity_verified,
        call: None,
    };
    Statement { channel: values.channel.unwrap_or(Channel::Api), stated, wrong }
}

#[derive(Default)]
struct Values {
    channel: Option<Channel>,
    received_at: Option<Timestamp>,
    backdating_reason: String,
    arrival: String,
    identity_verified: bool,
}

struct Reading<'c> {
    client: Option<&'c Client>,
    now: Timestamp,
    values: Values,
    wrong: Vec<WrongMember>,
}

impl Reading<'_> {
    fn note(&mut self, name: &'static str, problem: impl Into<String>) {
        self.wrong.push(WrongMember { name, problem: problem.into() });
    }

    fn take(&mut self, name: &str, value: Member) {
        let Some(name) = MEMBERS.into_iter().find(|known| *known == name) else { return };
        let Some(client) = self.client else { return self.note(name, NO_KEY) };
        let scope = match name {
            CHANNEL => Some(Scope::Channel),
            RECEIVED_AT | BACKDATING_REASON => Some(Scope::ReceivedAt),
            IDENTITY_VERIFIED => Some(Scope::Identity),
            _ => None,
        };
        if let Some(scope) = scope.filter(|scope| !client.scopes.contains(scope)) {
            return self
                .note(name, format!("takes the scope {}, which this API key does not have", scope.word()));
        }
        let taken = match (name, value) {
            (IDENTITY_VERIFIED, value) => self.take_identity(&value),
            (_, Member::Text(text)) => self.take_text(name, &text),
            _ => Err(NOT_TEXT.to_owned()),
        };
        if let Err(problem) = taken {
            self.note(name, problem);
        }
    }

    fn take_identity(&mut self, value: &Member) -> Result<(), String> {
        self.values.identity_verified = match value {
            Member::Bool(verified) => *verified,
            // In a part of a multipart body everything is text.
            Member::Text(text) if text == "true" => true,
            Member::Text(text) if text == "false" => false,
            _ => return Err("must be true or false".to_owned()),
        };
        Ok(())
    }

    fn take_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let values = &mut self.values;
        match name {
            CHANNEL => {
                let channel = STATED_CHANNELS.into_iter().find(|channel| channel.token() == text);
                let channel =
                    channel.ok_or_else(|| format!("must be one of {}", channel_words().join(", ")))?;
                put(&mut values.channel, channel)
            }
            RECEIVED_AT => {
                let at = text.parse::<Timestamp>().map_err(|_| {
                    "must be a time with its offset from UTC, such as 2026-03-02T11:00:00+01:00".to_owned()
                })?;
                let latest = self.now.saturating_add(AHEAD_MAX).unwrap_or(self.now);
                if at > latest {
                    return Err("lies in the future".to_owned());
                }
                let days = self.client.map_or(0, |client| client.received_days_max);
                if self.now.duration_since(at) > SignedDuration::from_hours(24 * i64::from(days)) {
                    return Err(format!("lies more than {days} days back"));
                }
                put(&mut values.received_at, at)
            }
            ARRIVAL => put_line(&mut values.arrival, text),
            _ => put_line(&mut values.backdating_reason, text),
        }
    }
}

/// Somebody is vouched for who gave no address.
pub(crate) fn nobody_named() -> WrongMember {
    let problem = "vouches for an email address or a telephone number, and there is none";
    WrongMember { name: IDENTITY_VERIFIED, problem: problem.to_owned() }
}

/// What stands for a channel that may be stated.
pub(crate) fn channel_words() -> [&'static str; STATED_CHANNELS.len()] {
    STATED_CHANNELS.map(Channel::token)
}

fn put<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    if place.replace(value).is_some() { Err("was given more than once".to_owned()) } else { Ok(()) }
}

fn put_line(place: &mut String, text: &str) -> Result<(), String> {
    if !place.is_empty() {
        return Err("was given more than once".to_owned());
    }
    if text.chars().count() > CHARS_MAX {
        return Err(format!("has more than {CHARS_MAX} characters"));
    }
    *place = clean_line(text);
    if place.is_empty() { Err("must say something".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ApiKey, Config, client_of};

    const NOW: &str = "2026-03-05T09:00:00Z";

    fn stated(scopes: &str, members: &[(&str, &str)]) -> Result<Statement, Vec<(&'static str, String)>> {
        let key = ApiKey::draw();
        let settings = format!("[clients.crm]\nkey_sha256 = ['{}']\nscopes = [{scopes}]", key.sha256);
        let config = Config::check(&toml::from_str(&settings).unwrap()).unwrap();
        read_as(client_of(&config.clients, &key.secret), members)
    }

    fn read_as(
        client: Option<&Client>,
        members: &[(&str, &str)],
    ) -> Result<Statement, Vec<(&'static str, String)>> {
        let members =
            members.iter().map(|(name, text)| ((*name).to_owned(), Member::Text((*text).to_owned())));
        let statement = read(members.collect(), client, NOW.parse().unwrap());
        if statement.wrong.is_empty() {
            return Ok(statement);
        }
        Err(statement.wrong.into_iter().map(|wrong| (wrong.name, wrong.problem)).collect())
    }

    fn wrong(scopes: &str, members: &[(&str, &str)]) -> Vec<&'static str> {
        stated(scopes, members)
            .map_or_else(|wrong| wrong.into_iter().map(|(name, _)| name).collect(), |_| vec![])
    }

    const ALL: &str = "'channel', 'received_at', 'identity'";

    #[test]
    fn a_trusted_system_says_how_and_when_it_came() {
        let statement = stated(
            ALL,
            &[
                (CHANNEL, "letter"),
                (RECEIVED_AT, "2026-03-02T11:00:00+01:00"),
                (BACKDATING_REASON, "date stamp of the post room"),
                (ARRIVAL, " registered letter "),
                (IDENTITY_VERIFIED, "true"),
            ],
        );
        let Statement { channel, stated, .. } = statement.unwrap();
        let recorded_by = stated.recorded_by.unwrap();
        assert_eq!((channel, stated.sender_authenticated), (Channel::Letter, true));
        assert_eq!(stated.received_at, Some("2026-03-02T10:00:00Z".parse().unwrap()));
        assert_eq!(
            (recorded_by.actor.as_str(), recorded_by.arrival.as_str()),
            ("client:crm", "registered letter")
        );
        assert_eq!(recorded_by.backdating_reason, "date stamp of the post room");
    }

    #[test]
    fn a_key_without_scopes_says_only_who_sends() {
        let statement = stated("", &[(ARRIVAL, "the shop")]).unwrap();
        assert_eq!((statement.channel, statement.stated.sender_authenticated), (Channel::Api, false));
        assert_eq!(statement.stated.recorded_by.unwrap().actor, "client:crm");
        for (member, text) in [(CHANNEL, "letter"), (BACKDATING_REASON, "x"), (IDENTITY_VERIFIED, "false")] {
            assert_eq!(wrong("", &[(member, text)]), [member]);
        }
    }

    #[test]
    fn the_public_states_nothing() {
        assert_eq!(read_as(None, &[]).unwrap().stated, Stated::default());
        for member in MEMBERS {
            assert_eq!(read_as(None, &[(member, "x")]).unwrap_err(), [(member, NO_KEY.to_owned())]);
        }
    }

    #[test]
    fn what_cannot_be_so_is_named() {
        let at = |at| [(RECEIVED_AT, at), (BACKDATING_REASON, "stamp")];
        assert_eq!(wrong(ALL, &at("2026-03-05T09:05:00Z")), Vec::<&str>::new());
        for bad in
            ["2026-03-05T09:05:01Z", "2024-03-04T09:00:00Z", "2026-03-02", "2026-03-02T11:00:00", "yesterday"]
        {
            assert_eq!(wrong(ALL, &at(bad)), [RECEIVED_AT], "{bad}");
        }
        assert_eq!(wrong(ALL, &[(RECEIVED_AT, "2026-03-02T11:00:00Z")]), [BACKDATING_REASON]);
        assert_eq!(wrong(ALL, &[(CHANNEL, "email")]), [CHANNEL]);
        assert_eq!(wrong(ALL, &[(CHANNEL, "phone"), (CHANNEL, "phone")]), [CHANNEL]);
        assert_eq!(wrong(ALL, &[(ARRIVAL, " \u{7}")]), [ARRIVAL]);
        assert_eq!(wrong(ALL, &[(ARRIVAL, &"a".repeat(201))]), [ARRIVAL]);
        assert_eq!(wrong(ALL, &[(IDENTITY_VERIFIED, "yes")]), [IDENTITY_VERIFIED]);
    }
}
