//! What handlers do, as `redress act` does it: words go to CONTENT, then the command to the ledger.

use redress_contract::{Actor, Cause, ComplaintId, Content, ContentId, Event, HandlerId, Outcome};
use redress_domain::Command;

use super::Stage;

/// The handler of all stories: an opaque id.
pub const HANDLER: &str = "h-17";

impl Stage {
    /// Acts on a complaint; answers what happened.
    ///
    /// # Panics
    /// When the rules refuse.
    pub async fn act(&self, complaint: &ComplaintId, command: &Command) -> Vec<Event> {
        let cause = Cause { causation_id: "act".to_owned(), ..Cause::default() };
        let done = self.house.ledger.execute(complaint, command, Actor::handler(HANDLER), cause).await;
        let done = done.unwrap_or_else(|problem| panic!("{command:?}: {problem}"));
        done.events.into_iter().map(|recorded| recorded.event).collect()
    }

    /// A handler takes it on.
    pub async fn accept(&self, complaint: &ComplaintId) -> Vec<Event> {
        self.act(complaint, &Command::Accept { handler: handler() }).await
    }

    /// A handler decides it.
    pub async fn decide(&self, complaint: &ComplaintId, outcome: Outcome, reasons: &str) -> Vec<Event> {
        let reasons_content_id = self.write(complaint, reasons).await;
        let (remedy, handler) = ("refund".to_owned(), handler());
        self.act(complaint, &Command::Decide { outcome, reasons_content_id, remedy, handler }).await
    }

    /// A handler adds a note.
    pub async fn note(&self, complaint: &ComplaintId, text: &str) -> Vec<Event> {
        let content_id = self.write(complaint, text).await;
        self.act(complaint, &Command::AddNote { content_id, author: handler() }).await
    }

    /// Stores a text.
    pub async fn write(&self, complaint: &ComplaintId, text: &str) -> ContentId {
        let vault = &self.house.vault;
        let recorded_at = self.clock.now();
        let parts = [HANDLER, &recorded_at.to_string(), text];
        let id = vault.keys().content_id(complaint, &parts);
        let (complaint_id, author) = (complaint.clone(), handler());
        let content = Content { id: id.clone(), complaint_id, author, recorded_at, text: text.to_owned() };
        vault.put_content(&content).await.expect("the broker takes a text");
        id
    }
}

fn handler() -> HandlerId {
    HandlerId::new(HANDLER).expect("it is an id")
}
