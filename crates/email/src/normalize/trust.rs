//! Whose word an account takes on who wrote a mail. Without any, nothing in a mail proves its sender.

/// What the settings of an account say about senders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Whose `Authentication-Results` are believed.
    pub authserv: Authserv,
    /// Web forms that mail in their own name: addresses in normal form, or `@host`. Who stands in `Reply-To` of their
    /// mails wrote them.
    pub form_relays: Vec<String>,
}

/// The server that checks senders before a mail reaches the mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authserv {
    /// None is believed.
    #[default]
    Nobody,
    /// The one that signs its results with this id, in lower case.
    Named(String),
    /// The one whose results, which bear no id, stand topmost (Exchange Online).
    Unnamed,
}

impl Authserv {
    /// As the settings write it: empty, an id, or `-` for a server that writes none.
    pub fn of(written: &str) -> Self {
        match written {
            "" => Self::Nobody,
            "-" => Self::Unnamed,
            id => Self::Named(id.to_lowercase()),
        }
    }

    /// The same, for a contact to say whose word it was.
    pub fn written(&self) -> &str {
        match self {
            Self::Nobody => "",
            Self::Named(id) => id,
            Self::Unnamed => "-",
        }
    }
}
