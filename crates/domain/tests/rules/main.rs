//! The rules as stories: given what happened, when somebody wishes, then this follows or is refused.

mod bounces;
mod business_time;
mod closing;
mod communications;
mod contacts;
mod handling;
mod histories;
mod ladders;
mod outbound;
mod registering;
mod settings;
mod stage;
mod timers;
mod urgency;
