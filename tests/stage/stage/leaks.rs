//! Personal data where none may be: markers are looked for in every stream and bucket, in subjects, keys and headers,
//! object names, logs and metrics; as they are, and as base64 or hex.

use std::sync::{Arc, Mutex, OnceLock};

use data_encoding::{BASE64, HEXLOWER};
use futures::{StreamExt as _, TryStreamExt as _};
use redress_bus::Stored;
use redress_contract::subject::name;
use tracing_subscriber::EnvFilter;

use super::Stage;

/// Where personal content belongs. Subjects and headers of these streams hold none all the same.
const PRIVATE: [&str; 3] = [name::INTAKE, name::CONTENT, name::OUTBOX];

/// What was logged in this process.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics while holding it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged() -> &'static Logged {
    static LOGGED: OnceLock<Logged> = OnceLock::new();
    LOGGED.get_or_init(Logged::default)
}

/// Keeps everything this process logs: our own crates at the finest level, others from `info` on.
pub(super) fn capture_logs() {
    let filter = EnvFilter::try_new("info,redress=trace").expect("it is a filter");
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(|| logged().clone())
        .finish();
    // The only failure is that another stage was first, and then logs are kept already.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Everything logged in this process so far, by all stages.
pub fn logs() -> String {
    String::from_utf8_lossy(&logged().0.lock().expect("nobody panics while holding it")).into_owned()
}

/// One place and what it holds.
struct Place {
    name: String,
    text: String,
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

impl Stage {
    /// Where a marker stands although no personal data may: `stream subject: marker`.
    pub async fn leaks(&self, markers: &[String]) -> Vec<String> {
        let mut places = self.public_places().await;
        places.push(Place { name: "logs".to_owned(), text: logs() });
        for path in ["/metrics", "/readyz"] {
            places.push(Place { name: path.to_owned(), text: self.asked(path).await });
        }
        found(&places, markers)
    }

    /// Which markers stand in no contact, text or communication: the control of a search that finds nothing elsewhere.
    /// It looks through the door, so it works whether or not things are sealed.
    pub async fn unkept(&self, markers: &[String]) -> Vec<String> {
        let mut all = String::new();
        for stored in self.stored(name::INTAKE).await {
            let contact = self.house.vault.open_contact(&stored.subject, &stored.headers, &stored.body);
            let contact = contact.expect("contacts can be opened");
            all.push_str(&serde_json::to_string(&contact).expect("a contact becomes JSON"));
            let raw =
                self.house.vault.raw(&contact).await.expect("raw bytes can be read").unwrap_or_default();
            all.push_str(&String::from_utf8_lossy(&raw));
        }
        for stored in self.stored(name::CONTENT).await {
            all.push_str(&String::from_utf8_lossy(&stored.body));
        }
        let lower = all.to_lowercase();
        markers.iter().filter(|marker| !lower.contains(&marker.to_lowercase())).cloned().collect()
    }

    /// The texts of all communications in OUTBOX, with their addresses.
    pub async fn outbox(&self) -> String {
        let mut all = String::new();
        for stored in self.stored(name::OUTBOX).await {
            let opened = self.house.vault.open_communication(&stored.subject, &stored.headers, &stored.body);
            let opened = opened.expect("communications can be opened");
            all.push_str(&opened.to.value);
            all.push_str(&String::from_utf8_lossy(&opened.message));
        }
        all
    }

    async fn public_places(&self) -> Vec<Place> {
        let names: Vec<String> =
            self.jetstream.stream_names().try_collect().await.expect("streams can be listed");
        assert!(names.len() > 12, "only {names:?} were found");
        let mut places = Vec::new();
        for stream in &names {
            if stream.starts_with("OBJ_") {
                places.extend(self.object_names(stream).await);
                continue;
            }
            let private = PRIVATE.contains(&stream.as_str());
            let stored = self.stored(stream).await;
            places.extend(stored.iter().map(|stored| place(stream, stored, private)));
        }
        places
    }

    /// Names and descriptions of objects; their chunks are what they hold.
    async fn object_names(&self, stream: &str) -> Vec<Place> {
        let found = self.jetstream.get_stream(stream).await.expect("the stream is there");
        let subjects: Vec<(String, usize)> = found
            .info_with_subjects(">")
            .await
            .expect("its subjects can be listed")
            .try_collect()
            .await
            .expect("its subjects can be listed");
        let metas = self.house.bus().scan(stream, "$O.*.M.>", 1).await.expect("the stream can be read");
        let metas: Vec<Stored> = metas.map(|stored| stored.expect("the stream can be read")).collect().await;
        let subjects = subjects.into_iter().map(|(subject, _)| {
            let decoded = subject
                .rsplit('.')
                .next()
                .and_then(|last| data_encoding::BASE64URL.decode(last.as_bytes()).ok());
            let text = format!("{subject} {}", String::from_utf8_lossy(&decoded.unwrap_or_default()));
            Place { name: format!("{stream} (names)"), text }
        });
        subjects.chain(metas.iter().map(|stored| place(stream, stored, false))).collect()
    }

    async fn stored(&self, stream: &str) -> Vec<Stored> {
        let scan = self.house.bus().scan(stream, ">", 1).await.expect("the stream can be read");
        scan.try_collect().await.expect("the stream can be read")
    }
}

fn place(stream: &str, stored: &Stored, private: bool) -> Place {
    let mut text = stored.subject.clone();
    for (name, value) in &stored.headers {
        text.push('\n');
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
    }
    if !private {
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&stored.body));
    }
    Place { name: format!("{stream} {}", stored.subject), text }
}

fn found(places: &[Place], markers: &[String]) -> Vec<String> {
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
