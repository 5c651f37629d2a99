//! Policies that several stories set.

/// Twenty working days to acknowledge: nothing is overdue that came a few days ago.
pub(crate) const WEEKS: &str = r#"
[[rules.policies]]
id = "slow"
calendar = "office"
[[rules.policies.milestones]]
id = "acknowledge"
span = { business_days = "20" }
[rules.calendars.office]
zone = "UTC"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
"#;
