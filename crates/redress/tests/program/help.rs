//! The help texts: what they say is part of the program.

use crate::run::Desk;

#[test]
fn help_teaches() {
    let commands = [
        "",
        "up",
        "run",
        "provision",
        "doctor",
        "config",
        "read email",
        "read phone",
        "reparse",
        "queue",
        "show",
        "act",
        "act decide",
        "events",
        "dead",
        "reconcile",
        "verify",
        "backup",
        "restore",
        "erase",
        "keys",
        "keys rotate",
        "staff hash-password",
    ];
    let mut all = String::new();
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let answer = Desk::with("").ask(&arguments);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""));
        all.extend(["$ redress ", &arguments.join(" "), "\n", &answer.out, "\n"]);
    }
    insta::assert_snapshot!(all);
}
