//! Deadlines kept, and escalation when they pass.
