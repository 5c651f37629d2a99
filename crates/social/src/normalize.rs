//! What a platform says of a post → a contact. Pure.

use jiff::Timestamp;
use redress_contract::contact::{Address, Attachment, Raw, Thread};
use redress_contract::{
    AddressKind, Channel, Commit, Contact, ContactId, FileName, ParseStatus, PostChange, PostKind, Visibility,
};
use redress_identity::Keys;
use redress_intake::language;
use serde_json::Value;

use crate::post::{Media, Platform, Said};

/// What is known of a post beside what the platform says of it.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The account it was read by, as the settings name it.
    pub account: &'a str,
    /// The time.
    pub now: Timestamp,
    /// For ids.
    pub keys: &'a Keys,
}

/// The contact that a post becomes. An edited or deleted post becomes one that revises the first.
pub fn contact(said: &Said, envelope: &Envelope<'_>) -> Contact {
    let post = &said.post;
    let id = |revision: &str| envelope.keys.post_contact_id(envelope.account, &post.post_id, revision);
    let revises = (!post.change.is_unspecified()).then(|| id(""));
    Contact {
        id: if revises.is_some() { id(&version(said)) } else { id("") },
        channel: channel(said),
        account: envelope.account.to_owned(),
        received_at: received_at(said, envelope.now),
        written_at: said.written_at,
        parse_status: ParseStatus::Parsed,
        sender: sender(said),
        sender_authenticated: is_vouched_for(said),
        subject: said.subject.clone(),
        text: said.text.clone(),
        language: language_of(said),
        attachments: said.media.iter().map(|file| attachment(file, post.platform.as_str())).collect(),
        thread: Some(thread(said)),
        revises,
        post: Some(post.clone()),
        raw: Some(described(&raw(&said.raw))),
        ..Contact::default()
    }
}

/// The contact that something becomes which looks like a post and cannot be read: kept as it came.
pub fn unread(platform: Platform, why: &str, raw: &[u8], envelope: &Envelope<'_>) -> Contact {
    Contact {
        id: unread_id(raw, envelope),
        channel: Channel::SocialPublic,
        account: envelope.account.to_owned(),
        received_at: envelope.now,
        parse_status: ParseStatus::Failed,
        parse_problem: format!("{}: {why}", platform.word()),
        raw: Some(described(raw)),
        ..Contact::default()
    }
}

/// The bytes of an item that are kept with its contact.
pub fn raw(item: &Value) -> Vec<u8> {
    serde_json::to_vec(item).unwrap_or_default()
}

fn described(raw: &[u8]) -> Raw {
    Raw { media_type: "application/json".to_owned(), sha256: Commit::hash(raw), ..Raw::default() }
}

fn unread_id(raw: &[u8], envelope: &Envelope<'_>) -> ContactId {
    envelope.keys.post_contact_id(envelope.account, &Commit::hash(raw), "unread")
}

/// What tells one version of a post from another.
fn version(said: &Said) -> String {
    match said.post.change {
        PostChange::Deleted => "deleted".to_owned(),
        _ if said.post.revision.is_empty() => format!("edited {}", said.text),
        _ => said.post.revision.clone(),
    }
}

/// A message to few is private, whatever it is called; what is not known to be public is private, too.
fn channel(said: &Said) -> Channel {
    match said.post.visibility {
        Visibility::Public | Visibility::Unlisted | Visibility::Followers
            if said.post.kind != PostKind::DirectMessage =>
        {
            Channel::SocialPublic
        }
        _ => Channel::SocialDm,
    }
}

/// When the platform brought it, else when it was written; never later than now, whatever the platform's clock says.
fn received_at(said: &Said, now: Timestamp) -> Timestamp {
    if said.post.change.is_unspecified() {
        return said.reached_at.or(said.written_at).map_or(now, |at| at.min(now));
    }
    // An edit is known since it was seen.
    said.reached_at.map_or(now, |at| at.min(now))
}

/// One person is one party on all their posts: the platform's lasting id says who, the handle is only shown.
fn sender(said: &Said) -> Option<Address> {
    let author = &said.author;
    (!author.id.is_empty()).then(|| Address {
        kind: AddressKind::Handle,
        value: format!("{}:{}", said.post.platform, author.id),
        display_name: match (author.name.is_empty(), author.handle.is_empty()) {
            (_, true) => author.name.clone(),
            (true, false) => format!("@{}", author.handle),
            (false, false) => format!("{} (@{})", author.name, author.handle),
        },
    })
}

/// Platforms know who wrote; a name in a feed proves nothing.
fn is_vouched_for(said: &Said) -> bool {
    said.post.platform != Platform::Feed.word() && !said.author.id.is_empty()
}

/// Their own words tell it better than what the platform was set to.
fn language_of(said: &Said) -> String {
    language::tell(&said.text, &[]).map_or_else(|| said.language.clone(), str::to_owned)
}

/// A post that begins a thread bears the thread's id, so that whatever follows finds it.
fn thread(said: &Said) -> Thread {
    let begins = said.thread.is_empty() && said.in_reply_to.is_empty();
    Thread {
        message_id: said.post.post_id.clone(),
        in_reply_to: Some(said.in_reply_to.clone()).filter(|id| !id.is_empty()).into_iter().collect(),
        references: Vec::new(),
        platform_thread: if begins { said.post.post_id.clone() } else { said.thread.clone() },
    }
}

/// A file as the platform tells of it; its bytes are fetched later, if at all.
fn attachment(file: &Media, platform: &str) -> Attachment {
    let name = if file.file_name.is_empty() { name_in(&file.url) } else { file.file_name.clone() };
    Attachment {
        file_name: FileName::new(if name.is_empty() { platform } else { &name }),
        media_type: file.media_type.clone(),
        description: file.description.clone(),
        ..Attachment::default()
    }
}

/// The last part of an address's path.
fn name_in(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::Post;

    use super::*;
    use crate::post::Author;

    fn said(change: PostChange, revision: &str) -> Said {
        Said {
            post: Post {
                platform: "mastodon".to_owned(),
                post_id: "1101".to_owned(),
                revision: revision.to_owned(),
                change,
                visibility: Visibility::Public,
                ..Post::default()
            },
            author: Author {
                id: "ann@social.example".to_owned(),
                handle: "ann@social.example".to_owned(),
                name: "Ann".to_owned(),
                is_bot: false,
            },
            text: "My kettle leaks since Monday and nobody answers.".to_owned(),
            written_at: "2026-02-01T10:30:34Z".parse().ok(),
            ..Said::default()
        }
    }

    fn as_contact(said: &Said) -> Contact {
        let keys = Keys::from_master(&[7; 32]);
        let now = "2026-02-01T10:31:00Z".parse().unwrap();
        contact(said, &Envelope { account: "kettles", now, keys: &keys })
    }

    #[test]
    fn a_post_is_one_contact_however_often_it_is_read_and_its_edits_are_others_of_it() {
        let first = as_contact(&said(PostChange::Unspecified, "a"));
        assert_eq!(first.id, as_contact(&said(PostChange::Unspecified, "b")).id);
        let edited = as_contact(&said(PostChange::Edited, "b"));
        assert_eq!(edited.revises.as_ref(), Some(&first.id));
        assert_ne!(edited.id, as_contact(&said(PostChange::Edited, "c")).id);
        let deleted = as_contact(&said(PostChange::Deleted, ""));
        assert_eq!(deleted.revises.as_ref(), Some(&first.id));
        assert_ne!(deleted.id, edited.id);
    }

    #[test]
    fn the_sender_is_the_platforms_own_id() {
        let sender = as_contact(&said(PostChange::Unspecified, "")).sender.unwrap();
        assert_eq!(
            (sender.value.as_str(), sender.display_name.as_str()),
            ("mastodon:ann@social.example", "Ann (@ann@social.example)")
        );
    }

    #[test]
    fn what_is_not_said_to_be_public_is_private() {
        let mut unsaid = said(PostChange::Unspecified, "");
        unsaid.post.visibility = Visibility::Unspecified;
        assert_eq!(as_contact(&unsaid).channel, Channel::SocialDm);
        unsaid.post.visibility = Visibility::Public;
        unsaid.post.kind = PostKind::DirectMessage;
        assert_eq!(as_contact(&unsaid).channel, Channel::SocialDm);
    }

    #[test]
    fn what_follows_a_post_finds_it_by_its_thread() {
        let first = as_contact(&said(PostChange::Unspecified, ""));
        let mut next = said(PostChange::Unspecified, "");
        next.post.post_id = "1102".to_owned();
        next.in_reply_to = "1101".to_owned();
        next.thread = "1101".to_owned();
        let next = as_contact(&next);
        assert_eq!(first.thread.unwrap().platform_thread, next.thread.unwrap().platform_thread);
    }

    #[test]
    fn a_clock_ahead_of_ours_starts_none_in_the_future() {
        let mut ahead = said(PostChange::Unspecified, "");
        ahead.reached_at = "2027-01-01T00:00:00Z".parse().ok();
        assert_eq!(as_contact(&ahead).received_at.to_string(), "2026-02-01T10:31:00Z");
    }
}
