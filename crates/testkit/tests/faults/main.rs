//! The faults do what they say: a cluster that loses nodes, a proxy that misbehaves.

#![cfg(test)]

mod cluster;
mod proxy;
