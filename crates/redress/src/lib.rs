//! One program that runs any service, or all of them.
