//! Ways out: TLS with a login, and a folder.

use std::sync::Arc;

use redress_runtime::Secret;
use redress_testkit::smtp::{Options, SmtpSink, TlsStart};

use crate::stage::Stage;

/// A server's TLS and the certificate to trust it by.
fn tls() -> (Arc<rustls::ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    (Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap()), made.cert.pem())
}

#[tokio::test]
async fn mail_leaves_over_tls_after_logging_in() {
    for (word, start) in [("implicit", TlsStart::Implicit), ("starttls", TlsStart::StartTls)] {
        let mut stage = Stage::set().await;
        let (config, pem) = tls();
        let login = Some(("redress".to_owned(), "secret".to_owned()));
        stage.sink =
            SmtpSink::start_with(Options { login, tls: Some((start, config)), ..Options::default() }).await;
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), pem).unwrap();
        let mut settings = stage.settings();
        settings.smtp.host = "localhost".to_owned();
        settings.smtp.tls = word.to_owned();
        settings.smtp.ca_file = Some(ca.path().to_owned());
        settings.smtp.user = "redress".to_owned();
        settings.smtp.password = Secret::new("secret");
        let replica = stage.start_with(&settings);
        let id = stage.register("c1", "jane@example.com").await;
        stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
        replica.stop().await;
        assert_eq!(stage.later_events(&id).await[0], "CommunicationAccepted", "{word}: at the first try");
    }
}

#[tokio::test]
async fn an_unknown_certificate_or_a_wrong_password_is_waited_out() {
    for (trusted, password) in [(false, "secret"), (true, "wrong")] {
        let mut stage = Stage::set().await;
        let (config, pem) = tls();
        let login = Some(("redress".to_owned(), "secret".to_owned()));
        let options = Options { login, tls: Some((TlsStart::Implicit, config)), ..Options::default() };
        stage.sink = SmtpSink::start_with(options).await;
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), pem).unwrap();
        let mut settings = stage.settings();
        settings.smtp.host = "localhost".to_owned();
        settings.smtp.tls = "implicit".to_owned();
        settings.smtp.ca_file = trusted.then(|| ca.path().to_owned());
        settings.smtp.user = "redress".to_owned();
        settings.smtp.password = Secret::new(password);
        let replica = stage.start_with(&settings);
        let id = stage.register("c1", "jane@example.com").await;
        stage.eventually_fates(&id, &["acknowledgement complainant Queued"]).await;
        replica.stop().await;
        assert!(stage.sink.mails().is_empty());
    }
}

#[tokio::test]
async fn without_a_mail_server_messages_lie_in_a_folder() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = stage.settings();
    settings.transport = "maildir".to_owned();
    settings.maildir_path = folder.path().join("outgoing");
    let replica = stage.start_with(&settings);
    let id = stage.register("c1", "jane@example.com").await;
    stage.eventually_fates(&id, &["acknowledgement complainant Accepted"]).await;
    replica.stop().await;
    let files: Vec<_> = std::fs::read_dir(folder.path().join("outgoing/new")).unwrap().collect();
    assert_eq!(files.len(), 1);
}
