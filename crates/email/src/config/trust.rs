//! Whose word an account takes on who wrote a mail: what is written, checked.

use redress_contract::AddressKind;
use redress_contract::contact::Address;
use redress_identity::address::{is_email, normal};
use redress_runtime::settings::Problems;

use super::{AccountSettings, host};
use crate::normalize::trust::{Authserv, Trust};

pub(super) fn check(account: &AccountSettings, key: &str, problems: &mut Problems) -> Trust {
    let id = account.authserv_id.as_str();
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | '(' | ')' | '"' | '=');
    if id.contains(odd) {
        problems.note(
            format!("{key}.authserv_id"),
            "must be the first word of the server's Authentication-Results, such as mx.example.org, or \"-\"",
        );
    }
    let relays = account.form_relays.iter().enumerate();
    let form_relays =
        relays.filter_map(|(n, relay)| check_relay(relay, &format!("{key}.form_relays[{n}]"), problems));
    Trust { form_relays: form_relays.collect(), authserv: Authserv::of(id) }
}

fn check_relay(written: &str, key: &str, problems: &mut Problems) -> Option<String> {
    if written.starts_with('@') {
        return host(written, key, problems);
    }
    if !is_email(written) {
        problems.note(key, "must be the address a form mails from, such as form@shop.example, or @host");
        return None;
    }
    let address =
        Address { kind: AddressKind::Email, value: written.to_owned(), display_name: String::new() };
    Some(normal(&address, None))
}
