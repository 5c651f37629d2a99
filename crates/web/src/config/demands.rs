//! What a submission must hold, and how much.

use super::{Choice, Limits, OwnField};
use crate::submission::{Field, FieldName};

/// What a submission must hold, and how much.
#[derive(Debug, Clone)]
pub struct Demands {
    /// Whether a way to answer may be missing.
    pub anonymous: Anonymous,
    /// Longest fields.
    pub limits: Limits,
    /// The standard fields that are asked for, in the order of the form.
    pub asks: Vec<Field>,
    /// Fields of the form's own.
    pub own: Vec<OwnField>,
    /// What the field `category` offers.
    pub categories: Vec<Choice>,
    /// What must be filled in, beside what happened.
    pub required: Vec<FieldName>,
}

impl Default for Demands {
    fn default() -> Self {
        Self {
            anonymous: Anonymous::default(),
            limits: Limits::default(),
            asks: Field::usual().collect(),
            own: Vec::new(),
            categories: Vec::new(),
            required: Vec::new(),
        }
    }
}

impl Demands {
    /// The field of this name, where standard ones are called as `standard` says; none when it is not asked for.
    pub(crate) fn name_of(&self, name: &str, standard: fn(Field) -> &'static str) -> Option<FieldName> {
        let asked = self.asks.iter().find(|field| standard(**field) == name);
        asked
            .map(|field| FieldName::Known(*field))
            .or_else(|| self.own.iter().any(|own| own.name == name).then(|| FieldName::Own(name.to_owned())))
    }

    /// Everything that is asked for, in the order of the form.
    pub(crate) fn names(&self) -> impl Iterator<Item = FieldName> {
        let known = self.asks.iter().map(|field| FieldName::Known(*field));
        known.chain(self.own.iter().map(|own| FieldName::Own(own.name.clone())))
    }

    /// The field of the form's own of this name.
    pub(crate) fn own(&self, name: &str) -> Option<&OwnField> {
        self.own.iter().find(|own| own.name == name)
    }
}

/// What is done with complaints that name no way to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// The sender is asked for one.
    #[default]
    Refused,
    /// They are taken.
    Taken,
}
