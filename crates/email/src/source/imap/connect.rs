//! The way to the server: TCP, TLS, and an end to waiting for a server that has gone silent.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsConnector;

use super::ImapError;
use crate::config::{Imap, Tls};

/// Longest wait for the next byte, and for each step of connecting.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What IMAP is spoken over.
pub(super) type Wire = Timed<Box<dyn Plain>>;

/// A stream of bytes, secured or not.
pub(super) trait Plain: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Plain for S {}

/// Opens a connection to the server, secured when the settings want it from the first byte on.
pub(super) async fn open(place: &Imap) -> Result<Wire, ImapError> {
    let failed = |source| ImapError::Connect { host: place.host.clone(), port: place.port, source };
    let dial = TcpStream::connect((place.host.as_str(), place.port));
    let tcp = in_time(dial).await.map_err(failed)?;
    tcp.set_nodelay(true).map_err(failed)?;
    let wire = Timed::new(Box::new(tcp) as Box<dyn Plain>);
    if place.tls == Tls::Implicit { secure(place, wire).await } else { Ok(wire) }
}

/// Secures a connection.
pub(super) async fn secure(place: &Imap, wire: Wire) -> Result<Wire, ImapError> {
    let config = client_config(place.ca_file.as_deref())?;
    let name = ServerName::try_from(place.host.clone()).map_err(|error| ImapError::Tls(error.to_string()))?;
    let shake = TlsConnector::from(Arc::new(config)).connect(name, wire.inner);
    let tls = in_time(shake).await.map_err(|source| ImapError::Connect {
        host: place.host.clone(),
        port: place.port,
        source,
    })?;
    Ok(Timed::new(Box::new(tls)))
}

fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, ImapError> {
    let tls = |error: &dyn std::fmt::Display| ImapError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(&error))?;
    let Some(path) = ca_file else {
        return Ok(builder.with_platform_verifier().map_err(|error| tls(&error))?.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| tls(&error))? {
        roots.add(certificate.map_err(|error| tls(&error))?).map_err(|error| tls(&error))?;
    }
    if roots.is_empty() {
        return Err(ImapError::Tls(format!("{} holds no certificate", path.display())));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(SILENCE_MAX, step).await {
        Ok(done) => done,
        Err(_) => Err(silent(SILENCE_MAX)),
    }
}

fn silent(silence_max: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("nothing was heard for {} s", silence_max.as_secs()))
}

/// A stream that fails when the other side stays silent too long while something is awaited from it.
#[derive(Debug)]
pub(super) struct Timed<S> {
    inner: S,
    silence_max: Duration,
    reading: Pin<Box<Sleep>>,
    writing: Pin<Box<Sleep>>,
    is_reading: bool,
    is_writing: bool,
}

impl<S> Timed<S> {
    fn new(inner: S) -> Self {
        let sleep = || Box::pin(tokio::time::sleep(SILENCE_MAX));
        Self {
            inner,
            silence_max: SILENCE_MAX,
            reading: sleep(),
            writing: sleep(),
            is_reading: false,
            is_writing: false,
        }
    }

    /// Waits so long for the next byte from now on.
    pub(super) fn be_patient(&mut self, silence_max: Duration) {
        self.silence_max = silence_max;
        (self.is_reading, self.is_writing) = (false, false);
    }
}

/// Passes on what is ready; what is pending is watched by the alarm.
fn watch<T>(
    poll: Poll<io::Result<T>>,
    (alarm, is_set): (&mut Pin<Box<Sleep>>, &mut bool),
    silence_max: Duration,
    context: &mut Context<'_>,
) -> Poll<io::Result<T>> {
    if poll.is_ready() {
        *is_set = false;
        return poll;
    }
    if !*is_set {
        alarm.as_mut().reset(Instant::now() + silence_max);
        *is_set = true;
    }
    match alarm.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(Err(silent(silence_max))),
        Poll::Pending => Poll::Pending,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.inner).poll_read(context, buffer);
        watch(poll, (&mut this.reading, &mut this.is_reading), this.silence_max, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.inner).poll_write(context, bytes);
        watch(poll, (&mut this.writing, &mut this.is_writing), this.silence_max, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.inner).poll_flush(context);
        watch(poll, (&mut this.writing, &mut this.is_writing), this.silence_max, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
