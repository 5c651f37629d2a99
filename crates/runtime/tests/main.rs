//! What a service gets from its runtime, seen from outside: settings, listener, health, clock, signals.
#![cfg(test)]

mod clock;
mod health;
mod listener;
mod settings;
mod signal;
