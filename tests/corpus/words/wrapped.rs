//! `email/tnef`: the files inside each winmail.dat, by name.

use std::collections::BTreeSet;
use std::path::Path;

use redress_contract::FileName;
use redress_tests::results::{Bar, Results};

use super::{Reader, differs, share};

/// Sends each winmail.dat through the reader as the one file of a mail. The texts of a message, which that set lists as
/// files `body.…`, are no files here.
pub(super) fn measure(reader: &Reader, data: &Path, results: &mut Results) -> anyhow::Result<()> {
    let folder = data.join("email/tnef");
    if !folder.is_dir() {
        return Ok(());
    }
    let (mut right, mut all) = (0, 0);
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let list = path.with_extension("list");
        if path.extension().is_none_or(|ending| ending != "tnef") || !list.exists() {
            continue;
        }
        let list = std::fs::read_to_string(list)?;
        let wanted =
            list.lines().map(str::trim).filter(|name| !name.is_empty() && !name.starts_with("body."));
        let wanted: BTreeSet<String> = wanted.map(|name| FileName::new(name).to_string()).collect();
        let contact = reader.read(&wrapped(&std::fs::read(&path)?));
        let files = contact.attachments.iter().map(|file| file.file_name.to_string());
        let got: BTreeSet<String> = files.filter(|name| name != "winmail.dat").collect();
        all += 1;
        right += usize::from(wanted == got);
        if wanted != got {
            differs(
                "email.tnef_files",
                &path.display().to_string(),
                &format!("{wanted:?}"),
                &format!("{got:?}"),
            );
        }
    }
    if all > 0 {
        results.tell("email.tnef_files", share(right, all), "share", Bar::AtLeast(0.9));
    }
    Ok(())
}

fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let head = "From: ann@example.org\nMIME-Version: 1.0\nContent-Type: application/ms-tnef; name=winmail.dat\n\
                Content-Transfer-Encoding: base64\n\n";
    [head.as_bytes(), data_encoding::BASE64_MIME.encode(bytes).as_bytes()].concat()
}
