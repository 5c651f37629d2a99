//! The one HTTP client, with time-outs and limits, and the TLS set-up of the process.

/// Chooses the cryptography of TLS (ring) for the whole process; call it first thing. Harmless when called again.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client with time-outs (10 s to connect, 30 s whole), no redirects, no proxy from the environment.
///
/// # Errors
/// When the platform's certificate store cannot be read.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    install_tls();
    reqwest::Client::builder()
        .connect_timeout(std::time::Duration::from_secs(10))
        .timeout(std::time::Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
