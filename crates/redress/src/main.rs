//! The program: parses arguments, loads settings, starts logs and runs a command.
fn main() {}
