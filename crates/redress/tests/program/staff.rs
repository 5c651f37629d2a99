//! Clerks: a hash is made, stands in the settings, and lets somebody in who types in a letter.

use std::io::Write as _;
use std::process::Stdio;

use crate::run::{Answer, Desk};
use crate::up::{SETTINGS, Up, ask, queue, ready};

const PASSWORD: &str = "correct horse battery";

fn hash(desk: &Desk, typed: &str) -> Answer {
    let mut command = desk.command(&["staff", "hash-password"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    Answer::of(child.wait_with_output().unwrap())
}

#[test]
fn a_hash_is_made_of_a_password_that_is_one() {
    // Settings that cannot be read keep nobody from making what mends them.
    let desk = Desk::with("[staff.accounts.ina]\npassword_hash = \"none yet\"\n");
    let made = hash(&desk, &format!("{PASSWORD}\n"));
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    assert!(made.out.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", made.out);
    let short = hash(&desk, "short\n");
    assert_eq!((short.code, short.out.as_str()), (1, ""));
    assert!(
        short.err.contains("failed to hash the password: the password must have 12 characters at least")
            && !short.err.contains("short\n"),
        "{}",
        short.err
    );
    let refused = desk.ask(&["config"]);
    assert_eq!(refused.code, 78);
    assert!(refused.err.contains("staff.accounts.ina.password_hash"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_serves_clerks_where_the_settings_name_one() {
    let desk = Desk::with(&format!(
        "{SETTINGS}[staff]\nlisten = \"127.0.0.1:0\"\n[staff.accounts.ina]\npassword_hash_file = \"ina.hash\"\n"
    ));
    desk.write("ina.hash", hash(&desk, PASSWORD).out.as_bytes());
    let up = Up::start(&desk);
    ready(&up).await;
    let (client, url) = (redress_runtime::http::client().unwrap(), up.staff.as_deref().unwrap());
    let signing_in = client.post(format!("{url}/en/sign-in"));
    let signed_in = signing_in.form(&[("account", "ina"), ("password", PASSWORD)]).send().await.unwrap();
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let letter = [
        ("submission_key", "0123456789abcdef"),
        ("staff_channel", "letter"),
        ("staff_arrival", "registered letter"),
        ("staff_read_back", "yes"),
        ("what_happened", "My parcel never came."),
    ];
    let sent = client.post(format!("{url}/en")).header("cookie", cookie).form(&letter).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    let open = queue(&desk, 1).await;
    assert_eq!(open[0]["channel"], "letter");
    let shown = ask(&desk, &["show", open[0]["reference"].as_str().unwrap()]).out;
    assert!(shown.contains("by clerk:ina, came as registered letter, read back and confirmed"), "{shown}");
    let findings = desk.ask(&["doctor", "--json"]).lines();
    let found = findings.iter().find(|finding| finding["what"] == "staff intake").unwrap();
    assert!(found["found"].as_str().unwrap().starts_with("1 may sign in at "), "{found}");
    let log = std::fs::read_to_string(desk.path("log")).unwrap();
    assert!(log.contains("Signed in clerk:ina") && log.contains("Recorded what clerk:ina typed in"), "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains("My parcel"));
    up.stop();
}
