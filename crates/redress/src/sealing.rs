//! The files of the sealing keys: who needs which, made at first use, read at start.

use std::path::{Path, PathBuf};

use redress_runtime::settings::Problems;
use redress_vault::keyring::Half;
use redress_vault::{PrivateKey, Ring, Seals};

use crate::cli::Service;
use crate::data::{DataFolder, write_new};
use crate::settings::KeysSettings;

/// Where the keys lie.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    /// Seals.
    pub public: PathBuf,
    /// Opens.
    pub private: PathBuf,
    /// Seals communications for the status page as well.
    pub status_public: PathBuf,
    /// Opens those.
    pub status_private: PathBuf,
}

/// What a process does with sealed things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need {
    /// It puts some in.
    pub seals: bool,
    /// It opens some.
    pub opens: bool,
    /// It opens what goes to the complainant, for the status page.
    pub opens_for_status: bool,
}

impl Need {
    /// Nothing.
    pub const NOTHING: Self = Self { seals: false, opens: false, opens_for_status: false };
    /// To put in.
    pub const SEALS: Self = Self { seals: true, ..Self::NOTHING };
    /// To open.
    pub const OPENS: Self = Self { opens: true, ..Self::NOTHING };
    /// Both.
    pub const BOTH: Self = Self { seals: true, opens: true, ..Self::NOTHING };

    /// What these services need together.
    pub fn of<'a>(services: impl IntoIterator<Item = &'a Service>) -> Self {
        services.into_iter().fold(Self::NOTHING, |all, service| {
            let own = match service {
                Service::Email | Service::Phone => Self::SEALS,
                Service::Web => Self { opens_for_status: true, ..Self::SEALS },
                Service::Router | Service::Erase => Self::OPENS,
                Service::Notifier | Service::Social => Self::BOTH,
                Service::Sla | Service::Feed => Self::NOTHING,
            };
            Self {
                seals: all.seals || own.seals,
                opens: all.opens || own.opens,
                opens_for_status: all.opens_for_status || own.opens_for_status,
            }
        })
    }
}

impl KeyFiles {
    /// As the settings say; beside the data otherwise.
    pub fn of(settings: &KeysSettings, data: &DataFolder) -> Self {
        let or =
            |written: &Option<PathBuf>, name: &str| written.clone().unwrap_or_else(|| data.path().join(name));
        Self {
            public: or(&settings.public_file, "sealing.pub"),
            private: or(&settings.private_file, "sealing.key"),
            status_public: or(&settings.status_public_file, "status.pub"),
            status_private: or(&settings.status_private_file, "status.key"),
        }
    }

    /// Both pairs, the vault's and the status page's: private file, public file.
    pub fn pairs(&self) -> [(&Path, &Path); 2] {
        [(&self.private, &self.public), (&self.status_private, &self.status_public)]
    }

    /// Makes the pairs that are missing; answers the files that were made. A private key without its public file gets
    /// that back; a public file alone is left: its private half is elsewhere.
    ///
    /// # Errors
    /// When a file cannot be written, or a private key that is there cannot be read.
    pub fn make(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut made = Vec::new();
        for (private_file, public_file) in self.pairs() {
            if !private_file.exists() && public_file.exists() {
                continue;
            }
            let fresh = PrivateKey::draw();
            if write_new(private_file, &format!("{}\n", *fresh.line()))? {
                made.push(private_file.to_owned());
            }
            let ring: Ring<PrivateKey> = Ring::read(private_file)?;
            let lines: Vec<String> = ring.keys().iter().map(|private| private.public().line()).collect();
            if write_new(public_file, &format!("{}\n", lines.join("\n")))? {
                made.push(public_file.to_owned());
            }
        }
        Ok(made)
    }

    /// Reads what is needed, and nothing else: a process that only seals never holds a private key.
    ///
    /// # Errors
    /// Each file that is missing or is no key file, with its key in the settings.
    pub fn read(&self, need: Need) -> Result<Seals, Problems> {
        let mut problems = Problems::none();
        let mut seals = Seals::default();
        if need.seals {
            let ring = read(&self.public, "keys.public_file", "seal what comes in", &mut problems);
            seals = ring.map_or(seals.clone(), |ring| seals.making(ring));
            // The status page is an extra: without its pair, nothing is sealed for it.
            if self.status_public.exists() {
                let ring = read(
                    &self.status_public,
                    "keys.status_public_file",
                    "seal for the status page",
                    &mut problems,
                );
                seals = ring.map_or(seals.clone(), |ring| seals.making_for_status(ring));
            }
        }
        if need.opens {
            let ring = read(&self.private, "keys.private_file", "open what was sealed", &mut problems);
            seals = ring.map_or(seals.clone(), |ring| seals.opening(ring));
        }
        // So is its private half: without it the page says when messages were sent, and not what they say.
        if need.opens_for_status && self.status_private.exists() {
            let (key, purpose) = ("keys.status_private_file", "show messages on the status page");
            let ring = read(&self.status_private, key, purpose, &mut problems);
            seals = ring.map_or(seals.clone(), |ring| seals.opening_for_status(ring));
        }
        problems.or(seals)
    }
}

fn read<K: Half>(file: &Path, key: &str, purpose: &str, problems: &mut Problems) -> Option<Ring<K>> {
    match Ring::read(file) {
        Ok(ring) => Some(ring),
        Err(problem) => {
            let mend = "restore it from your backup; for a new installation: redress keys init";
            problems.note(key, format!("is needed to {purpose}: {problem} ({mend})"));
            None
        }
    }
}
