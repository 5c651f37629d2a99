//! Personal data where none may be: markers are looked for in every stream and bucket, in subjects, keys and headers,
//! object names, logs and metrics; as they are, and as base64 or hex.

use anyhow::Context as _;
use async_nats::jetstream;
use data_encoding::{BASE64, HEXLOWER};
use futures::TryStreamExt as _;
use redress_bus::{Bus, Stored};

/// Fewer streams than this are not all of them.
const STREAMS_MIN: usize = 12;

/// One place and what it holds.
pub struct Place {
    /// What it is called: `stream subject`, `logs`, `/metrics`.
    pub name: String,
    /// Everything that can be read there.
    pub text: String,
}

/// Searches for a marker in the forms it may be written in.
struct Forms {
    marker: String,
    /// In lower case, found in whatever case.
    folded: Vec<String>,
    exact: Vec<String>,
}

impl Forms {
    fn of(marker: &str) -> Self {
        let lower = marker.to_lowercase();
        let hex = HEXLOWER.encode(marker.as_bytes());
        // Base64 of the same text looks different at each of three positions; the rims depend on what stands around.
        let exact = (0..3).map(|shift| {
            let padded = [vec![b' '; shift], marker.as_bytes().to_vec()].concat();
            let whole = padded.len() / 3 * 3;
            let encoded = BASE64.encode(&padded[..whole]);
            encoded[if shift == 0 { 0 } else { 4 }..].to_owned()
        });
        let exact = exact.filter(|form| form.len() >= 6).collect();
        Self { marker: marker.to_owned(), folded: vec![lower, hex], exact }
    }

    fn stand_in(&self, text: &str, lower: &str) -> bool {
        self.folded.iter().any(|form| lower.contains(form))
            || self.exact.iter().any(|form| text.contains(form))
    }
}

/// Everything that can be read where no personal data may be: all streams and buckets. What holds some is sealed, so
/// none stands there either.
///
/// # Errors
/// When the broker does not answer, or there are too few streams to be all of them.
pub async fn public_places(jetstream: &jetstream::Context, bus: &Bus) -> anyhow::Result<Vec<Place>> {
    let names: Vec<String> = jetstream.stream_names().try_collect().await.context("list the streams")?;
    anyhow::ensure!(names.len() > STREAMS_MIN, "only {names:?} were found");
    let mut places = Vec::new();
    for stream in &names {
        if stream.starts_with("OBJ_") {
            places.extend(object_names(jetstream, bus, stream).await?);
        }
        let stored = stored(bus, stream).await?;
        places.extend(stored.iter().map(|stored| place(stream, stored)));
    }
    Ok(places)
}

/// Names and descriptions of objects.
async fn object_names(jetstream: &jetstream::Context, bus: &Bus, stream: &str) -> anyhow::Result<Vec<Place>> {
    let found = jetstream.get_stream(stream).await.context("find a bucket of objects")?;
    let subjects = found.info_with_subjects(">").await.context("list its subjects")?;
    let subjects: Vec<(String, usize)> = subjects.try_collect().await.context("list its subjects")?;
    let metas: Vec<Stored> = bus.scan(stream, "$O.*.M.>", 1).await?.try_collect().await?;
    let subjects = subjects.into_iter().map(|(subject, _)| {
        let last = subject.rsplit('.').next();
        let decoded = last.and_then(|last| data_encoding::BASE64URL.decode(last.as_bytes()).ok());
        let text = format!("{subject} {}", String::from_utf8_lossy(&decoded.unwrap_or_default()));
        Place { name: format!("{stream} (names)"), text }
    });
    Ok(subjects.chain(metas.iter().map(|stored| place(stream, stored))).collect())
}

/// All messages of a stream.
///
/// # Errors
/// When the broker does not answer.
pub async fn stored(bus: &Bus, stream: &str) -> anyhow::Result<Vec<Stored>> {
    Ok(bus.scan(stream, ">", 1).await?.try_collect().await?)
}

fn place(stream: &str, stored: &Stored) -> Place {
    let mut text = stored.subject.clone();
    for (name, value) in &stored.headers {
        text.push('\n');
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(&stored.body));
    Place { name: format!("{stream} {}", stored.subject), text }
}

/// Where a marker stands, and what stands around it: `place: marker in …`.
pub fn found(places: &[Place], markers: &[String]) -> Vec<String> {
    let forms: Vec<Forms> = markers.iter().map(|marker| Forms::of(marker)).collect();
    let mut leaks = Vec::new();
    for place in places {
        let lower = place.text.to_lowercase();
        for form in forms.iter().filter(|form| form.stand_in(&place.text, &lower)) {
            leaks.push(format!(
                "{}: {} in {}",
                place.name,
                form.marker,
                around(&place.text, &lower, &form.folded)
            ));
        }
    }
    leaks
}

/// What stands around the first place where it was found.
fn around(text: &str, lower: &str, forms: &[String]) -> String {
    let at = forms.iter().find_map(|form| lower.find(form)).unwrap_or(0);
    let (from, to) = (at.saturating_sub(200), (at + 200).min(text.len()));
    let (from, to) = (text.floor_char_boundary(from), text.floor_char_boundary(to));
    text[from.min(to)..to].replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_found: bool) {
        let place = Place { name: "here".to_owned(), text: text.to_owned() };
        let leaks = found(&[place], &["zqMarkerXj".to_owned()]);
        assert_eq!(!leaks.is_empty(), is_found, "{text:?}: {leaks:?}");
    }

    #[test]
    fn a_marker_is_found_however_it_is_written() {
        check("nothing of the kind", false);
        check("a ZQMARKERXJ b", true);
        check(&HEXLOWER.encode(b"<zqMarkerXj>"), true);
        for before in ["", "a", "ab", "abc", "{\"name\":\""] {
            check(&BASE64.encode(format!("{before}zqMarkerXj and more").as_bytes()), true);
            check(&BASE64.encode(format!("{before}zqMirkerXj and more").as_bytes()), false);
        }
    }
}
