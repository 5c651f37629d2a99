//! Into a folder, as Maildir: for first use, where no mail server is, and to see what would go out.
//!
//! The file is named for the communication, so that sending it again replaces it by the same bytes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Parcel, SendError, TransportError};

/// A Maildir to write into.
#[derive(Debug, Clone)]
pub(crate) struct Maildir {
    folder: PathBuf,
}

impl Maildir {
    pub(super) fn new(folder: &Path) -> Result<Self, TransportError> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(folder.join(part))
                .map_err(|e| TransportError(format!("create {}: {e}", folder.join(part).display())))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) async fn send(&self, parcel: Parcel<'_>) -> Result<(), SendError> {
        let maildir = self.clone();
        let (name, message) = (format!("{}.redress", parcel.id), parcel.message.to_vec());
        let written = tokio::task::spawn_blocking(move || maildir.write(&name, &message)).await;
        let problem =
            |e: String| SendError::Unreachable(format!("write into the folder for outgoing mail: {e}"));
        written.map_err(|e| problem(e.to_string()))?.map_err(|e| problem(e.to_string()))
    }

    fn write(&self, name: &str, message: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join("tmp").join(name);
        let mut file = File::create(&unfinished)?;
        file.write_all(message)?;
        file.sync_all()?;
        let new = self.folder.join("new");
        fs::rename(&unfinished, new.join(name))?;
        File::open(new)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use redress_contract::CommunicationId;

    use super::*;

    #[tokio::test]
    async fn sending_twice_leaves_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(folder.path()).unwrap();
        let id = CommunicationId::new("abc").unwrap();
        let parcel = Parcel { id: &id, from: "a@example.org", to: "b@example.org", message: b"Hello\r\n" };
        maildir.send(parcel).await.unwrap();
        maildir.send(parcel).await.unwrap();
        let files: Vec<_> =
            fs::read_dir(folder.path().join("new")).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(files, [folder.path().join("new/abc.redress")]);
        assert_eq!(fs::read(&files[0]).unwrap(), b"Hello\r\n");
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_not_the_messages_fault() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(folder.path()).unwrap();
        drop(folder);
        let id = CommunicationId::new("abc").unwrap();
        let parcel = Parcel { id: &id, from: "a@example.org", to: "b@example.org", message: b"Hello\r\n" };
        assert!(matches!(maildir.send(parcel).await, Err(SendError::Unreachable(_))));
    }
}
