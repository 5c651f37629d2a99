//! Deadlines and policies asked of the program, with and without a broker.

use redress_testkit::eventually;

use crate::run::Desk;
use crate::up::{MAIL, SETTINGS, Up, ask, deliver, queue};

const LONDON: &str = r#"
[rules.calendars.london]
zone = "Europe/London"
holidays = ["GB-ENG"]
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
[rules.calendars.always]
zone = "UTC"
hours = { mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"], fri = ["00:00-24:00"], sat = ["00:00-24:00"], sun = ["00:00-24:00"] }
[[rules.policies]]
id = "five"
calendar = "london"
[[rules.policies.milestones]]
id = "final_response"
span = { business_days = "5" }
"#;

#[test]
fn a_deadline_is_counted_day_by_day_in_its_calendar_or_another() {
    let desk = Desk::with(LONDON);
    let asked = ["deadline", "--policy", "five", "--received", "2026-03-27 18:30"];
    let told = ask(&desk, &asked);
    for words in ["Good Friday", "Easter Monday", "2026-04-07T23:00:00Z"] {
        assert!(told.out.contains(words), "{words} is missing in {}", told.out);
    }
    let json = ask(&desk, &[&asked[..], &["--calendar", "always", "--json"]].concat()).lines();
    assert_eq!(json[0]["due_at"], "2026-04-02T00:00:00Z", "{json:?}");

    let refused = |arguments: &[&str], words: &str| {
        let answer = desk.ask(arguments);
        assert_eq!(answer.code, 1, "{arguments:?}");
        assert!(answer.err.contains(words), "{words} is missing in {}", answer.err);
    };
    refused(&["deadline", "--policy", "six", "--received", "2026-03-27 18:30"], "policies in force are five");
    refused(&[&asked[..], &["--calendar", "mars"]].concat(), "calendars are always, london");
    refused(&["deadline", "--policy", "five", "--received", "2026-03-29 01:30"], "clocks change then");
    refused(&["deadline", "--policy", "five", "--received", "Easter"], "such as 2026-03-27T18:30:00Z");
}

#[test]
fn policies_are_listed_shown_and_checked_with_every_mistake_named() {
    let desk = Desk::with(LONDON);
    assert!(
        ask(&desk, &["policy", "list"]).out.contains("five business days")
            || ask(&desk, &["policy", "list"]).out.contains("5 business days")
    );
    assert!(ask(&desk, &["policy", "list", "--presets"]).out.contains("uk-fca-disp"));
    assert!(ask(&desk, &["policy", "show", "five"]).out.contains("Good Friday"));
    assert!(ask(&desk, &["policy", "check"]).out.contains("all right"));

    desk.write("good.toml", b"[[policies]]\nid = \"ten\"\ncalendar = \"london\"\n[[policies.milestones]]\nid = \"a\"\nspan = { business_days = \"10\" }\nmet_by = [\"decided\"]\n");
    assert!(ask(&desk, &["policy", "check", "good.toml"]).out.contains("all right"));
    desk.write("bad.toml", b"[calendars.moon]\nzone = \"Luna\"\nhours = { mon = [\"09:00-08:00\"] }\n");
    desk.write("gone.toml", b"[calendars.london]\nzone = \"Europe/London\"\nicalendar = [\"gone.ics\"]\n");
    desk.write("broken.toml", b"[calendars");
    for (file, words) in [
        ("bad.toml", ["bad.toml: calendars.moon.zone", "calendars.moon.hours.mon"].as_slice()),
        ("gone.toml", &["gone.toml: calendars.london.icalendar", "gone.ics"]),
        ("broken.toml", &["broken.toml"]),
        ("nowhere.toml", &["nowhere.toml", "cannot be read"]),
    ] {
        let answer = desk.ask(&["policy", "check", file]);
        assert_eq!(answer.code, 78, "{file}: {}", answer.err);
        for words in words {
            assert!(answer.err.contains(words), "{words} is missing in {}", answer.err);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_complaints_are_replayed_against_another_policy_and_nothing_is_written() {
    let quick = r#"
[[rules.policies]]
id = "house"
calendar = "always"
[[rules.policies.milestones]]
id = "final_response"
span = { elapsed = "PT1S" }
"#;
    let rules = LONDON.split("[[rules.policies]]").next().unwrap();
    let desk = Desk::with(&format!("{SETTINGS}{rules}{quick}"));
    let up = Up::start(&desk);
    deliver(&desk, "m1", MAIL);
    let open = queue(&desk, 1).await;
    let reference = open[0]["reference"].as_str().unwrap().to_owned();
    eventually("the deadline is breached", || async {
        (queue(&desk, 1).await[0]["next"]["breached"] == true).then_some(())
    })
    .await;
    let explained = ask(&desk, &["explain", &reference]).out;
    assert!(explained.contains("which has passed") && explained.contains("MilestoneBreached"), "{explained}");

    desk.write("new.toml", quick.replace("rules.", "").replace("PT1S", "P30D").as_bytes());
    let count = || ask(&desk, &["events", "--from", "beginning"]).lines().len();
    let before = count();
    let simulate = ["simulate", "--policy", "new.toml", "--from", "2020-01-01T00:00:00Z"];
    let told = ask(&desk, &[&simulate[..], &["--complaints"]].concat()).out;
    assert!(told.contains(&format!("{reference} final_response would be in time")), "{told}");
    let json = ask(&desk, &[&simulate[..], &["--json"]].concat()).lines();
    let (row, last) = (&json[0], json.last().unwrap());
    assert_eq!(row["milestone"], "final_response");
    assert_eq!(row["breached"], serde_json::json!({ "record": 1, "in_force": 1, "new": 0 }), "{json:?}");
    assert_eq!(last["complaints"], 1);
    assert_eq!(count(), before);

    let none = ask(&desk, &[&simulate[..], &["--to", "2020-01-02T00:00:00Z"]].concat()).out;
    assert!(none.starts_with("0 complaints"), "{none}");
    let backwards = desk.ask(&[&simulate[..], &["--to", "2019-01-02T00:00:00Z"]].concat());
    assert_eq!(backwards.code, 1);
    up.stop();
}
