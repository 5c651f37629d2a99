//! Every mistake is named with its key, all of them at once.

use super::*;

fn keys(settings: &Settings) -> Vec<String> {
    let problems = Config::check(settings).unwrap_err();
    problems.0.into_iter().map(|problem| problem.key).collect()
}

fn smtp() -> Settings {
    let mut settings = Settings {
        transport: "smtp".to_owned(),
        from_address: "help@example.org".to_owned(),
        ..Settings::default()
    };
    settings.smtp.host = "mail.example.org".to_owned();
    settings
}

#[test]
fn nothing_needs_to_be_written_for_first_use() {
    let config = Config::check(&Settings::default()).unwrap();
    assert!(matches!(config.transport, TransportConfig::Maildir(_)));
    assert_eq!(config.sender("help").address, NOBODY);
}

#[test]
fn a_mail_server_needs_little() {
    let config = Config::check(&smtp()).unwrap();
    let TransportConfig::Smtp(server) = &config.transport else { panic!("{:?}", config.transport) };
    assert_eq!((server.port, server.tls, server.hello_name.as_str()), (587, Tls::StartTls, "example.org"));
    assert_eq!(
        (config.bounce_address.as_str(), config.message_id_domain.as_str()),
        ("help@example.org", "example.org")
    );
}

#[test]
fn each_mistake_is_named() {
    type Mistake = (&'static str, fn(&mut Settings));
    let mistakes: [Mistake; 19] = [
        ("notifier.transport", |s| s.transport = "pigeon".to_owned()),
        ("notifier.from_address", |s| s.from_address = "nobody".to_owned()),
        ("notifier.bounce_address", |s| s.bounce_address = "b@\r\nc".to_owned()),
        ("notifier.message_id_domain", |s| s.message_id_domain = "a b".to_owned()),
        ("notifier.zone", |s| s.zone = "Vienna".to_owned()),
        ("notifier.languages", |s| s.languages = vec!["xx".to_owned()]),
        ("notifier.languages", |s| s.languages.clear()),
        ("notifier.templates_dir", |s| s.templates_dir = Some("/nowhere/at/all".into())),
        ("notifier.smtp.host", |s| s.smtp.host.clear()),
        ("notifier.smtp.tls", |s| s.smtp.tls = "none".to_owned()),
        ("notifier.smtp.tls", |s| s.smtp.tls = "maybe".to_owned()),
        ("notifier.smtp.user", |s| s.smtp.user = "me".to_owned()),
        ("notifier.smtp.ca_file", |s| s.smtp.ca_file = Some("/nowhere/ca.pem".into())),
        ("notifier.outbound.mode", |s| s.outbound.mode = "off".to_owned()),
        ("notifier.outbound.redirect_to", |s| s.outbound.mode = "redirect".to_owned()),
        ("notifier.handlers.h1", |s| drop(s.handlers.insert("h1".to_owned(), "x".to_owned()))),
        ("notifier.limits.anonymous_per_day", |s| s.limits.anonymous_per_day = 0),
        ("notifier.breaker_per_minute", |s| s.breaker_per_minute = 0),
        ("notifier.parallel", |s| s.parallel = 0),
    ];
    let mut all = smtp();
    for (key, mistake) in mistakes {
        let mut settings = smtp();
        mistake(&mut settings);
        assert_eq!(keys(&settings), [key]);
        // Without a transport nothing is known of a mail server.
        if key != "notifier.transport" {
            mistake(&mut all);
        }
    }
    assert!(keys(&all).len() >= 12, "all are named at once: {:?}", keys(&all));
}

#[test]
fn no_password_is_shown() {
    let mut settings = smtp();
    settings.smtp.user = "me".to_owned();
    settings.smtp.password = Secret::new("hunter2");
    let config = Config::check(&settings).unwrap();
    assert!(!format!("{settings:?} {config:?}").contains("hunter2"));
}
