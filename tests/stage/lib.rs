//! The stage: the whole house for tests, demo, corpus, bench and soak.
//!
//! Reading order: [`program`] (the program as a process), [`stage`] (the services in this process, by a hand-moved clock),
//! [`mails`] (mails of our own writing), [`house`] (settings for load and faults), [`results`] (RESULT lines), [`records`]
//! (what the streams hold, for checking).

pub mod house;
pub mod mails;
pub mod program;
pub mod records;
pub mod results;
pub mod stage;
