//! A multipart body with files: each goes into a sealed blob as it comes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::http::header;
use axum::http::request::Parts as RequestParts;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use redress_contract::contact::Attachment;
use redress_intake::{FileError, Files};
use redress_runtime::logs::chain;
use tokio::time::Instant;
use tokio_util::sync::PollSender;
use tracing::warn;

use super::App;
use super::body::{BodyError, FilePiece, Piece, Pieces};
use super::form::{Asked, stated_media_type};
use super::scan;
use super::status::prove;
use crate::addition::REFERENCE_FIELD;
use crate::clamd::Patience;
use crate::file::{self, FILES_FIELD, HEAD_BYTES, MEBIBYTE};
use crate::submission::{ErrorKind, FieldError};

/// How much beyond the limits is still read, so that whoever sends a little too much hears it from the form with all
/// that they typed, and not from a broken connection.
const BEYOND_MAX: usize = 8 * MEBIBYTE;

/// A submission with its files, which lie in blobs.
#[derive(Default)]
pub(super) struct Received {
    pub(super) texts: Vec<(String, String)>,
    /// Its texts, as a form without files would have sent them; the files lie beside.
    pub(super) raw: String,
    pub(super) errors: Vec<FieldError>,
    pub(super) uploaded: Uploaded,
    /// Why files are missing that were sent.
    pub(super) missing: Option<Missing>,
    /// With clamd; none where there is no clamd.
    patience: Option<Patience>,
}

/// Files on their way to a contact.
#[derive(Default)]
pub(super) struct Uploaded {
    pub(super) attachments: Vec<Attachment>,
    /// None when there are no files.
    pub(super) files: Option<Files>,
}

/// Why files were not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// They belong to nothing that can be taken as it is.
    NotAsked,
    /// The receipt code that they would be taken for does not stand before them.
    CodeNotFirst,
    /// Too many files are coming in at once, or too much from one sender.
    Busy,
    /// The broker did not take them.
    NotStored,
}

impl Received {
    /// Keeps a text as it came, byte by byte, beside what can be read of it.
    fn keep_text(&mut self, name: String, text: &[u8]) {
        if !self.raw.is_empty() {
            self.raw.push('&');
        }
        self.raw.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.raw.push('=');
        self.raw.extend(form_urlencoded::byte_serialize(text));
        self.texts.push((name, String::from_utf8_lossy(text).into_owned()));
    }
}

/// What must be so before files are taken in: nobody is to fill the store who has no complaint to make. What says it stands
/// before the files.
pub(super) enum Gate<'a> {
    /// Nothing.
    Open,
    /// Nothing, and its sender has a key: how much they send is not limited.
    Client,
    /// It is known not to be so.
    Closed,
    /// A form of ours is being sent.
    Form(Asked<'a>),
    /// The receipt code in this field belongs to the reference, which is given or stands in a field too.
    Receipt { reference: Option<&'a str>, code_field: &'static str },
}

impl Gate<'_> {
    /// Why files are not taken in for these texts.
    async fn refuses(&self, app: &App, texts: &[(String, String)]) -> Option<Missing> {
        let text = |field: &str| texts.iter().find(|(name, _)| name == field).map_or("", |(_, text)| text);
        let is_so = match self {
            Self::Open | Self::Client => true,
            Self::Closed => false,
            Self::Form(asked) => asked.is_sent(texts),
            Self::Receipt { code_field, .. } if !texts.iter().any(|(name, _)| name == code_field) => {
                return Some(Missing::CodeNotFirst);
            }
            Self::Receipt { reference, code_field } => {
                let reference = reference.unwrap_or_else(|| text(REFERENCE_FIELD));
                match prove(app, reference, text(code_field)).await {
                    Ok(proof) => proof.is_some(),
                    Err(error) => {
                        warn!(error = chain(&error), "Could not look up a complaint that files are for");
                        return Some(Missing::NotStored);
                    }
                }
            }
        };
        (!is_so).then_some(Missing::NotAsked)
    }
}

/// Takes a submission in, within the limits of size and time.
pub(super) async fn receive(
    app: &App,
    parts: &RequestParts,
    body: Body,
    gate: &Gate<'_>,
) -> Result<Received, BodyError> {
    let config = &app.config;
    let bytes_max = config.body_bytes_max + config.uploads.total_bytes_max + BEYOND_MAX;
    let stated = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|bytes| bytes > bytes_max) {
        return Err(BodyError::TooLarge);
    }
    let (body, ended) = bounded(body, bytes_max, config.body_read_timeout);
    let media_type = stated_media_type(&parts.headers);
    // What is not said is taken for the most that it may be.
    let mebibytes = stated.unwrap_or(config.uploads.total_bytes_max).div_ceil(MEBIBYTE);
    let within_budget =
        || matches!(gate, Gate::Client) || app.upload_budget.admit_many(parts, mebibytes).is_ok();
    let reading = Box::pin(take_apart(app, &media_type, body, (gate, &within_budget)));
    // Nobody is cut off for what clamd kept them waiting.
    let waiting = config.clamd.as_ref().map_or(Duration::ZERO, |clamd| clamd.patience);
    let read = tokio::time::timeout(config.upload_timeout + waiting, reading).await;
    // Why a body ended is known here; to who takes it apart it is merely broken.
    read.unwrap_or(Err(BodyError::TooSlow)).map_err(|error| ended.get().copied().unwrap_or(error))
}

async fn take_apart(
    app: &App,
    media_type: &str,
    body: Body,
    (gate, within_budget): (&Gate<'_>, &(dyn Fn() -> bool + Sync)),
) -> Result<Received, BodyError> {
    let mut pieces = Pieces::of(media_type, app.config.body_bytes_max, body).await?;
    let mut received = Received { patience: scan::patience(app), ..Received::default() };
    let mut permit = None;
    // Without files a submission may take no longer than any other.
    let texts_by = Instant::now() + app.config.body_read_timeout;
    loop {
        let next = pieces.next();
        let piece = if received.uploaded.files.is_some() {
            next.await?
        } else {
            tokio::time::timeout_at(texts_by, next).await.unwrap_or(Err(BodyError::TooSlow))?
        };
        let Some(piece) = piece else { return Ok(received) };
        let (name, objection) = match piece {
            Piece::Text(name, text) => {
                received.keep_text(name, &text);
                continue;
            }
            Piece::Nothing => continue,
            Piece::EmptyFile(name) => (name, Some(ErrorKind::FileEmpty)),
            Piece::File(file) if file.name != FILES_FIELD => (file.name, Some(ErrorKind::Unknown)),
            Piece::File(file) => {
                if permit.is_none() && received.missing.is_none() {
                    permit = Arc::clone(&app.uploads).try_acquire_owned().ok();
                    received.missing = match &permit {
                        None => Some(Missing::Busy),
                        Some(_) => gate.refuses(app, &received.texts).await,
                    };
                    if received.missing.is_none() && !within_budget() {
                        received.missing = Some(Missing::Busy);
                    }
                }
                if received.missing.is_some() {
                    // Nobody waits in a place whose files are not taken.
                    permit = None;
                    continue;
                }
                (FILES_FIELD.to_owned(), received.take_file(app, file).await?)
            }
        };
        received.errors.extend(objection.map(|kind| FieldError::other(&name, kind)));
    }
}

impl Received {
    /// Stores a file; answers what is wrong with it.
    async fn take_file(
        &mut self,
        app: &App,
        mut file: Box<FilePiece<'_>>,
    ) -> Result<Option<ErrorKind>, BodyError> {
        let (limits, uploaded) = (&app.config.uploads, &mut self.uploaded);
        let head = head(&mut file).await?;
        let media_type = file::media_type(&head);
        let bytes = uploaded.attachments.iter().map(|file| file.size_bytes as usize).sum();
        if let Some(objection) = limits.objection(uploaded.attachments.len(), bytes, media_type) {
            return Ok(Some(objection));
        }
        let left = limits.left(bytes);
        let file_name = file::name(file.field.file_name().unwrap_or_default());
        let files = uploaded.files.get_or_insert_with(|| app.deps.intake.begin_files());
        let mut content = Content { field: &mut file.field, ready: head, left, is_over: false, tap: None };
        match scan::store(app, files, &mut content, self.patience.as_mut()).await {
            Ok((stored, (scan, scan_finding))) => {
                uploaded.attachments.push(Attachment {
                    file_name,
                    media_type: media_type.to_owned(),
                    size_bytes: stored.size_bytes,
                    sha256: stored.sha256,
                    blob: Some(stored.blob),
                    scan,
                    scan_finding,
                    ..Attachment::default()
                });
                Ok(None)
            }
            Err(FileError::Read(_)) if content.is_over => Ok(Some(limits.too_large(left))),
            Err(FileError::Read(_)) => Err(BodyError::Broken),
            Err(FileError::Put(error)) => {
                warn!(error = chain(&error), "Could not store a file");
                self.missing = Some(Missing::NotStored);
                Ok(None)
            }
        }
    }
}

/// The body up to so many bytes, as long as it keeps coming, and where it says why it ended before its end.
fn bounded(body: Body, bytes_max: usize, silence_max: Duration) -> (Body, Arc<OnceLock<BodyError>>) {
    let ended = Arc::new(OnceLock::new());
    let why = Arc::clone(&ended);
    let begun = (body.into_data_stream(), bytes_max);
    let chunks = futures::stream::try_unfold(begun, move |(mut chunks, left)| {
        let why = Arc::clone(&why);
        async move {
            let end = |error| {
                let _ = why.set(error);
                io::Error::other(error)
            };
            let next = tokio::time::timeout(silence_max, chunks.next()).await;
            let Some(chunk) = next.map_err(|_| end(BodyError::TooSlow))? else { return Ok(None) };
            let chunk = chunk.map_err(|_| end(BodyError::Broken))?;
            let left = left.checked_sub(chunk.len()).ok_or_else(|| end(BodyError::TooLarge))?;
            Ok::<_, io::Error>(Some((chunk, (chunks, left))))
        }
    });
    (Body::from_stream(chunks), ended)
}

/// The first bytes of a file, as many as tell what it is.
async fn head(file: &mut FilePiece<'_>) -> Result<Bytes, BodyError> {
    let mut head = BytesMut::from(std::mem::take(&mut file.first));
    while head.len() < HEAD_BYTES {
        let Some(chunk) = file.field.chunk().await.map_err(|_| BodyError::Broken)? else { break };
        head.extend_from_slice(&chunk);
    }
    Ok(head.freeze())
}

/// The bytes of a file, up to a limit.
pub(super) struct Content<'f, 'm> {
    field: &'f mut Field<'m>,
    ready: Bytes,
    left: usize,
    is_over: bool,
    /// Who sees them too, until they see enough.
    pub(super) tap: Option<PollSender<Bytes>>,
}

impl Content<'_, '_> {
    /// Waits until who sees them too has room for more.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(tap) = &mut self.tap
            && ready!(tap.poll_reserve(context)).is_err()
        {
            self.tap = None;
        }
        Poll::Ready(())
    }
}

impl Stream for Content<'_, '_> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(self.poll_room(context));
        let chunk = if self.ready.is_empty() {
            match ready!(Pin::new(&mut *self.field).poll_next(context)) {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                None => {
                    self.tap = None;
                    return Poll::Ready(None);
                }
            }
        } else {
            std::mem::take(&mut self.ready)
        };
        let Some(left) = self.left.checked_sub(chunk.len()) else {
            self.is_over = true;
            return Poll::Ready(Some(Err(io::Error::other("larger than it may be"))));
        };
        self.left = left;
        if let Some(tap) = &mut self.tap
            && tap.send_item(chunk.clone()).is_err()
        {
            self.tap = None;
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}
