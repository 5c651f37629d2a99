//! The fail point `email::parse`: a mail that says so in its header does to the program what a parser with a bug would.
//! Compiled in with the feature `failpoints` only, and even then nothing happens until a test configures the point.

use std::hint::black_box;
use std::time::Duration;

/// The header field of the mails that the fail point is for.
const FIELD: &[u8] = b"X-Poison: yes";

/// Dies, panics or hangs as configured: `return(abort)`, `return(overflow)`, `return(panic)`, `return(hang)`.
pub(super) fn parse(raw: &[u8]) {
    if raw.windows(FIELD.len()).any(|part| part == FIELD) {
        match configured().as_deref() {
            Some("abort") => std::process::abort(),
            Some("overflow") => drop(black_box(overflow(0))),
            Some("panic") => panic!("the fail point says so"),
            Some("hang") => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            _ => {}
        }
    }
}

fn configured() -> Option<String> {
    fail::fail_point!("email::parse", |how| how);
    None
}

/// Calls itself until the stack is full.
fn overflow(depth: usize) -> [usize; 64] {
    let mut frame = black_box([depth; 64]);
    if depth < usize::MAX {
        frame[depth % 64] += overflow(depth + 1)[0];
    }
    frame
}
