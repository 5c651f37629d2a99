//! The rules as stories: given what happened, when somebody wishes, then this follows or is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acknowledging;
mod acts;
mod bounces;
mod business_time;
mod closing;
mod communications;
mod contacts;
mod explaining;
mod handling;
mod histories;
mod ladders;
mod outbound;
mod pausing;
mod presets;
mod registering;
mod settings;
mod simulating;
mod stage;
mod timers;
mod urgency;
