//! Stories: the whole house. A mail comes in, a deadline passes, a letter goes out.

mod acknowledged;
mod bounced;
mod broken;
mod by_hand;
mod calls;
mod decided;
mod erased;
mod forgotten;
mod kept_back;
mod letters;
mod machines;
mod mail_server;
mod overdue;
mod policies;
mod posts;
mod private;
mod redacted;
mod replicas;
mod typed_in;
mod vouched;
mod web;
