//! The rungs of escalation: when each is reached and who is told.
