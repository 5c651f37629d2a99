//! Each format on rows of our own writing.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use redress_contract::{CallDirection, CallState};

use super::*;

fn parser(format: Format) -> Parser {
    let mut parser = Parser::of(format);
    parser.reading.zone = TimeZone::get("Europe/Berlin").ok();
    parser
}

const ASTERISK: &str = r#""","4930901820","7100","from-trunk","""Ann Example"" <4930901820>","PJSIP/trunk-01","PJSIP/7140-02","Dial","PJSIP/7140","2026-02-01 11:30:34","2026-02-01 11:30:40","2026-02-01 11:31:02","28","22","ANSWERED","DOCUMENTATION","1769941834.17","","","1769941834.17","3""#;

#[test]
fn asterisk_says_who_called_and_what_became_of_it() {
    let entry = parser(Format::AsteriskCsv).row(ASTERISK, &[]).unwrap();
    assert_eq!((entry.caller.as_str(), entry.called.as_str()), ("4930901820", "7100"));
    assert_eq!(entry.caller_name, "Ann Example");
    assert_eq!((entry.call.call_id.as_str(), entry.call.leg.as_str()), ("1769941834.17", "3"));
    assert_eq!(entry.call.state, CallState::Answered);
    assert_eq!(entry.call.answered_at.unwrap().to_string(), "2026-02-01T10:30:40Z");
    assert_eq!((entry.call.waiting_seconds, entry.call.talking_seconds), (Some(6), Some(22)));
}

#[test]
fn asterisk_may_leave_columns_out_but_not_too_many() {
    let cells: Vec<&str> = ASTERISK.split("\",\"").collect();
    let short = |count: usize| format!("{}\"", cells[..count].join("\",\""));
    let parser = parser(Format::AsteriskCsv);
    assert_eq!(parser.row(&short(16), &[]).unwrap().call.call_id, "");
    assert_eq!(parser.row(&short(17), &[]).unwrap().call.call_id, "1769941834.17");
    assert_eq!(parser.row(&short(15), &[]).err().unwrap().to_string(), "has 15 columns, not 16 to 21");
}

#[test]
fn giving_up_in_a_queue_is_no_answer_though_asterisk_says_so() {
    let row =
        ASTERISK.replace("PJSIP/7140-02", "").replace("\"Dial\",\"PJSIP/7140\"", "\"Queue\",\"help,t\"");
    let call = parser(Format::AsteriskCsv).row(&row, &[]).unwrap().call;
    assert_eq!((call.state, call.queue.as_str()), (CallState::Unanswered, "help"));
    assert_eq!((call.waiting_seconds, call.talking_seconds), (Some(28), None));
    let row = ASTERISK.replace("\"Dial\"", "\"VoiceMail\"");
    assert_eq!(parser(Format::AsteriskCsv).row(&row, &[]).unwrap().call.state, CallState::Voicemail);
}

#[test]
fn a_queue_log_is_followed() {
    let parser = parser(Format::QueueLog);
    let enter = parser.row("1769941834|1769941834.1|help|NONE|ENTERQUEUE||4930901820|1", &[]).unwrap();
    assert_eq!((enter.call.state, enter.caller.as_str()), (CallState::Ringing, "4930901820"));
    assert_eq!(enter.call.direction, CallDirection::Inbound);
    let given_up = parser.row("1769941902|1769941834.1|help|NONE|ABANDON|1|1|68", &[]).unwrap();
    assert_eq!((given_up.call.state, given_up.call.waiting_seconds), (CallState::Unanswered, Some(68)));
    for (row, expected) in [
        ("1769941834|NONE|NONE|NONE|QUEUESTART|", "QUEUESTART is about no call"),
        ("soon|1.1|a|b|CONNECT|", "time is no time"),
        ("1769941834|1.1", "has 2 fields, at least 5 belong into a line of queue_log"),
        ("1769941834|1.1|a|b|my secret|", "what stands there is no event of a call"),
    ] {
        assert_eq!(parser.row(row, &[]).err().unwrap().to_string(), expected);
    }
}

#[test]
fn freeswitch_values_are_decoded_when_they_are_encoded() {
    let plain = r#"{"variables":{"uuid":"u-1","call_uuid":"u-0","start_epoch":"1769941834","answer_epoch":"0","end_epoch":"1769941840","duration":"6","billsec":"0","sip_from_user":"anna@example.org"}}"#;
    let encoded = plain.replace("anna@example.org", "anna%40example.org");
    for text in [plain.to_owned(), encoded] {
        let entry = parser(Format::FreeswitchJson).whole("u-1.cdr.json", &text).unwrap();
        assert_eq!((entry.caller.as_str(), entry.call.call_id.as_str()), ("anna@example.org", "u-0"));
        assert_eq!((entry.call.state, entry.call.waiting_seconds), (CallState::Unanswered, Some(6)));
    }
    let twice = plain.replace("\"variables\"", "\"callflow\":[],\"callflow\":[{}],\"variables\"");
    assert!(parser(Format::FreeswitchJson).whole("x", &twice).is_ok());
    assert!(parser(Format::FreeswitchJson).whole("x", "{\"variables\":{}}").is_err());
}

#[test]
fn a_table_is_read_by_its_header_and_json_by_its_places() {
    let mut table = parser(Format::Table);
    for (field, name) in
        [("caller", "Anrufer"), ("started", "Beginn"), ("talking", "Dauer"), ("text", "Notiz")]
    {
        table.reading.names.set(field, vec![name.to_owned()]);
    }
    table.delimiter = b';';
    let columns = table.header("Beginn;Anrufer;Dauer;Notiz").unwrap();
    let entry = table.row("01.02.2026 11:30;030 901820;22;\"Der Kessel\nleckt\"", &columns).unwrap();
    assert_eq!((entry.caller.as_str(), entry.text.as_str()), ("030 901820", "Der Kessel\nleckt"));
    assert_eq!(table.row("x", &columns).err().unwrap().to_string(), "has 1 columns, not 4");

    let mut lines = parser(Format::JsonLines);
    lines.reading.names.set("caller", vec!["/from/number".to_owned()]);
    assert_eq!(lines.row(r#"{"from":{"number":4930901820}}"#, &[]).unwrap().caller, "4930901820");
    assert_eq!(lines.row("{", &[]).err().unwrap().to_string(), "is no JSON from line 1, column 1");
}

#[test]
fn the_words_of_a_transcript_are_kept_however_it_is_written() {
    let parser = parser(Format::Transcript);
    let vtt = "\u{feff}WEBVTT\n\nNOTE nothing\n\n1\n00:01.000 --> 00:02.000\n<v Ann>The <c.x>kettle</c> leaks &amp; hisses\n";
    let entry = parser.whole("1769941834.17.vtt", vtt).unwrap();
    assert_eq!(
        (entry.text.as_str(), entry.call.call_id.as_str()),
        ("Ann: The kettle leaks & hisses", "1769941834.17")
    );
    assert_eq!(entry.problem, "");
    let srt = "1\r\n00:00:01,000 --> 00:00:02,000\r\nIt leaks.\r\n\r\n2\r\nStill.\r\n";
    let entry = parser.whole("a.srt", srt).unwrap();
    assert_eq!((entry.text.as_str(), entry.problem.as_str()), ("It leaks.\nStill.", "a cue lacks its times"));
    let json = r#"{"call_sid":"CA1","sentences":[{"transcript":"It leaks."},{"transcript":"Still."}]}"#;
    let entry = parser.whole("b.json", json).unwrap();
    assert_eq!((entry.text.as_str(), entry.call.call_id.as_str()), ("It leaks.\nStill.", "CA1"));
    for (name, text) in [("a.vtt", ""), ("a.srt", "1"), ("a.mp3", "x"), ("a.json", "{}")] {
        assert!(parser.whole(name, text).is_err(), "{name}");
    }
}

/// A file that is written through a change of clocks: what it says, which instants that is, and what is not certain.
#[test]
fn a_file_written_through_a_change_of_clocks_has_the_right_instants() {
    for (zone, rows) in [
        (
            "America/New_York",
            [
                ("2026-11-01 00:30:00", "2026-11-01T04:30:00Z", false),
                ("2026-11-01 01:15:00", "2026-11-01T05:15:00Z", true),
                ("2026-11-01 02:30:00", "2026-11-01T07:30:00Z", false),
            ],
        ),
        (
            "Europe/Berlin",
            [
                ("2026-10-25 01:30:00", "2026-10-24T23:30:00Z", false),
                ("2026-10-25 02:15:00", "2026-10-25T00:15:00Z", true),
                ("2026-10-25 03:30:00", "2026-10-25T02:30:00Z", false),
            ],
        ),
        (
            "Australia/Lord_Howe",
            [
                ("2026-04-05 01:15:00", "2026-04-04T14:15:00Z", false),
                ("2026-04-05 01:45:00", "2026-04-04T14:45:00Z", true),
                ("2026-04-05 02:15:00", "2026-04-04T15:45:00Z", false),
            ],
        ),
    ] {
        let mut parser = Parser::of(Format::AsteriskCsv);
        parser.reading.zone = TimeZone::get(zone).ok();
        for (local, instant, is_ambiguous) in rows {
            let row = ASTERISK.replace("2026-02-01 11:30:34", local).replace("2026-02-01 11:30:40", "");
            let call = parser.row(&row.replace("2026-02-01 11:31:02", local), &[]).unwrap().call;
            assert_eq!(call.started_at.unwrap().to_string(), instant, "{zone} {local}");
            assert_eq!(call.time_ambiguous, is_ambiguous, "{zone} {local}");
        }
    }
}

proptest! {
    #[test]
    fn no_row_is_too_odd(text in any::<String>()) {
        for format in [
            Format::AsteriskCsv, Format::AsteriskAri, Format::QueueLog, Format::FreeswitchCsv, Format::Table,
            Format::JsonLines,
        ] {
            let _ = parser(format).row(&text, &["a".to_owned()]);
        }
        for format in [Format::FreeswitchJson, Format::FreeswitchEvent, Format::Transcript] {
            let _ = parser(format).whole("a.vtt", &text);
        }
    }
}
