//! Posts on social platforms: what revises another, and what could not be read.

use redress_contract::{Channel, Contact, ContactId, ParseStatus, PostChange};

/// The channels that a post and its revisions come by: what tells of a deletion does not always say which.
pub const CHANNELS: [Channel; 2] = [Channel::SocialPublic, Channel::SocialDm];

/// An item of a platform's answer that could not be read and is nobody's: it is kept, and people are told of it; nobody
/// complained by it.
pub fn is_unread_item(contact: &Contact) -> bool {
    CHANNELS.contains(&contact.channel)
        && contact.parse_status == ParseStatus::Failed
        && contact.post.is_none()
        && contact.sender.is_none()
}

/// The post that this one is an edit of, or tells the deletion of.
pub fn revised(contact: &Contact) -> Option<&ContactId> {
    contact.revises.as_ref().filter(|_| CHANNELS.contains(&contact.channel))
}

/// True for the news that a post was taken away: nobody said anything by it.
pub fn is_deletion(contact: &Contact) -> bool {
    revised(contact).is_some() && contact.post.as_ref().is_some_and(|post| post.change == PostChange::Deleted)
}
