//! What the settings may say, and what is answered when they say something else.

use std::collections::BTreeMap;

use redress_contract::{Channel, Disposition, Severity};
use redress_domain::{Facts, Rules, RulesSettings};

use crate::stage::{problems, rules, settings};

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    let found: Vec<_> = problems(json).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn all_mistakes_are_told_together_each_with_its_key() {
    check(
        r#"{"calendars": {"bad": {"zone": "Europe/Atlantis", "hours": {"mon": ["09:00-12:00", "11:00-17:00"], "day": []}}},
            "policies": [
              {"id": "p", "calendar": "nowhere", "ladder": "none", "applies_when": {"severity": ["S9"], "colour": ["red"]},
               "milestones": [{"id": "acknowledge", "span": {"fortnights": "2"}, "end": "noon"}]},
              {"id": "p", "milestones": []}],
            "defaults": {"severity": "urgent"}}"#,
        &[
            "calendars.bad.zone: `Europe/Atlantis` is no IANA time zone, such as `Europe/Berlin`",
            "calendars.bad.hours.day: is no day; days are mon, tue, wed, thu, fri, sat, sun",
            "calendars.bad.hours.mon: its intervals overlap",
            "policies.p.calendar: `nowhere` is no calendar; calendars are bad, office",
            "policies.p.ladder: `none` is no ladder; ladders are default",
            "policies.p.applies_when.colour: is no field; fields are account, category, channel, class, disposition, jurisdiction, language, needs, product, severity, stage",
            "policies.p.applies_when.severity: `S9` is never its value; values are S1, S2, S3, S4",
            "policies.p.milestones.acknowledge.end: `noon` is none of end_of_day, close_of_business",
            "policies.p.milestones.acknowledge.span: `fortnights` is no kind of span; kinds are elapsed, business_time, business_days, calendar_days, weeks, months",
            "policies.p.id: stands twice; ids of policies are unique",
            "policies.p.milestones: is empty; a policy owes something",
            "defaults.severity: `urgent` is none of S1, S2, S3, S4",
        ],
    );
}

#[test]
fn a_calendar_without_open_days_is_refused() {
    check(
        r#"{"calendars": {"never": {"zone": "UTC", "hours": {"mon": []}}}}"#,
        &[r#"calendars.never.hours: no day is open; give at least one, such as mon = ["09:00-17:00"]"#],
    );
}

#[test]
fn a_calendar_knows_until_when_its_holidays_are_known() {
    let until = |office: &str| {
        let rules = rules(&format!(r#"{{"calendars": {{"office": {{"zone": "UTC", {office}}}}}}}"#));
        let (_, office) = rules.calendars().next().unwrap();
        office.holidays_until().map(|day| day.to_string())
    };
    // A closed day of one's own far ahead says nothing about holidays.
    let own = r#""holidays": ["GB-ENG", "DE-BY"], "closed": {"2035-05-01": "We move"}"#;
    assert_eq!(until(own).as_deref(), Some("2028-12-31"));
    assert_eq!(until(r#""closed": {"2035-05-01": "We move"}"#), None);
}

#[test]
fn public_holidays_are_closed_by_their_set_and_may_be_opened() {
    let rules = rules(
        r#"{"calendars": {"office": {"zone": "Europe/London", "holidays": ["GB-ENG", "DE-BY"],
            "closed": {"2026-12-24": "We move"}, "open": ["2026-05-04"]}}}"#,
    );
    let (_, calendar) = rules.calendars().find(|(name, _)| *name == "office").unwrap();
    let open = |date: &str| calendar.is_open_on(date.parse().unwrap());
    // Good Friday of both, Easter Monday of England, Epiphany and Corpus Christi of Bavaria, Boxing Day moved to Monday.
    for closed in ["2026-04-03", "2026-04-06", "2026-01-06", "2026-06-04", "2026-12-24", "2026-12-28"] {
        assert!(!open(closed), "{closed}");
    }
    for known in ["2026-05-04", "2026-04-02", "2026-11-30"] {
        assert!(open(known), "{known}");
    }
    // The version holds the days themselves: what ships later changes no clock that runs.
    assert!(rules.versions().values().all(|json| json.contains("2026-04-06") && !json.contains("GB-ENG")));
}

#[test]
fn a_subdivision_keeps_its_own_days_and_not_all_of_its_country() {
    let open = |set: &str, date: &str| {
        let json = format!(r#"{{"calendars": {{"office": {{"zone": "UTC", "holidays": ["{set}"]}}}}}}"#);
        let rules = rules(&json);
        let (_, calendar) = rules.calendars().find(|(name, _)| *name == "office").unwrap();
        calendar.is_open_on(date.parse().unwrap())
    };
    // Columbus Day; Lincoln's birthday in New York; Labour Day in Zurich; a region with nothing of its own.
    for (set, date, expected) in [
        ("US", "2026-10-12", false),
        ("US-CA", "2026-10-12", true),
        ("US-CA", "2026-07-03", false),
        ("US-NY", "2026-02-12", false),
        ("US", "2026-02-12", true),
        ("CH-ZH", "2026-12-25", false),
        ("CH-ZH", "2026-05-01", false),
        ("CH", "2026-05-01", true),
        ("PL-14", "2026-05-01", false),
    ] {
        assert_eq!(open(set, date), expected, "{set} {date}");
    }
}

#[test]
fn a_set_that_is_not_known_and_an_open_day_that_is_none_are_refused() {
    let found = problems(
        r#"{"calendars": {"office": {"zone": "UTC", "holidays": ["GB-ENGLAND", "MOON"], "open": ["1 July"]}}}"#,
    );
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(
        found[0].starts_with("calendars.office.holidays: `GB-ENGLAND` is no set of holidays; sets are AE, ")
    );
    assert!(found[1].starts_with("calendars.office.holidays: `MOON` is no set"));
    assert_eq!(found[2], "calendars.office.open: `1 July` is no day, such as 2026-12-25");
}

#[test]
fn hours_and_closed_days_are_read_strictly() {
    check(
        r#"{"calendars": {"c": {"zone": "UTC", "hours": {"mon": ["9-17"], "tue": ["12:00-12:00"], "wed": ["20:00-24:30"], "thu": ["00:00-24:00"]},
            "closed": {"25.12.2026": "Christmas", "2026-02-30": "never"}}}}"#,
        &[
            "calendars.c.hours.mon: `9-17` is no interval, such as `09:00-12:30` or `00:00-24:00`",
            "calendars.c.hours.tue: `12:00-12:00` is no interval, such as `09:00-12:30` or `00:00-24:00`",
            "calendars.c.hours.wed: `20:00-24:30` is no interval, such as `09:00-12:30` or `00:00-24:00`",
            "calendars.c.closed.2026-02-30: is no day, such as 2026-12-25",
            "calendars.c.closed.25.12.2026: is no day, such as 2026-12-25",
        ],
    );
}

#[test]
fn spans_that_are_nothing_endless_or_unreachable_are_refused() {
    let milestone = |span: &str| {
        format!(r#"{{"policies": [{{"id": "p", "milestones": [{{"id": "acknowledge", "span": {span}}}]}}]}}"#)
    };
    let key = "policies.p.milestones.acknowledge.span";
    for (span, message) in [
        ("{}", "needs exactly one of elapsed, business_time, business_days, calendar_days, weeks, months"),
        (
            r#"{"weeks": "1", "months": "1"}"#,
            "needs exactly one of elapsed, business_time, business_days, calendar_days, weeks, months",
        ),
        (r#"{"elapsed": "soon"}"#, "`soon` is no length of time, such as PT4H or 30m"),
        (r#"{"elapsed": "PT0S"}"#, "`PT0S` is not longer than nothing"),
        (r#"{"elapsed": "-PT1H"}"#, "`-PT1H` is not longer than nothing"),
        (r#"{"elapsed": "P1M"}"#, "`P1M` is no length of time, such as PT4H or 30m"),
        (r#"{"elapsed": "PT900000H"}"#, "`PT900000H` is longer than 20 years"),
        (r#"{"business_days": "0"}"#, "`0` is no number from 1 to 5000"),
        (r#"{"business_time": "PT100000H"}"#, "is not over within 20 years in this calendar"),
    ] {
        check(&milestone(span), &[&format!("{key}: {message}")]);
    }
}

#[test]
fn a_calendar_whose_closed_days_swallow_the_span_is_refused() {
    let mut settings = settings(
        r#"{"calendars": {"c": {"zone": "UTC", "hours": {"mon": ["09:00-17:00"]}}},
            "policies": [{"id": "p", "calendar": "c", "milestones": [{"id": "acknowledge", "span": {"business_days": "1"}}]}]}"#,
    );
    let mut monday: jiff::civil::Date = "2026-06-01".parse().unwrap();
    let calendar = settings.calendars.get_mut("c").unwrap();
    for _ in 0..1_100 {
        calendar.closed.insert(monday.to_string(), "closed".to_owned());
        monday = monday.saturating_add(jiff::Span::new().weeks(1));
    }
    let problems = Rules::compile(&settings).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "policies.p.milestones.acknowledge.span: is not over within 20 years in this calendar"
    );
}

#[test]
fn a_table_takes_a_thousand_values_for_a_field_and_no_more() {
    let table = |count: usize| {
        let words: Vec<String> = (0..count).map(|n| format!("\"word{n}\"")).collect();
        let words = words.join(", ");
        format!(r#"{{"rules": [{{"id": "a", "when": {{"subject": [{words}]}}, "category": "x"}}]}}"#)
    };
    drop(rules(&table(1000)));
    check(&table(1001), &["rules.a.when.subject: has 1001 values; 1 to 1000 are allowed"]);
}

#[test]
fn ladders_name_times_and_roles() {
    check(
        r#"{"ladders": {"l": [{"at": "50%", "tell": ["boss"]}, {"at": "50%", "tell": ["owner"]}, {"at": "101%", "tell": ["owner"]},
            {"at": "later", "tell": []}, {"at": "due", "tell": ["complainant"]}], "empty": []}}"#,
        &[
            "ladders.empty: has 0 rungs; 1 to 20 are allowed",
            "ladders.l[0].tell: `boss` is no role; roles are owner, team_lead, supervisor, complaints_manager, head_of_unit, executive",
            "ladders.l[1].at: `50%` stands twice in this ladder",
            "ladders.l[2].at: `101%` is no share from 1% to 100%",
            "ladders.l[3].tell: tells nobody; name at least one role",
            r#"ladders.l[3].at: `later` is none of "50%", "due", "+1 business_days", "+30m""#,
            "ladders.l[4].tell: `complainant` is no role; roles are owner, team_lead, supervisor, complaints_manager, head_of_unit, executive",
        ],
    );
}

#[test]
fn milestones_say_what_meets_them() {
    check(
        r#"{"policies": [{"id": "p", "milestones": [
            {"id": "call_back", "span": {"elapsed": "PT1H"}},
            {"id": "acknowledge", "span": {"elapsed": "PT1H"}, "met_by": ["magic"], "anchor": "birth", "on_demand": true}]}]}"#,
        &[
            "policies.p.milestones.call_back.met_by: `call_back` is met by nothing; say by which of acknowledgement_accepted, holding_response_accepted, final_response_accepted, accepted, decided, classified, closed, any_outbound, marked_done",
            "policies.p.milestones.acknowledge.anchor: `birth` is none of received, acknowledged, became_aware, last_inbound, last_outbound, decided, closed, escalation_requested, and no other milestone of this policy",
            "policies.p.milestones.acknowledge.on_demand: is for `review_reply` only; nothing calls for others",
            "policies.p.milestones.acknowledge.met_by: `magic` is none of acknowledgement_accepted, holding_response_accepted, final_response_accepted, accepted, decided, classified, closed, any_outbound, marked_done",
        ],
    );
}

#[test]
fn routing_rules_are_checked_like_policies() {
    check(
        r#"{"rules": [
            {"id": "a", "when": {"severity": ["S1"], "channel": ["fax"], "text": ["?!", ""], "subject": []}, "team": "billing"},
            {"id": "a", "disposition": "rant"},
            {"id": "", "when": {"text": ["!no"]}}]}"#,
        &[
            "rules.a.when.channel: `fax` is never its value; values are email, web, phone, letter, in_person, social_public, social_dm, api",
            "rules.a.when.severity: is no field; fields are account, call_direction, call_state, channel, language, machine, mentions, platform, post_kind, product, queue, rating, sender_domain, subject, text, visibility, form.<name>",
            "rules.a.when.subject: has 0 values; 1 to 1000 are allowed",
            "rules.a.when.text: `?!` holds no word to look for",
            "rules.a.when.text: a pattern is empty; `!` stands for nothing there",
            "rules.a.id: must be 1 to 64 characters of A-Z a-z 0-9 - _, and unique",
            "rules.a.disposition: `rant` is none of complaint, enquiry, service_request, compliment, suggestion, spam, machine, misdirected",
            "rules[2].id: must be 1 to 64 characters of A-Z a-z 0-9 - _, and unique",
            "rules[2].when.text: `!no`: only `!` alone has a meaning, nothing there",
            "rules[2]: sets nothing; give it a disposition, category, product, severity, jurisdiction, needs, team or opens",
        ],
    );
}

#[test]
fn the_house_calendar_takes_a_zone() {
    let rules = rules(r#"{"calendars": {"office": {"zone": "America/New_York"}}}"#);
    let house = rules.policies().next().unwrap();
    assert_eq!(house.calendar().zone().iana_name(), Some("America/New_York"));
}

#[test]
fn a_version_is_the_hash_of_all_that_a_deadline_depends_on() {
    let version = |json: &str| rules(json).policies().next().unwrap().version.clone();
    let house = version("{}");
    assert_eq!(house, version("{}"));
    assert_eq!(house.len(), 64);
    assert_ne!(house, version(r#"{"calendars": {"office": {"zone": "Asia/Tokyo"}}}"#));
    assert_ne!(house, version(r#"{"ladders": {"default": [{"at": "due", "tell": ["owner"]}]}}"#));
    assert_eq!(house, version(r#"{"rules": [{"id": "r", "team": "billing"}]}"#));
    for (version, json) in rules("{}").versions() {
        assert_eq!(redress_contract::Commit::hash(json.as_bytes()), version);
    }
}

fn facts(fields: &[(&str, &str)]) -> Facts {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Facts { fields: fields.collect::<BTreeMap<_, _>>(), ..Facts::default() }
}

fn routing() -> Rules {
    rules(
        r#"{"rules": [
            {"id": "harm", "when": {"text": ["injur*", "caught fire"]}, "severity": "S1", "team": "safety"},
            {"id": "billing", "when": {"text": ["invoice"], "machine": ["!"]}, "category": "billing", "team": "billing"},
            {"id": "praise", "when": {"subject": ["thank you"]}, "disposition": "compliment", "severity": "S4"},
            {"id": "kettle", "when": {"form.product": ["kettle*"]}, "product": "Kettle"},
            {"id": "shop", "when": {"sender_domain": ["*.example.org"], "channel": ["email", "web"]}, "category": "partners"}]}"#,
    )
}

#[test]
fn the_first_rule_that_fits_decides_each_thing_it_sets() {
    let routed = routing().route(&facts(&[("text", "The kettle CAUGHT\nfire, and your invoice is wrong.")]));
    assert_eq!(routed.classification.severity, Severity::S1);
    assert_eq!(routed.classification.category, "billing");
    assert_eq!(routed.classification.rule, "harm+billing");
    assert_eq!((routed.assignment.team.as_str(), routed.assignment.rule.as_str()), ("safety", "harm"));
}

#[test]
fn what_no_rule_decides_is_a_complaint_with_the_defaults() {
    let routed = routing().route(&facts(&[("text", "hello")]));
    assert_eq!(routed.classification.disposition, Disposition::Complaint);
    assert_eq!(routed.classification.category, "general");
    assert_eq!(routed.classification.severity, Severity::S3);
    assert_eq!(
        (routed.classification.rule.as_str(), routed.assignment.team.as_str()),
        ("default", "complaints")
    );
}

#[test]
fn a_machine_is_a_machine_unless_a_rule_says_otherwise() {
    let mut bounce = facts(&[("text", "your invoice"), ("machine", "bounce")]);
    bounce.disposition = Some(Disposition::Machine);
    let routed = routing().route(&bounce);
    assert_eq!(routed.classification.disposition, Disposition::Machine);
    assert_eq!(routed.classification.category, "general");
    bounce.fields.insert("subject".to_owned(), "Thank you!".to_owned());
    assert_eq!(routing().route(&bounce).classification.disposition, Disposition::Compliment);
}

#[test]
fn a_product_nobody_knows_never_reaches_an_event() {
    let product = |name| routing().route(&facts(&[("form.product", name)])).classification.product;
    assert_eq!(product("KETTLE 2000"), "Kettle");
    assert_eq!(product("jane@example.org"), "");
}

#[test]
fn a_product_that_a_rule_or_a_policy_names_is_told_as_it_is_written_there() {
    let rules = rules(
        r#"{"rules": [{"id": "a", "when": {"product": ["Toaster *", "Iron"]}, "team": "irons"}],
            "policies": [{"id": "p", "applies_when": {"product": ["Gas Boiler", "!"]},
              "milestones": [{"id": "final_response", "span": {"weeks": "8"}}]}]}"#,
    );
    let product = |name| rules.route(&facts(&[("product", name)])).classification.product;
    assert_eq!(product(" gas boiler"), "Gas Boiler");
    assert_eq!(product("IRON"), "Iron");
    for unknown in ["toaster *", "lamp", "!"] {
        assert_eq!(product(unknown), "", "{unknown}");
    }
}

#[test]
fn fields_that_are_no_text_match_whole() {
    let category = |domain, channel| {
        routing().route(&facts(&[("sender_domain", domain), ("channel", channel)])).classification.category
    };
    assert_eq!(category("Shop.Example.ORG", "email"), "partners");
    assert_eq!(category("example.org", "email"), "general");
    assert_eq!(category("shop.example.org.evil.example", "email"), "general");
    assert_eq!(category("shop.example.org", "phone"), "general");
}

#[test]
fn phrases_stand_on_word_boundaries_anywhere() {
    let fits = |pattern: &str, text: &str| {
        let json = serde_json::json!({"rules": [{"id": "r", "when": {"text": [pattern]}, "team": "hit"}]});
        let settings: RulesSettings = serde_json::from_value(json).unwrap();
        Rules::compile(&settings).unwrap().route(&facts(&[("text", text)])).assignment.team.as_str() == "hit"
    };
    for (pattern, text, expected) in [
        ("refund", "I want a refund!", true),
        ("refund", "I was refunded", false),
        ("refund*", "I was refunded", true),
        ("*safe", "this is unsafe.", true),
        ("*safe", "safely", false),
        ("s*e*y", "safely", true),
        ("data breach", "a DATA,\n  breach happened", true),
        ("data breach", "data was breached", false),
        ("data * breach*", "data was breached", true),
        ("data * breach*", "data breach", false),
        ("doesn't work", "It doesn\u{2019}t work", true),
        ("défaut", "UN DÉFAUT GRAVE", true),
        ("straße", "in der STRASSE", false),
        ("!", "   ", true),
        ("!", "words", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern:?} in {text:?}");
    }
}

#[test]
fn a_huge_text_is_looked_at_in_part_and_at_once() {
    let far = format!("{} invoice", "x ".repeat(40_000));
    assert_eq!(routing().route(&facts(&[("text", &far)])).classification.category, "general");
    let near = format!("invoice {}", "é".repeat(200_000));
    assert_eq!(routing().route(&facts(&[("text", &near)])).classification.category, "billing");
}

#[test]
fn what_is_promised_before_anything_is_known_is_the_shortest_of_what_applies() {
    let promised = |json: &str, channel| {
        let promises = rules(json).promises(channel, "help", "2026-03-02T09:30:00Z".parse().unwrap());
        promises.iter().map(|(id, span)| format!("{id} {span:?}")).collect::<Vec<_>>()
    };
    let house = promised("{}", Channel::Web);
    assert_eq!(house, ["acknowledge BusinessTime(4h)", "final_response BusinessDays(20)"]);
    let own = r#"{"policies": [
        {"id": "law", "applies_when": {"disposition": ["complaint"]}, "milestones": [
            {"id": "final_response", "span": {"weeks": "8"}}, {"id": "acknowledge", "span": {"calendar_days": "3"}}]},
        {"id": "phone", "applies_when": {"channel": ["phone"]}, "milestones": [{"id": "acknowledge", "span": {"elapsed": "PT1H"}}]},
        {"id": "burns", "applies_when": {"category": ["burns"]}, "milestones": [{"id": "final_response", "span": {"weeks": "1"}}]},
        {"id": "house", "milestones": [
            {"id": "final_response", "span": {"business_days": "20"}}, {"id": "review_reply", "span": {"business_days": "2"}}]}]}"#;
    assert_eq!(
        promised(own, Channel::Web),
        ["acknowledge CalendarDays(3)", "final_response BusinessDays(20)"]
    );
    assert_eq!(promised(own, Channel::Phone)[0], "acknowledge Elapsed(1h)");
}
