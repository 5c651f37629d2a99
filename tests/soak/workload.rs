//! The mails of a run, and which of them belong together.

use redress_tests::mails::{self, Made};
use redress_tests::manifest::{self, Expected};

use crate::Form;

/// One mail to be delivered.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Its bytes, lines ended as on the wire.
    pub(crate) raw: Vec<u8>,
    /// The complaint it is part of.
    pub(crate) thread: String,
    /// Where its complaint is acknowledged; none when that is not known.
    pub(crate) address: Option<String>,
}

/// Made by us, or taken from the folder that was named.
pub(crate) fn mails(form: &Form, count: usize) -> anyhow::Result<Vec<Mail>> {
    match &form.folder {
        Some(folder) => Ok(manifest::read(folder)?.into_iter().map(Mail::expected).collect()),
        None => Ok(mails::make(form.seed, count).iter().map(Mail::of).collect()),
    }
}

impl Mail {
    /// Each sender of ours writes about one thing.
    pub(crate) fn of(made: &Made) -> Self {
        Self { raw: made.raw.clone(), thread: made.from.clone(), address: Some(made.from.clone()) }
    }

    fn expected(mail: Expected) -> Self {
        Self { raw: mail.raw, thread: mail.thread, address: None }
    }
}
