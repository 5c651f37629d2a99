//! A mail that could not be read, `redress reparse` after a fix, and its words on the complaint it opened.

use redress_testkit::eventually;
use serde_json::json;

use crate::run::Desk;
use crate::up::{SETTINGS, Up, ask, deliver, queue, ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_could_not_be_read_is_read_after_a_fix_and_stays_one_complaint() {
    let desk = Desk::with(SETTINGS);
    let up = Up::start_with(&desk, &[("REDRESS_FAILPOINTS", "email::parse=return(panic)")]);
    ready(&up).await;
    let mail = "From: Ann Example <ann@example.com>\r\nTo: help@example.org\r\nSubject: Broken kettle\r\nX-Poison: yes\r\n\
                Message-ID: <k1@example.com>\r\nContent-Type: text/html\r\n\r\n<p>The kettle <b>burst</b>.</p>\r\n";
    deliver(&desk, "m1", mail.as_bytes());
    let open = queue(&desk, 1).await;
    let reference = open[0]["reference"].as_str().unwrap();
    let before = ask(&desk, &["show", reference]).out;
    assert!(before.contains("the parser gave up"), "{before}");
    up.stop();

    let up = Up::start(&desk);
    ready(&up).await;
    let told = ask(&desk, &["reparse", "--json"]).lines();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["outcome"], json!("read now, as"));
    eventually("its words stand on the complaint", || async {
        ask(&desk, &["show", reference]).out.contains("The kettle burst.").then_some(())
    })
    .await;
    assert_eq!(queue(&desk, 1).await[0]["reference"], reference, "it is the same complaint");
    let again = ask(&desk, &["reparse", "--json"]).lines();
    assert_eq!(again[0]["outcome"], json!("read before, as"));
    assert_eq!(again[0]["reparsed_as"], told[0]["reparsed_as"]);
    up.stop();
}
