//! Personal data where none may be, on the stage: what this process logs is kept, and looked through with the rest.

use std::sync::{Arc, Mutex, OnceLock};

use redress_bus::Stored;
use redress_contract::subject::name;
use tracing_subscriber::EnvFilter;

use super::Stage;
use crate::leaks::{Place, found, public_places};

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

impl Stage {
    /// Where a marker stands although no personal data may: `stream subject: marker`.
    pub async fn leaks(&self, markers: &[String]) -> Vec<String> {
        let places = public_places(&self.jetstream, self.house.bus()).await;
        let mut places = places.expect("everything can be read");
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
            let contact = self.house.vault.open_contact(&stored.subject, &stored.headers, &stored.body).await;
            let Some(contact) = contact.expect("contacts can be opened") else { continue };
            all.push_str(&serde_json::to_string(&contact).expect("a contact becomes JSON"));
            let raw =
                self.house.vault.raw(&contact).await.expect("raw bytes can be read").unwrap_or_default();
            all.push_str(&String::from_utf8_lossy(&raw));
        }
        for stored in self.stored(name::CONTENT).await {
            let content = self.house.vault.open_content(&stored.subject, &stored.headers, &stored.body).await;
            all.extend(content.expect("texts can be opened").map(|content| content.text));
        }
        let lower = all.to_lowercase();
        markers.iter().filter(|marker| !lower.contains(&marker.to_lowercase())).cloned().collect()
    }

    /// The texts of all communications in OUTBOX, with their addresses.
    pub async fn outbox(&self) -> String {
        let mut all = String::new();
        for stored in self.stored(name::OUTBOX).await {
            let opened =
                self.house.vault.open_communication(&stored.subject, &stored.headers, &stored.body).await;
            let Some(opened) = opened.expect("communications can be opened") else { continue };
            all.push_str(&opened.to.value);
            all.push_str(&String::from_utf8_lossy(&opened.message));
        }
        all
    }

    async fn stored(&self, stream: &str) -> Vec<Stored> {
        crate::leaks::stored(self.house.bus(), stream).await.expect("the stream can be read")
    }
}
