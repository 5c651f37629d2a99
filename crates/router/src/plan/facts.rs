//! What the routing rules look at.

use std::collections::BTreeMap;

use redress_contract::{AddressKind, Contact, Disposition, MachineKind};
use redress_domain::Facts;
use redress_identity::address;

use super::machine_of;

/// The facts of a contact, by field of the matcher. Absent things have no field.
pub fn facts(contact: &Contact) -> Facts {
    let mut fields = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            fields.insert(name.to_owned(), value.to_owned());
        }
    };
    set("channel", contact.channel.token());
    set("account", &contact.account);
    set("subject", &contact.subject);
    set("text", &contact.text);
    set("language", &contact.language);
    set("sender_domain", &sender_domain(contact));
    let machine = machine_of(contact);
    if machine != MachineKind::Unspecified {
        set("machine", machine.token());
    }
    for field in &contact.fields {
        set(&format!("form.{}", field.name), &field.value);
        if field.name == "product" {
            set("product", &field.value);
        }
    }
    if let Some(post) = &contact.post {
        set("platform", &post.platform);
        set("mentions", &post.mentions.join(" "));
        set("rating", &post.rating.map(|stars| stars.to_string()).unwrap_or_default());
        if !post.kind.is_unspecified() {
            set("post_kind", post.kind.token());
        }
        if !post.visibility.is_unspecified() {
            set("visibility", post.visibility.token());
        }
    }
    let disposition = (machine != MachineKind::Unspecified).then_some(Disposition::Machine);
    let rating = contact.post.as_ref().and_then(|post| post.rating);
    Facts { fields, disposition, category: None, weigh_words: contact.post.is_some(), rating }
}

fn sender_domain(contact: &Contact) -> String {
    match &contact.sender {
        Some(sender) if sender.kind == AddressKind::Email => address::domain(&sender.value),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::contact::{Address, Field, Machine};
    use redress_contract::{Channel, MachineKind};

    use super::*;

    fn contact() -> Contact {
        Contact {
            channel: Channel::Email,
            account: "help".to_owned(),
            subject: "Broken kettle".to_owned(),
            text: "It leaks.".to_owned(),
            sender: Some(Address {
                kind: AddressKind::Email,
                value: "Ann@Shop.Example.org".to_owned(),
                display_name: String::new(),
            }),
            fields: vec![Field { name: "product".to_owned(), value: "kettle".to_owned() }],
            ..Contact::default()
        }
    }

    #[test]
    fn each_thing_a_rule_may_look_at_has_its_field() {
        let facts = facts(&contact());
        let fields: Vec<_> =
            facts.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            fields,
            [
                ("account", "help"),
                ("channel", "email"),
                ("form.product", "kettle"),
                ("product", "kettle"),
                ("sender_domain", "shop.example.org"),
                ("subject", "Broken kettle"),
                ("text", "It leaks."),
            ]
        );
        assert_eq!(facts.disposition, None);
    }

    #[test]
    fn a_machine_is_a_machine_without_any_rule() {
        let machine = Machine { kind: MachineKind::AutoReply, ..Machine::default() };
        let facts = facts(&Contact { machine: Some(machine), ..contact() });
        assert_eq!(facts.disposition, Some(Disposition::Machine));
        assert_eq!(facts.fields["machine"], "auto_reply");
    }
}
