//! Calendar invitations (RFC 5545, RFC 5546) in words: what, when, where, who asks. A file for a calendar program says nothing
//! to a person who reads the complaint.

use jiff::civil::{Date, DateTime};

use super::clean;
use super::parse::{Mail, Part};

/// Characters kept of one property.
const VALUE_CHARS_MAX: usize = 1000;
/// Events told of one file, and lines looked at.
const EVENTS_MAX: usize = 10;
const LINES_MAX: usize = 20_000;

/// True for a part that is a calendar's file.
pub(crate) fn is_calendar(part: &Part<'_, '_>) -> bool {
    ["text/calendar", "application/ics"].contains(&part.media_type().as_str())
}

/// What it is: `request`, `reply`, `cancel`, `publish` …; none when no part is a calendar's.
pub(crate) fn method(mail: &Mail<'_>) -> Option<String> {
    let part = mail.parts().find(is_calendar)?;
    let stated = part.parameter("method").map(str::to_owned);
    let stated = stated.or_else(|| {
        let file = text(&part);
        lines(&file).find(|line| line.name == "METHOD").map(|line| line.value.clone())
    });
    let word: String =
        stated.unwrap_or_default().chars().filter(char::is_ascii_alphabetic).take(20).collect();
    Some(if word.is_empty() { "publish".to_owned() } else { word.to_ascii_lowercase() })
}

/// The events of the first calendar, in words.
pub(crate) fn words(mail: &Mail<'_>) -> String {
    mail.parts().find(is_calendar).map(|part| events(&text(&part))).unwrap_or_default()
}

fn text(part: &Part<'_, '_>) -> String {
    String::from_utf8_lossy(&part.decoded()).into_owned()
}

fn events(file: &str) -> String {
    let mut told = Vec::new();
    let mut event: Option<Event> = None;
    // Alarms and time zones lie inside too, and have properties of the same names.
    let mut inside: Vec<String> = Vec::new();
    for line in lines(file) {
        match (line.name.as_str(), &mut event) {
            ("BEGIN", _) => {
                if line.value.eq_ignore_ascii_case("VEVENT") {
                    event = Some(Event::default());
                }
                inside.push(line.value.to_ascii_uppercase());
            }
            ("END", _) => {
                inside.pop();
                if line.value.eq_ignore_ascii_case("VEVENT") {
                    told.extend(event.take().map(|event| event.words()));
                }
            }
            (_, Some(event)) if inside.last().is_some_and(|it| it == "VEVENT") => event.note(&line),
            _ => {}
        }
        if told.len() == EVENTS_MAX {
            break;
        }
    }
    told.extend(event.map(|event| event.words()));
    clean::lines(&told.join("\n\n"))
}

/// What is told of an event.
#[derive(Default)]
struct Event {
    summary: String,
    start: String,
    end: String,
    place: String,
    organiser: String,
    description: String,
}

impl Event {
    fn note(&mut self, line: &Line) {
        match line.name.as_str() {
            "SUMMARY" => self.summary = plain(&line.value),
            "DTSTART" => self.start = time(line),
            "DTEND" => self.end = time(line),
            "LOCATION" => self.place = plain(&line.value),
            "DESCRIPTION" => self.description = plain(&line.value),
            "ORGANIZER" => {
                let address =
                    line.value.get(7..).filter(|_| line.value.to_ascii_lowercase().starts_with("mailto:"));
                let address = address.unwrap_or(&line.value);
                self.organiser = match line.parameter("CN") {
                    Some(name) if name != address => format!("{name} <{address}>"),
                    _ => address.to_owned(),
                };
            }
            _ => {}
        }
    }

    fn words(&self) -> String {
        let when =
            if self.end.is_empty() { self.start.clone() } else { format!("{} to {}", self.start, self.end) };
        let facts = [
            ("Invitation", &self.summary),
            ("When", &when),
            ("Where", &self.place),
            ("Organiser", &self.organiser),
        ];
        let told = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let mut words: Vec<String> = told.map(|(name, value)| format!("{name}: {value}")).collect();
        if !self.description.is_empty() {
            words.push(format!("\n{}", self.description));
        }
        words.join("\n")
    }
}

/// A property: `NAME;PARAMETER=value:value`.
struct Line {
    name: String,
    parameters: String,
    value: String,
}

impl Line {
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = parameters.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim_matches('"')).filter(|value| !value.is_empty())
    }
}

/// The lines, unfolded.
fn lines(file: &str) -> impl Iterator<Item = Line> {
    let mut raw = file.lines().take(LINES_MAX).peekable();
    std::iter::from_fn(move || {
        loop {
            let mut whole = raw.next()?.to_owned();
            while let Some(more) = raw.next_if(|line| line.starts_with([' ', '\t'])) {
                if whole.len() < VALUE_CHARS_MAX * 4 {
                    whole.push_str(more.get(1..).unwrap_or_default());
                }
            }
            if let Some(line) = line(&whole) {
                return Some(line);
            }
        }
    })
}

fn line(whole: &str) -> Option<Line> {
    let mut quoted = false;
    let colon = whole.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    let (head, value) = (whole.get(..colon)?, whole.get(colon + 1..)?);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    let value = value.trim().chars().take(VALUE_CHARS_MAX).collect();
    Some(Line { name: name.trim().to_ascii_uppercase(), parameters: parameters.to_owned(), value })
}

/// Text without its escapes.
fn plain(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n' | 'N') => text.push('\n'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// A time as people write it, with the zone that is stated; as it stands when it is none.
fn time(line: &Line) -> String {
    let value = line.value.as_str();
    let (digits, utc) = value.strip_suffix('Z').map_or((value, false), |digits| (digits, true));
    if let Ok(at) = DateTime::strptime("%Y%m%dT%H%M%S", digits) {
        let at = at.strftime("%Y-%m-%d %H:%M");
        return match line.parameter("TZID") {
            _ if utc => format!("{at} UTC"),
            Some(zone) => format!("{at} ({zone})"),
            None => at.to_string(),
        };
    }
    Date::strptime("%Y%m%d", digits).map_or_else(|_| value.to_owned(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_told_in_words() {
        let file = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n\
            BEGIN:VEVENT\r\nSUMMARY:The kettle\\, once\r\n  more\r\nDTSTART;TZID=Europe/Vienna:20260305T140000\r\n\
            DTEND;TZID=Europe/Vienna:20260305T150000\r\nLOCATION:Shop\\; first floor\r\n\
            ORGANIZER;CN=\"Miller: Ann\":mailto:ann@example.com\r\nDESCRIPTION:Bring it.\\nThanks\r\n\
            BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(
            events(file),
            "Invitation: The kettle, once more\nWhen: 2026-03-05 14:00 (Europe/Vienna) to 2026-03-05 15:00 (Europe/Vienna)\n\
             Where: Shop; first floor\nOrganiser: Miller: Ann <ann@example.com>\n\nBring it.\nThanks"
        );
    }

    #[test]
    fn whatever_stands_in_it_is_told_as_far_as_it_goes() {
        let cases = [
            ("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260305\nSUMMARY:Day", "Invitation: Day\nWhen: 2026-03-05"),
            (
                "BEGIN:VEVENT\nDTSTART:20260305T140000Z\nDTEND:soon\nEND:VEVENT",
                "When: 2026-03-05 14:00 UTC to soon",
            ),
            ("BEGIN:VEVENT\nORGANIZER:nobody\nEND", "Organiser: nobody"),
            ("SUMMARY:outside\nno line\n:", ""),
            ("", ""),
        ];
        for (file, expected) in cases {
            assert_eq!(events(file), expected, "{file}");
        }
    }
}
