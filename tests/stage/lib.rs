//! The stage: the whole house for tests, demo, corpus, bench and soak.
//!
//! Reading order: [`program`] (the program as a process), [`stage`] (the services in this process, by a hand-moved clock),
//! [`mails`] (mails of our own writing), [`manifest`] (mails of somebody else's), [`house`] (settings for load and faults), [`results`] (RESULT lines), [`records`]
//! (what the streams hold), [`points`] (fail points), [`promises`] (what complainants were told), [`checker`] (the one
//! against the other), [`leaks`] (personal data where none may be), [`scanner`] (what a thief of files and keys
//! reads), [`erasing`] (a person is erased), [`wire`] (HTTP by hand, for load and for rudeness).

pub mod checker;
pub mod erasing;
pub mod house;
pub mod leaks;
pub mod mails;
pub mod manifest;
pub mod points;
pub mod program;
pub mod promises;
pub mod records;
pub mod results;
pub mod scanner;
pub mod stage;
pub mod wire;
