//! The fields of a delivery report (RFC 3464 §2): in their own part, or copied into the text.

use redress_contract::contact::DeliveryReport;

use super::super::parse::{self, Mail};
use super::{recipient, status};

/// Lines looked at in one part.
const LINES_MAX: usize = 2000;

/// One recipient's fields, or those of the whole report: names in lower case.
pub(super) type Group = Vec<(String, String)>;

/// Fields that say of whom a group is.
const RECIPIENTS: [&str; 4] =
    ["original-recipient", "final-recipient", "x-actual-recipient", "final-log-recipient"];

/// The groups of all delivery-status parts, or where there are none, those that stand in the text.
pub(super) fn groups(mail: &Mail<'_>, text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for part in mail.parts() {
        let media_type = part.media_type();
        if matches!(media_type.as_str(), "message/delivery-status" | "message/global-delivery-status") {
            read(&parse::guess(&part.decoded()), &mut groups);
        }
    }
    if groups.is_empty() && text.contains("-Recipient:") {
        read(text, &mut groups);
    }
    groups
}

/// The value of a field.
pub(super) fn field<'g>(group: &'g Group, name: &str) -> Option<&'g str> {
    group.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// What a group says about a recipient that did not get the mail.
pub(super) fn report(group: &Group) -> Option<DeliveryReport> {
    // What we wrote the mail to is the original recipient; where it was sent on from there is the final one.
    let about = RECIPIENTS
        .into_iter()
        .filter_map(|name| field(group, name))
        .find_map(|value| recipient(value.split_once(';').map_or(value, |(_, address)| address).trim()))?;
    let action = field(group, "action").unwrap_or_default().to_ascii_lowercase();
    if is_success(&action) {
        return None;
    }
    let mut status = field(group, "status").and_then(status::stated).unwrap_or_default();
    if status::is_vague(&status) {
        let said = field(group, "diagnostic-code").and_then(|code| status::find(std::iter::once(code)));
        status = said.filter(|said| status.is_empty() || !status::is_vague(said)).unwrap_or(status);
    }
    let permanent = if action.is_empty() { !status.starts_with('4') } else { action.starts_with("fail") };
    Some(DeliveryReport { recipient: about, status, permanent, original_message_id: String::new() })
}

/// True for the actions of mail that arrived.
pub(super) fn is_success(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ["deliver", "relayed", "expanded"].iter().any(|good| action.starts_with(good))
}

/// Blank lines end a group; so does a second recipient, where somebody left the blank line out.
fn read(text: &str, groups: &mut Vec<Group>) {
    let mut group: Group = Vec::new();
    for line in text.lines().take(LINES_MAX) {
        if line.trim().is_empty() {
            groups.push(std::mem::take(&mut group));
        } else if line.starts_with([' ', '\t']) && !group.is_empty() {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            if name == "final-recipient" && field(&group, &name).is_some() {
                groups.push(std::mem::take(&mut group));
            }
            group.push((name, value.trim().to_owned()));
        }
    }
    groups.push(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_end_at_blank_lines_and_second_recipients() {
        let text = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n\
                    Diagnostic-Code: smtp; 550 5.1.1\n no such user\nFinal-Recipient: rfc822; b@example.org\n\
                    Action: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822; c@example.org\nAction: relayed";
        let mut groups = Vec::new();
        read(text, &mut groups);
        let told: Vec<_> = groups
            .iter()
            .filter_map(report)
            .map(|report| format!("{} {} {}", report.recipient, report.status, report.permanent))
            .collect();
        assert_eq!(told, ["a@example.org 5.1.1 true", "b@example.org 4.4.1 false"]);
    }
}
