//! Parts whose words cannot be read here: encrypted, in pieces, elsewhere. A person is told which and why.

use super::parse::{Mail, Part, Shape};

/// Parts told at most.
const TOLD_MAX: usize = 10;

/// A sentence for each such part.
pub(crate) fn problems(mail: &Mail<'_>) -> Vec<String> {
    mail.parts()
        .filter_map(|part| Some(format!("part {} {}", part.index, problem(&part)?)))
        .take(TOLD_MAX)
        .collect()
}

fn problem(part: &Part<'_, '_>) -> Option<String> {
    let parameter = |name: &str| part.parameter(name).unwrap_or_default().to_ascii_lowercase();
    let told = match part.media_type().as_str() {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            if parameter("smime-type").starts_with("signed") {
                "is signed in a form that hides its words (S/MIME)"
            } else if parameter("smime-type") == "certs-only" {
                return None;
            } else {
                "is encrypted (S/MIME)"
            }
        }
        "multipart/encrypted" => "is encrypted (PGP)",
        "message/partial" => {
            let piece =
                |name: &str| parameter(name).chars().filter(char::is_ascii_digit).take(6).collect::<String>();
            return Some(format!("is piece {} of {} of a mail", piece("number"), piece("total")));
        }
        "message/external-body" => "only says where a file lies",
        _ => {
            let hides = part.shape() == Shape::Text
                && part
                    .text()
                    .is_some_and(|text| text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----"));
            return hides.then(|| "is encrypted (PGP)".to_owned());
        }
    };
    Some(told.to_owned())
}
