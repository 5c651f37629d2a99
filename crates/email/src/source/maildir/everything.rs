//! Every mail of a Maildir, read again without changing anything: for reconciling.

use std::path::Path;

use jiff::Timestamp;
use redress_contract::subject::name::CURSORS;
use redress_vault::Vault;
use tokio::sync::mpsc::Sender;

use super::folder::{Folder, Found};
use super::{Cursor, LookError, key_of};
use crate::reconcile::{Seen, Standing};
use crate::source::gather::Keep;

/// Reads every mail of `new` and `cur`.
pub(crate) async fn everything(
    (account, path): (&str, &Path),
    vault: &Vault,
    sender: &Sender<Seen>,
) -> Result<(), LookError> {
    let folder = Folder::at(path);
    let stored = vault.bus().kv(CURSORS).get(&key_of(vault, account, &folder)).await?;
    let since =
        stored.and_then(|(value, _)| serde_json::from_slice::<Cursor>(&value).ok()).map(|it| it.first);
    let since = since.flatten().unwrap_or(Timestamp::UNIX_EPOCH);
    for found in folder.all().await? {
        let Some(file) = folder.stat(&found).await? else { continue };
        if !file.is_plain {
            continue;
        }
        let digest = match found.read(Keep::NOTHING).await {
            Ok(mail) => Ok(Seen::digest_of(&mail)),
            // Moved meanwhile: it is met under its other name, or was.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(_) => Err("the file cannot be read"),
        };
        let otherwise = otherwise(&found, file.changed, since);
        let (folder, mail) = (found.place.to_owned(), found.base.to_string_lossy().into_owned());
        let _ = sender.send(Seen { folder, uid_validity: 0, mail, digest, otherwise }).await;
    }
    Ok(())
}

fn otherwise(found: &Found, changed: Timestamp, since: Timestamp) -> Standing {
    if found.is_new() {
        Standing::Gap("not taken yet")
    } else if changed < since {
        Standing::Before
    } else {
        Standing::Gap("not on record")
    }
}
