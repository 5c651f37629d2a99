//! The stage: the whole house in one test process.
