//! What this process can do with seals: make them, open them, both, or neither. Channels get [`Seals`] that only make.

use std::sync::Arc;

use crate::keyring::{PrivateKey, PublicKey, Ring};

/// The sealing keys at hand. Cheap to clone; the default holds none.
#[derive(Clone, Debug, Default)]
pub struct Seals {
    pub(crate) makes: Option<Arc<Ring<PublicKey>>>,
    pub(crate) makes_for_status: Option<Arc<Ring<PublicKey>>>,
    pub(crate) opens: Option<Arc<Ring<PrivateKey>>>,
    pub(crate) opens_for_status: Option<Arc<Ring<PrivateKey>>>,
    pub(crate) unsealed: bool,
}

impl Seals {
    /// Both halves of one pair.
    pub fn with(pair: &PrivateKey) -> Self {
        Self::default().making(Ring::of(vec![pair.public()])).opening(Ring::of(vec![pair.clone()]))
    }

    /// Seals for these public keys.
    #[must_use]
    pub fn making(mut self, public: Ring<PublicKey>) -> Self {
        self.makes = Some(Arc::new(public));
        self
    }

    /// Seals what the complainant may read for the status page too.
    #[must_use]
    pub fn making_for_status(mut self, public: Ring<PublicKey>) -> Self {
        self.makes_for_status = Some(Arc::new(public));
        self
    }

    /// Opens with these private keys.
    #[must_use]
    pub fn opening(mut self, private: Ring<PrivateKey>) -> Self {
        self.opens = Some(Arc::new(private));
        self
    }

    /// Opens what the complainant may read with these private keys of the status page; see
    /// [`Vault::for_status_page`](crate::Vault::for_status_page).
    #[must_use]
    pub fn opening_for_status(mut self, private: Ring<PrivateKey>) -> Self {
        self.opens_for_status = Some(Arc::new(private));
        self
    }

    /// The same without what opens: for channels.
    #[must_use]
    pub fn only_making(&self) -> Self {
        Self { opens: None, opens_for_status: None, ..self.clone() }
    }

    /// What opens for the status page and nothing else; none without its private keys.
    pub(crate) fn only_status(&self) -> Option<Self> {
        let opens = Some(Arc::clone(self.opens_for_status.as_ref()?));
        Some(Self { opens, ..Self::default() })
    }

    /// No seal at all. Only for measuring what sealing costs; no setting leads here.
    #[doc(hidden)]
    pub fn unsealed_for_measuring() -> Self {
        Self { unsealed: true, ..Self::default() }
    }
}
