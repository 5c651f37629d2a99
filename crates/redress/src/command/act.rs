//! `redress act`: what a handler does. Words go to CONTENT, then the command to the ledger.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use redress_contract::{Actor, Cause, ComplaintId, Content, ContentId, HandlerId};
use redress_domain::command::{Acknowledge, Acknowledger, Extend};
use redress_domain::{Assignment, Classification, Command, Complaint};
use redress_ledger::Executed;
use serde_json::json;

use super::timeline;
use crate::cli::{Act, Deed, Text};
use crate::house::House;
use crate::out::Out;

/// Longest text in bytes.
const TEXT_BYTES_MAX: u64 = 256 * 1024;

pub(super) async fn run(house: &House, act: Act, out: Out) -> anyhow::Result<()> {
    let complaint = house.find(&act.complaint).await?;
    let command = command(house, &complaint, &act.handler, act.deed).await?;
    let cause = Cause { causation_id: "act".to_owned(), ..Cause::default() };
    let executed =
        house.ledger.execute(&complaint, &command, Actor::handler(act.handler.as_str()), cause).await;
    answer(&executed.with_context(|| format!("act on {}", act.complaint))?, out)
}

fn answer(executed: &Executed, out: Out) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json(&json!({
            "reference": executed.complaint.reference,
            "complaint_id": executed.complaint.id,
            "status": executed.complaint.status.word(),
            "events": executed.events,
        }))?);
    }
    if executed.events.is_empty() {
        return Ok(
            out.line(format!("{}: nothing changes, it stands so already.", executed.complaint.reference))?
        );
    }
    for event in &executed.events {
        let (name, words) = (event.event.name(), timeline::words(&event.event));
        out.line(format!("{}: {name} {words}", executed.complaint.reference))?;
    }
    Ok(())
}

async fn command(
    house: &House,
    complaint: &ComplaintId,
    handler: &HandlerId,
    deed: Deed,
) -> anyhow::Result<Command> {
    let write = async |text: &Text| content(house, complaint, handler, text.as_given()).await;
    Ok(match deed {
        Deed::Accept => Command::Accept { handler: handler.clone() },
        Deed::Classify { disposition, category, product, severity, jurisdiction, needs } => {
            let present = house.ledger.load_at_leader(complaint).await?;
            let present = present.context("find the complaint: it is not registered yet")?.complaint;
            let mut classification = classification_of(&present);
            classification.disposition = disposition.unwrap_or(classification.disposition);
            classification.category = category.unwrap_or(classification.category);
            classification.product = product.unwrap_or(classification.product);
            classification.severity = severity.unwrap_or(classification.severity);
            classification.jurisdiction = jurisdiction.unwrap_or(classification.jurisdiction);
            if !needs.is_empty() {
                classification.needs = needs;
            }
            Command::Classify(classification)
        }
        Deed::Assign { team, to } => Command::Assign(Assignment { team, handler: to, rule: String::new() }),
        Deed::Note { text } => Command::AddNote { content_id: write(&text).await?, author: handler.clone() },
        Deed::Hold { hold, text } => {
            let content_id = match text {
                Some(text) => Some(write(&text).await?),
                None => None,
            };
            Command::Hold { hold, content_id }
        }
        Deed::Release => Command::Release,
        Deed::Extend { milestone, text, clock } => {
            let content_id = match text {
                Some(text) => Some(write(&text).await?),
                None => None,
            };
            Command::Extend(Extend { milestone, clock, content_id, handler: handler.clone() })
        }
        Deed::Done { milestone } => Command::MarkDone { milestone, handler: handler.clone() },
        Deed::Acknowledge { milestone, clock } => {
            let by = Acknowledger::Handler(handler.clone());
            Command::Acknowledge(Acknowledge { clock, milestone, told: None, by })
        }
        Deed::Decide { outcome, remedy, reasons } => Command::Decide {
            outcome,
            reasons_content_id: write(&reasons).await?,
            remedy,
            handler: handler.clone(),
        },
        Deed::Close { reason } => Command::Close { reason },
        Deed::Reopen { reason, contact } => Command::Reopen { reason, contact_id: contact },
    })
}

fn classification_of(complaint: &Complaint) -> Classification {
    Classification {
        jurisdiction: complaint.jurisdiction.clone(),
        needs: complaint.needs.clone(),
        evidence: Vec::new(),
        disposition: complaint.disposition,
        category: complaint.category.clone(),
        product: complaint.product.clone(),
        severity: complaint.severity,
        // Rules name themselves; people do not.
        rule: String::new(),
    }
}

/// Stores a text. Should the command then be refused, nothing names the text and retention takes it away.
async fn content(
    house: &House,
    complaint: &ComplaintId,
    author: &HandlerId,
    text: &str,
) -> anyhow::Result<ContentId> {
    let text = text_of(text)?;
    let recorded_at = house.clock.now();
    let parts = [author.as_str(), &recorded_at.to_string(), &text];
    let id = house.vault.keys().content_id(complaint, &parts);
    let content = Content {
        id: id.clone(),
        complaint_id: complaint.clone(),
        author: author.clone(),
        recorded_at,
        text,
    };
    house.vault.put_content(&content).await?;
    Ok(id)
}

fn text_of(text: &str) -> anyhow::Result<String> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut read = String::new();
    std::io::stdin().take(TEXT_BYTES_MAX + 1).read_to_string(&mut read).context("read standard input")?;
    if read.len() as u64 > TEXT_BYTES_MAX {
        bail!("take the text: it is longer than {TEXT_BYTES_MAX} bytes");
    }
    Ok(read)
}
