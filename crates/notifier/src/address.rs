//! To which address an answer goes: what the contact says, never more. A post is answered on its platform.

use redress_contract::contact::Address;
use redress_contract::{AddressKind, Contact, Medium};
use redress_identity::address::{domain, is_email, normal};

/// An address an answer may go to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// By what it travels.
    pub medium: Medium,
    /// The address: of mail, its domain in ASCII; of a platform, as the contact's sender has it.
    pub address: Address,
    /// True when the channel vouches for this very address.
    pub authenticated: bool,
    /// True when a clerk typed in the contact.
    pub typed_in: bool,
}

/// Platforms on which posts are answered. Of others a person is told that there is no way to answer.
const ANSWERED: [&str; 2] = ["mastodon", "bluesky"];

/// Where the sender of a contact wants answers: Reply-To, else the sender, else the form's field `email`.
/// Nobody vouches for an address that is not the sender's own.
pub fn answer_to(contact: &Contact) -> Option<Target> {
    if let Some(post) = &contact.post {
        let sender = contact.sender.as_ref().filter(|_| ANSWERED.contains(&post.platform.as_str()))?;
        return Some(Target {
            medium: Medium::Social,
            address: Address { display_name: String::new(), ..sender.clone() },
            authenticated: contact.sender_authenticated,
            typed_in: false,
        });
    }
    let sender = contact.sender.as_ref().filter(|sender| is_usable(sender));
    let wanted = contact.reply_to.iter().find(|address| is_usable(address)).or(sender);
    if let Some(wanted) = wanted {
        let own = sender.is_some_and(|sender| normal(sender, None) == normal(wanted, None));
        let vouched = contact.sender_authenticated && own;
        return Some(Target { typed_in: typed_in(contact), ..target(&wanted.value, vouched) });
    }
    let field = contact.fields.iter().find(|field| field.name == "email" && is_email(field.value.trim()))?;
    Some(Target { typed_in: typed_in(contact), ..target(field.value.trim(), false) })
}

fn typed_in(contact: &Contact) -> bool {
    contact.recorded_by.as_ref().is_some_and(|by| by.actor.starts_with("clerk:"))
}

fn is_usable(address: &Address) -> bool {
    matches!(address.kind, AddressKind::Email | AddressKind::Unspecified) && is_email(&address.value)
}

fn target(value: &str, authenticated: bool) -> Target {
    let ascii = domain(value);
    let local = value.rsplit_once('@').map_or(value, |(local, _)| local);
    let value = if ascii.is_empty() { value.to_owned() } else { format!("{local}@{ascii}") };
    Target {
        medium: Medium::Email,
        address: Address { kind: AddressKind::Email, value, display_name: String::new() },
        authenticated,
        typed_in: false,
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target(authenticated: {})", self.authenticated)
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::{Field, Post, RecordedBy};

    use super::*;

    fn email(value: &str) -> Address {
        Address { kind: AddressKind::Email, value: value.to_owned(), display_name: "Somebody".to_owned() }
    }

    fn check(contact: &Contact, expect: Option<(&str, bool)>) {
        let found = answer_to(contact);
        let found = found.as_ref().map(|target| (target.address.value.as_str(), target.authenticated));
        assert_eq!(found, expect);
    }

    #[test]
    fn answers_go_where_the_sender_wants_them() {
        let from = Contact {
            sender: Some(email("a@example.org")),
            sender_authenticated: true,
            ..Contact::default()
        };
        check(&from, Some(("a@example.org", true)));
        let elsewhere = Contact { reply_to: vec![email("b@example.org")], ..from.clone() };
        check(&elsewhere, Some(("b@example.org", false)));
        let same = Contact { reply_to: vec![email("A@EXAMPLE.ORG")], ..from.clone() };
        check(&same, Some(("A@example.org", true)));
        let broken = Contact { reply_to: vec![email("no address")], ..from };
        check(&broken, Some(("a@example.org", true)));
    }

    #[test]
    fn a_post_is_answered_on_its_platform_where_that_can_be() {
        let sender = Address {
            kind: AddressKind::Handle,
            value: "mastodon:ann@social.example".to_owned(),
            ..Address::default()
        };
        let on = |platform: &str| Contact {
            sender: Some(sender.clone()),
            sender_authenticated: true,
            post: Some(Post { platform: platform.to_owned(), ..Post::default() }),
            ..Contact::default()
        };
        check(&on("mastodon"), Some(("mastodon:ann@social.example", true)));
        assert_eq!(answer_to(&on("mastodon")).unwrap().medium, Medium::Social);
        check(&on("feed"), None);
        check(&Contact { sender: None, ..on("mastodon") }, None);
    }

    #[test]
    fn a_form_names_its_field() {
        let field = Field { name: "email".to_owned(), value: " c@example.org ".to_owned() };
        check(&Contact { fields: vec![field], ..Contact::default() }, Some(("c@example.org", false)));
        check(&Contact::default(), None);
    }

    #[test]
    fn a_telephone_number_is_no_address() {
        let phone =
            Address { kind: AddressKind::Phone, value: "+4312345".to_owned(), display_name: String::new() };
        check(&Contact { sender: Some(phone), ..Contact::default() }, None);
    }

    #[test]
    fn what_a_clerk_typed_in_is_told_from_what_a_system_sent() {
        for (actor, typed_in) in [("clerk:ina", true), ("client:crm", false)] {
            let by = RecordedBy { actor: actor.to_owned(), ..RecordedBy::default() };
            let sender = Some(email("a@example.org"));
            let contact = Contact { sender, recorded_by: Some(by), ..Contact::default() };
            assert_eq!(answer_to(&contact).unwrap().typed_in, typed_in, "{actor}");
        }
    }

    #[test]
    fn the_senders_name_never_travels() {
        let contact = Contact { sender: Some(email("a@example.org")), ..Contact::default() };
        assert_eq!(answer_to(&contact).unwrap().address.display_name, "");
    }
}
