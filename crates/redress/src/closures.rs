//! Closed days from iCalendar files: what a calendar's `icalendar` names becomes days with names, so that the rules know
//! no files.

use redress_domain::RulesSettings;
use redress_icalendar::{CalendarError, days, read};
use redress_runtime::settings::Problems;

/// The same rules with the days of all files under `closed`. What the settings close by name keeps that name.
///
/// # Errors
/// Each file that cannot be read, with its key.
pub fn with_files(rules: &RulesSettings) -> Result<RulesSettings, Problems> {
    let (mut all, mut problems) = (rules.clone(), Problems::none());
    for (name, calendar) in &mut all.calendars {
        for file in std::mem::take(&mut calendar.icalendar) {
            let found = read(&file)
                .and_then(|text| days(&text).map_err(|problem| CalendarError::of(&file, &problem)));
            match found {
                Ok(days) => {
                    for (day, why) in days {
                        calendar.closed.entry(day).or_insert(why);
                    }
                }
                Err(problem) => {
                    problems.note(format!("rules.calendars.{name}.icalendar"), problem.to_string());
                }
            }
        }
    }
    problems.or(all)
}
