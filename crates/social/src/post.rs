//! What a platform's payload says, before it becomes contacts: posts, our own echoes, and what is nothing for us.

use std::fmt;

use jiff::Timestamp;
use redress_contract::contact;
use serde_json::Value;

/// Which social platform, or kind of source, a payload is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Mastodon, and servers that speak its API.
    Mastodon,
    /// Bluesky, and other services of the AT Protocol.
    Bluesky,
    /// RSS, Atom and JSON feeds: forums, review sites.
    Feed,
    /// Facebook pages and Messenger.
    Facebook,
    /// Instagram.
    Instagram,
    /// `WhatsApp` Cloud API.
    Whatsapp,
    /// Telegram bots.
    Telegram,
    /// X, once Twitter.
    X,
    /// Reddit.
    Reddit,
    /// Reviews in Apple's App Store.
    AppStore,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Mastodon,
        Self::Bluesky,
        Self::Feed,
        Self::Facebook,
        Self::Instagram,
        Self::Whatsapp,
        Self::Telegram,
        Self::X,
        Self::Reddit,
        Self::AppStore,
    ];

    /// The word in settings, in contacts and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mastodon => "mastodon",
            Self::Bluesky => "bluesky",
            Self::Feed => "feed",
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Whatsapp => "whatsapp",
            Self::Telegram => "telegram",
            Self::X => "x",
            Self::Reddit => "reddit",
            Self::AppStore => "app_store",
        }
    }

    /// The platform of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.word() == word)
    }
}

/// One thing that a payload holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Somebody wrote, changed or took away a post.
    Post(Box<Said>),
    /// Our own post, come back: its id.
    Own(String),
    /// Nothing for us, in a word or two that name it: `like`, `typing`, `delivery receipt`, `joined`.
    Nothing(String),
    /// It looks like a post and cannot be read: why. Its JSON is kept.
    Unread {
        /// What is wrong, without personal data.
        why: String,
        /// The item as it came.
        raw: Value,
    },
}

/// Who we are on a platform: posts of these are our own. Ids and handles, handles without `@` and in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own(pub Vec<String>);

impl Own {
    /// True for an id or a handle of ours.
    pub fn is(&self, id_or_handle: &str) -> bool {
        let name = id_or_handle.trim_start_matches('@');
        !name.is_empty() && self.0.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// A post as its platform tells it.
#[derive(Clone, Default, PartialEq)]
pub struct Said {
    /// Everything that the contact keeps of it as it is: ids, kind, visibility, mentions, links.
    pub post: contact::Post,
    /// Who wrote it.
    pub author: Author,
    /// When it was written; none where the platform does not say.
    pub written_at: Option<Timestamp>,
    /// When the platform brought it to us (a notification, an index), by its own clock; none where it does not say.
    pub reached_at: Option<Timestamp>,
    /// A title or a content warning; often empty.
    pub subject: String,
    /// Its words, as plain text.
    pub text: String,
    /// BCP 47 tag, as the platform says; often empty.
    pub language: String,
    /// The post it answers, by the platform's id; empty when it answers none.
    pub in_reply_to: String,
    /// The post that began its thread, or the conversation's id; empty when it is not known or is this post itself.
    pub thread: String,
    /// Pictures, videos, voice messages, documents.
    pub media: Vec<Media>,
    /// The item as it came.
    pub raw: Value,
}

/// Who wrote a post.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The platform's lasting id of the account: what tells one person from another.
    pub id: String,
    /// Its name on the platform, without `@`; it may change.
    pub handle: String,
    /// The name shown.
    pub name: String,
    /// True where the platform says that a machine writes it.
    pub is_bot: bool,
}

/// A file that came with a post.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// Where it lies; empty where it has to be asked for by its id.
    pub url: String,
    /// The platform's id of it; often empty.
    pub id: String,
    /// Its media type, as far as the platform says: `image/jpeg`, or `image`.
    pub media_type: String,
    /// What it shows, in the author's words.
    pub description: String,
    /// Its name, where it has one.
    pub file_name: String,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said")
            .field("kind", &self.post.kind)
            .field("change", &self.post.change)
            .field("text_bytes", &self.text.len())
            .field("media", &self.media.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Author(***)")
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Media(***)")
    }
}
