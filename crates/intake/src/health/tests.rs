//! What is told of an account, as time goes by.

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn begin() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn account(folders: &[&str]) -> Account {
    let folders: Vec<String> = folders.iter().map(|&name| name.to_owned()).collect();
    Account::new(&folders, Duration::from_mins(10), begin())
}

fn done(taken: usize, gaps: usize) -> Look {
    Look::Done { taken, gaps, problem: String::new() }
}

fn failed(kind: Kind) -> Look {
    Look::Failed { kind, reason: "why".to_owned() }
}

fn words(account: &mut Account, now: Timestamp) -> Vec<&'static str> {
    account.moments(now).into_iter().map(Moment::word).collect()
}

#[test]
fn a_state_is_told_once() {
    let (mut account, now) = (account(&["INBOX"]), begin());
    assert!(words(&mut account, now).is_empty(), "nothing is known yet");
    account.looked("INBOX", done(3, 0), now);
    assert_eq!(words(&mut account, now), ["healthy"]);
    account.looked("INBOX", done(0, 0), now);
    assert!(words(&mut account, now).is_empty());
    account.looked("INBOX", failed(Kind::Transient), now);
    assert_eq!(words(&mut account, now), ["degraded"]);
    account.looked("INBOX", done(1, 0), now);
    assert_eq!(words(&mut account, now), ["healthy", "caught_up"]);
}

#[test]
fn silence_is_told_after_its_time_also_when_nothing_ever_came_through() {
    let mut account = account(&["INBOX"]);
    assert!(words(&mut account, begin() + 10 * MINUTE).is_empty());
    assert_eq!(words(&mut account, begin() + 11 * MINUTE), ["stalled"]);
    account.goes_on("INBOX", begin() + 12 * MINUTE);
    account.looked("INBOX", failed(Kind::Rate), begin() + 12 * MINUTE);
    assert_eq!(words(&mut account, begin() + 12 * MINUTE), ["degraded"]);
    assert_eq!(words(&mut account, begin() + 23 * MINUTE), ["stalled"]);
    assert!(account.state(begin() + 23 * MINUTE).unwrap().1.contains("why"));
}

#[test]
fn the_worst_folder_is_told() {
    let (mut account, now) = (account(&["INBOX", "Junk"]), begin());
    account.looked("INBOX", done(0, 0), now);
    account.looked("Junk", failed(Kind::Permanent), now);
    assert_eq!(account.state(now).unwrap().0, State::Degraded);
    account.looked("INBOX", failed(Kind::Auth), now);
    assert_eq!(account.state(now + 60 * MINUTE).unwrap().0, State::AuthFailed);
    account.looked("INBOX", done(0, 0), now);
    account.looked("Junk", done(0, 0), now);
    account.login_expires(Some("no new token".to_owned()));
    assert_eq!(account.state(now).unwrap().0, State::AuthExpiring);
}

#[test]
fn gaps_and_a_backlog_are_moments() {
    let (mut account, now) = (account(&["INBOX"]), begin());
    account.looked("INBOX", done(BACKLOG, 2), now);
    assert_eq!(words(&mut account, now), ["degraded", "gap_found"]);
    account.looked("INBOX", done(5, 2), now);
    assert_eq!(words(&mut account, now), ["caught_up"]);
    account.looked("INBOX", done(0, 3), now);
    assert_eq!(words(&mut account, now), ["gap_found"]);
    account.looked("INBOX", done(0, 0), now);
    assert_eq!(words(&mut account, now), ["healthy"]);
}

#[test]
fn waits_grow_and_heed_what_was_asked_for() {
    let second = Duration::from_secs(1);
    assert_eq!(next_wait(Kind::Transient, Duration::ZERO, None), second);
    assert_eq!(next_wait(Kind::Transient, 40 * second, None), 60 * second);
    assert_eq!(next_wait(Kind::Auth, second, None), 5 * second);
    assert_eq!(next_wait(Kind::Rate, second, Some(90 * second)), 90 * second);
    assert_eq!(next_wait(Kind::Rate, second, Some(90_000 * second)), Duration::from_hours(1));
}
