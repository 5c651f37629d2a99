//! When a span that starts at an anchor is over, and why.
