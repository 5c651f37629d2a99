//! Signing in to a real Dovecot with tokens, which it checks at the endpoint that gave them.

use std::time::Duration;

use redress_email::config::AccountSettings;
use redress_email::config::oauth::{GrantKind, Mechanism, OauthSettings};
use redress_runtime::Secret;
use redress_runtime::health::State;
use redress_testkit::dovecot::Dovecot;
use redress_testkit::token_server::{CLIENT, FIRST_REFRESH_TOKEN};
use redress_testkit::{TokenServer, eventually};

use crate::imap::{account, deliver, until_flagged};
use crate::world::World;

fn with_tokens(dovecot: &Dovecot, server: &TokenServer, grant: GrantKind) -> AccountSettings {
    let refresh_token = match grant {
        GrantKind::ClientCredentials => Secret::default(),
        GrantKind::RefreshToken => Secret::new(FIRST_REFRESH_TOKEN),
    };
    let oauth = OauthSettings {
        grant,
        token_url: server.token_url(),
        client_id: CLIENT.0.to_owned(),
        client_secret: Secret::new(CLIENT.1),
        refresh_token,
        ..OauthSettings::default()
    };
    AccountSettings { password: Secret::default(), oauth: Some(oauth), ..account(dovecot) }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_grants_and_both_mechanisms_sign_in() {
    let server = TokenServer::start().await;
    let Some(dovecot) = Dovecot::start_with_tokens(&server.introspection_url()) else { return };
    let world = World::start().await;
    let mut mails = Vec::new();
    let ways = [
        (GrantKind::ClientCredentials, Mechanism::Xoauth2),
        (GrantKind::RefreshToken, Mechanism::Oauthbearer),
    ];
    for (n, (grant, mechanism)) in ways.into_iter().enumerate() {
        let mut settings = with_tokens(&dovecot, &server, grant);
        settings.oauth.as_mut().unwrap().mechanism = mechanism;
        let running = world.run(settings);
        mails.extend(deliver(&dovecot, n..n + 1));
        until_flagged(&dovecot, n + 1).await;
        running.until_health("it is ready", |state| *state == State::Ready).await;
        running.stop().await;
    }
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_was_exchanged_is_kept_sealed_over_a_restart() {
    let server = TokenServer::start().await;
    let Some(dovecot) = Dovecot::start_with_tokens(&server.introspection_url()) else { return };
    let world = World::start().await;
    let settings = with_tokens(&dovecot, &server, GrantKind::RefreshToken);
    for n in 1..=3 {
        // The first refresh token is worth nothing after the first time; so is each token that was given.
        server.revoke_all();
        let running = world.run(settings.clone());
        deliver(&dovecot, n..n + 1);
        until_flagged(&dovecot, n).await;
        running.kill().await;
    }
    assert_eq!(server.given(), 3);
    let kept = world.bus.kv("cursors").get("email.help.token").await.unwrap().unwrap().0;
    for word in [&b"token-3"[..], b"refresh-3"] {
        assert!(!kept.windows(word.len()).any(|part| part == word), "it lies there readable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_runs_out_is_renewed_before_and_a_session_that_ends_with_it_is_opened_anew() {
    let server = TokenServer::start().await;
    let Some(mut dovecot) = Dovecot::start_with_tokens(&server.introspection_url()) else { return };
    let world = World::start().await;
    server.live_for(Duration::from_secs(4));
    // Looked at again and again, as with a server that knows no IDLE.
    let settings =
        AccountSettings { idle: false, ..with_tokens(&dovecot, &server, GrantKind::ClientCredentials) };
    let running = world.run(settings);
    let mut mails = deliver(&dovecot, 0..5);
    until_flagged(&dovecot, 5).await;
    eventually("tokens are renewed in time", || async { (server.given() >= 3).then_some(()) }).await;
    running.until_health("it is ready", |state| *state == State::Ready).await;
    // All sessions end, and no token given so far is worth anything.
    server.live_for(Duration::from_hours(1));
    server.revoke_all();
    dovecot.restart();
    mails.extend(deliver(&dovecot, 5..10));
    until_flagged(&dovecot, 10).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_no_is_told_apart_and_asked_again_slowly() {
    let server = TokenServer::start().await;
    let Some(dovecot) = Dovecot::start_with_tokens(&server.introspection_url()) else { return };
    let world = World::start().await;
    server.say_no(Some((400, r#"{"error":"invalid_grant","error_description":"ann@example.com"}"#)));
    let running = world.run(with_tokens(&dovecot, &server, GrantKind::RefreshToken));
    let told = |state: &State| matches!(state, State::Failing(why) if why.contains("invalid_grant") && !why.contains("ann"));
    running.until_health("it is told", told).await;
    server.say_no(Some((503, "")));
    running
        .until_health("it is told", |state| matches!(state, State::Failing(why) if why.contains("503")))
        .await;
    assert!(server.asked() < 5, "it was asked {} times", server.asked());
    server.say_no(None);
    let mails = deliver(&dovecot, 0..2);
    until_flagged(&dovecot, 2).await;
    running.stop().await;
    world.assert_exactly(&mails).await;
}
