//! Bodies: read whole within a size and a time, and taken apart when they are multipart.

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use redress_runtime::body::ReadError;

use crate::Config;
use crate::normalize::{PARTS_MAX, TooManyFields};
use crate::submission::{ErrorKind, FieldError};

/// A body that could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than the settings allow.
    #[error("the body is too large")]
    TooLarge,
    /// More fields than are taken.
    #[error(transparent)]
    TooManyFields(#[from] TooManyFields),
    /// Not sent in time.
    #[error("the body came too slowly")]
    TooSlow,
    /// It ended early, or is not what its media type says.
    #[error("the body is broken")]
    Broken,
}

/// Named texts, and what stood beside them that is no text.
pub type Parts = (Vec<(String, String)>, Vec<FieldError>);

/// Reads a body whole.
pub(super) async fn read(body: Body, config: &Config) -> Result<Bytes, BodyError> {
    Ok(redress_runtime::body::read(body, config.body_bytes_max, config.body_read_timeout).await?)
}

impl From<ReadError> for BodyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge => Self::TooLarge,
            ReadError::TooSlow => Self::TooSlow,
            ReadError::Broken => Self::Broken,
        }
    }
}

/// Takes a multipart body apart, whose media type names its boundary. Files are named as errors; an empty file field
/// (nothing chosen) is no file.
///
/// # Errors
/// [`BodyError`] when it is not what its media type says, or has too many fields.
pub async fn multipart(media_type: &str, body: Bytes) -> Result<Parts, BodyError> {
    let mut pieces = Pieces::of(media_type, body.len(), Body::from(body)).await?;
    let (mut texts, mut errors) = (Vec::new(), Vec::new());
    while let Some(piece) = pieces.next().await? {
        match piece {
            Piece::Text(name, text) => texts.push((name, String::from_utf8_lossy(&text).into_owned())),
            Piece::Nothing => {}
            Piece::EmptyFile(name) => errors.push(FieldError::other(&name, ErrorKind::FileEmpty)),
            Piece::File(file) => errors.push(FieldError::other(&file.name, ErrorKind::Unknown)),
        }
    }
    Ok((texts, errors))
}

/// A multipart body, taken apart as it comes.
pub(super) struct Pieces {
    multipart: Multipart,
    texts_max: usize,
    count: usize,
}

/// A part of a multipart body.
pub(super) enum Piece<'b> {
    /// A field and what it says.
    Text(String, Vec<u8>),
    /// A field in which no file was chosen.
    Nothing,
    /// A field with a file that has no bytes.
    EmptyFile(String),
    /// A file; what is not read of it is passed over.
    File(Box<FilePiece<'b>>),
}

/// A file as it comes.
pub(super) struct FilePiece<'b> {
    /// Of the field it was chosen in.
    pub(super) name: String,
    pub(super) field: Field<'b>,
    /// Its first bytes, which are not empty.
    pub(super) first: Bytes,
}

impl Pieces {
    /// Of a body with this media type, with texts of so many bytes together.
    pub(super) async fn of(media_type: &str, texts_max: usize, body: Body) -> Result<Self, BodyError> {
        let mut request = Request::new(body);
        if let Ok(media_type) = HeaderValue::from_str(media_type) {
            request.headers_mut().insert(CONTENT_TYPE, media_type);
        }
        DefaultBodyLimit::disable().apply(&mut request);
        let multipart = Multipart::from_request(request, &()).await.map_err(|_| BodyError::Broken)?;
        Ok(Self { multipart, texts_max, count: 0 })
    }

    /// The next part.
    pub(super) async fn next(&mut self) -> Result<Option<Piece<'_>>, BodyError> {
        let Some(mut field) = self.multipart.next_field().await.map_err(|_| BodyError::Broken)? else {
            return Ok(None);
        };
        self.count += 1;
        if self.count > PARTS_MAX {
            return Err(TooManyFields.into());
        }
        let name = field.name().unwrap_or_default().to_owned();
        let Some(is_named) = field.file_name().map(|name| !name.is_empty()) else {
            let text = read_text(&mut field, &mut self.texts_max).await?;
            return Ok(Some(Piece::Text(name, text)));
        };
        let first = field.chunk().await.map_err(|_| BodyError::Broken)?.unwrap_or_default();
        Ok(Some(match (first.is_empty(), is_named) {
            (false, _) => Piece::File(Box::new(FilePiece { name, field, first })),
            (true, true) => Piece::EmptyFile(name),
            (true, false) => Piece::Nothing,
        }))
    }
}

async fn read_text(part: &mut Field<'_>, room: &mut usize) -> Result<Vec<u8>, BodyError> {
    let mut content = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|_| BodyError::Broken)? {
        *room = room.checked_sub(chunk.len()).ok_or(BodyError::TooLarge)?;
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    fn media_type(boundary: &str) -> String {
        format!("multipart/form-data; boundary={boundary}")
    }

    fn taken_apart(parts: &str) -> Result<Parts, BodyError> {
        let body = parts.replace('\n', "\r\n");
        block_on(multipart(&media_type("x"), Bytes::from(body)))
    }

    #[test]
    fn texts_are_taken_and_files_are_named() {
        let (texts, errors) = taken_apart(
            "--x\nContent-Disposition: form-data; name=\"what_happened\"\n\nThe lamp broke.\n\
             --x\nContent-Disposition: form-data; name=\"photo\"; filename=\"lamp.jpg\"\n\nJPEG\n\
             --x\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\n\n\n--x--\n",
        )
        .unwrap();
        assert_eq!(texts, [("what_happened".to_owned(), "The lamp broke.".to_owned())]);
        assert_eq!(errors, [FieldError::other("photo", ErrorKind::Unknown)]);
    }

    #[test]
    fn what_ends_early_is_broken_and_never_half_taken() {
        let cut = taken_apart("--x\nContent-Disposition: form-data; name=\"what_happened\"\n\nThe lamp");
        assert_eq!(cut.unwrap_err(), BodyError::Broken);
        assert_eq!(block_on(multipart("", Bytes::new())).unwrap_err(), BodyError::Broken);
    }

    #[test]
    fn parts_are_counted() {
        let part = "--x\nContent-Disposition: form-data; name=\"a\"\n\nb\n";
        assert_eq!(taken_apart(&(part.repeat(PARTS_MAX) + "--x--\n")).unwrap().0.len(), PARTS_MAX);
        assert_eq!(taken_apart(&(part.repeat(PARTS_MAX + 1) + "--x--\n")).unwrap_err(), TooManyFields.into());
    }

    proptest! {
        #[test]
        fn hostile_multipart_never_panics(middle in proptest::collection::vec(any::<u8>(), 0..400), boundary in "[a-z]{0,4}") {
            let mut body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec();
            body.extend(middle);
            let _ = block_on(multipart(&media_type(&boundary), Bytes::from(body.clone())));
            let _ = block_on(multipart(&media_type("x"), Bytes::from(body)));
        }
    }
}
