//! Policies of regulators: what ships, what does not, and what one may say instead.

use redress_contract::{Disposition, Severity};
use redress_domain::presets;
use redress_domain::{Command, Register};

use crate::stage::{classification, id, problems, registration, rules, short, under};

#[test]
fn every_preset_compiles_and_each_figure_has_a_source() {
    for preset in presets::all() {
        let confirmed = serde_json::to_string(&preset.switched_off()).unwrap();
        let calendars = r#"{"ie": {"zone": "Europe/Dublin", "hours": {"mon": ["09:00-17:00"]}}}"#;
        let json = format!(
            r#"{{"member_state": "DE", "calendars": {calendars},
                "policies": [{{"preset": "{}", "confirmed": {confirmed}}}]}}"#,
            preset.policy.id
        );
        let rules = rules(&json);
        let policy = rules.policy(&preset.policy.id.parse().unwrap()).unwrap();
        assert_eq!(policy.milestones.len(), preset.policy.milestones.len(), "{}", preset.policy.id);
        let variants = preset.policy.variants.iter().flat_map(|variant| &variant.milestones);
        for milestone in preset.policy.milestones.iter().chain(variants) {
            assert!(!milestone.source.is_empty(), "{} {}", preset.policy.id, milestone.id);
            let checked = ["text", "secondary", "memory"].contains(&milestone.checked.as_str());
            assert!(
                checked || milestone.source.starts_with("house figure"),
                "{} {}",
                preset.policy.id,
                milestone.id
            );
        }
    }
}

#[test]
fn what_nobody_has_checked_ships_switched_off() {
    let irish = |more: &str| {
        format!(
            r#"{{"calendars": {{"ie": {{"zone": "Europe/Dublin", "hours": {{"mon": ["09:00-17:00"]}}}}}},
                "policies": [{{"preset": "ie-cbi-cpc"{more}}}]}}"#
        )
    };
    let milestones = |json: &str| {
        let rules = rules(json);
        let policy = rules.policy(&id("ie-cbi-cpc")).unwrap();
        policy.milestones.iter().map(|milestone| milestone.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(milestones(&irish("")), ["final_response"]);
    assert_eq!(milestones(&irish(r#", "confirmed": ["acknowledge"]"#)), ["acknowledge", "final_response"]);
}

#[test]
fn a_preset_that_cannot_be_taken_says_why() {
    let told = |json: &str| problems(json).iter().map(ToString::to_string).collect::<Vec<_>>();
    let unknown = told(r#"{"policies": [{"preset": "moon-law"}]}"#);
    assert!(
        unknown[0]
            .starts_with("policies.moon-law.preset: `moon-law` is no preset; presets are iso10002-default, ")
    );
    let stateless = told(r#"{"policies": [{"preset": "eu-psd2-101"}]}"#);
    assert!(
        stateless[0].starts_with("policies.eu-psd2-101.preset: is the law of a member state"),
        "{stateless:?}"
    );
    let off = told(r#"{"member_state": "DE", "policies": [{"preset": "gdpr-data-subject"}]}"#);
    assert!(off[0].contains("all of its milestones ship switched off"), "{off:?}");
    let checked = told(r#"{"policies": [{"preset": "uk-nhs-2009", "confirmed": ["final_response"]}]}"#);
    assert_eq!(
        checked,
        [
            "policies.uk-nhs-2009.confirmed: `final_response` is no milestone that ships switched off; those are acknowledge"
        ]
    );
    let calendar = told(r#"{"member_state": "AT", "policies": [{"preset": "eu-psd2-101"}]}"#);
    assert!(calendar[0].starts_with("policies.eu-psd2-101.calendar: `at` is no calendar"), "{calendar:?}");
}

#[test]
fn a_preset_applies_where_its_law_does_and_the_member_state_stands_in_for_the_union() {
    let json = r#"{"member_state": "DE", "policies": [{"preset": "iso10002-default", "id": "house"},
        {"preset": "eu-psd2-101"}, {"preset": "uk-fca-disp", "ladder": "default"}]}"#;
    let started = |jurisdiction: &str| {
        let classification = redress_domain::Classification {
            jurisdiction: jurisdiction.to_owned(),
            ..classification(Disposition::Complaint, Severity::S3)
        };
        let wish = Command::Register(Register { classification, ..registration() });
        let events = under(rules(json)).when(wish).answer.unwrap();
        let clocks = events.iter().map(short).filter(|line| line.starts_with("ClockStarted"));
        clocks.map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(started("DE"), ["house", "eu-psd2-101"]);
    assert_eq!(started("gb"), ["house", "uk-fca-disp"]);
    assert_eq!(started(""), ["house"]);
}
