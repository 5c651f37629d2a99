//! Answers to posts: who may read them decides what they say. What others can read holds a reference and an invitation, and
//! nothing of the matter.

use redress_contract::communication::{Answer, PostRef};
use redress_contract::contact::Post;
use redress_contract::{Channel, Communication, CommunicationPurpose, Contact, Visibility};
use redress_identity::Keys;

use super::{Material, RenderError, Wording};
use crate::config::Config;

/// Platforms on which a public post can be answered to its author alone.
const PRIVATELY: [&str; 1] = ["mastodon"];

/// The answer to a post.
pub(super) fn render(
    material: &Material<'_>,
    config: &Config,
    keys: &Keys,
) -> Result<Communication, RenderError> {
    let Material { step, complaint, contact, .. } = *material;
    let purpose = step.body.purpose();
    let visibility = contact.map_or(Visibility::Direct, |contact| visibility(contact, purpose));
    let wording = Wording { material, config, sender: config.sender(&complaint.account), keys };
    let mut words = match visibility {
        Visibility::Direct => wording.words()?,
        _ => wording.words_named(&format!("public_{}", purpose.token()))?,
    };
    if visibility != Visibility::Direct {
        words.provides.retain(|stated| stated != "deadline");
    }
    let answer = Answer {
        text: words.text.trim().to_owned(),
        language: wording.language().to_owned(),
        visibility,
        ..contact.map(answering).unwrap_or_default()
    };
    Ok(Communication {
        id: step.id(keys),
        complaint_id: complaint.id.clone(),
        event_id: step.event_id.clone(),
        contact_id: step.contact_id.clone(),
        purpose,
        recipient: step.recipient,
        medium: material.medium,
        to: material.to.clone(),
        envelope_from: String::new(),
        message: answer.bytes(),
        rendered_at: material.at,
        provides: words.provides,
        recipient_authenticated: material.authenticated,
    })
}

/// Who may read an answer: those who could read the post, or fewer. A decision is for its complainant alone, where the platform
/// knows a way.
fn visibility(contact: &Contact, purpose: CommunicationPurpose) -> Visibility {
    let Some(post) = &contact.post else { return Visibility::Direct };
    let is_private = contact.channel != Channel::SocialPublic
        || matches!(post.visibility, Visibility::Direct | Visibility::Unspecified);
    let is_of_the_matter = purpose != CommunicationPurpose::Acknowledgement;
    if is_private || is_of_the_matter && PRIVATELY.contains(&post.platform.as_str()) {
        return Visibility::Direct;
    }
    post.visibility
}

/// On which thread.
fn answering(contact: &Contact) -> Answer {
    let post = contact.post.clone().unwrap_or_default();
    let thread = contact.thread.as_ref().map(|thread| thread.platform_thread.clone()).unwrap_or_default();
    let Post { platform, post_id, revision, root_revision, .. } = post;
    let has_root = !root_revision.is_empty() && !thread.is_empty() && thread != post_id;
    let sender = contact.sender.clone().unwrap_or_default();
    let mention_handle = handle(&sender.value);
    Answer {
        account: contact.account.clone(),
        root: if has_root { PostRef { id: thread, revision: root_revision } } else { PostRef::default() },
        to: PostRef { id: post_id, revision },
        mention: sender.value,
        mention_handle,
        platform,
        ..Answer::default()
    }
}

/// The name on the platform: what an address `mastodon:ann@social.example` says behind the platform.
fn handle(value: &str) -> String {
    value.split_once(':').map_or(value, |(_, id)| id).to_owned()
}

#[cfg(test)]
mod tests;
