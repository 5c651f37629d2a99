//! What was said: WebVTT (<https://www.w3.org/TR/webvtt1/>), SubRip, plain text, and the JSON of transcription services. Only
//! the words are taken; a cue that breaks the rules of its format keeps its words all the same.

use super::Json;
use crate::entry::{Entry, Fault};

/// Blocks of WebVTT that hold no words.
const BLOCKS: [&str; 3] = ["NOTE", "STYLE", "REGION"];

/// Names that a JSON transcript has for its words, and for its call.
const TEXTS: [&str; 4] = ["TranscriptionText", "transcription_text", "transcript", "text"];
const CALLS: [&str; 3] = ["CallSid", "call_sid", "call_id"];

/// Words that were read, and whether the format was kept.
struct Words {
    text: String,
    problem: &'static str,
}

/// Reads a file: `<call>.vtt`, `.srt`, `.txt` or `.json`.
pub(super) fn transcript(name: &str, text: &str) -> Result<Entry, Fault> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut call_id = stem.trim().to_owned();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let words = match extension.to_ascii_lowercase().as_str() {
        "vtt" => captions(text, true),
        "srt" => captions(text, false),
        "txt" => Words { text: text.trim().to_owned(), problem: "" },
        "json" => {
            let json = Json::parse(text.as_bytes())?;
            call_id = CALLS.iter().find_map(|name| json.get(name)).unwrap_or(call_id);
            Words { text: spoken(&json), problem: "" }
        }
        _ => return Err(Fault::new("is no transcript: its name ends in none of .vtt, .srt, .txt, .json")),
    };
    if words.text.is_empty() {
        return Err(Fault::new("holds no words"));
    }
    if call_id.is_empty() {
        return Err(Fault::new("names no call"));
    }
    let mut entry = Entry { text: words.text, problem: words.problem.to_owned(), ..Entry::default() };
    entry.call.call_id = call_id;
    "transcript".clone_into(&mut entry.call.leg);
    Ok(entry)
}

/// The words of a transcription service: whole, or sentence by sentence.
fn spoken(json: &Json) -> String {
    if let Some(text) = TEXTS.iter().find_map(|name| json.get(name)) {
        return text.trim().to_owned();
    }
    let sentences =
        ["sentences", "results", "segments"].iter().find_map(|name| json.value().get(name)?.as_array());
    let said = sentences
        .into_iter()
        .flatten()
        .filter_map(|sentence| TEXTS.iter().find_map(|name| sentence.get(name)?.as_str()).map(str::trim));
    said.collect::<Vec<_>>().join("\n")
}

fn captions(text: &str, is_vtt: bool) -> Words {
    let has_header = text.trim_start().starts_with("WEBVTT");
    let mut problem = if is_vtt && !has_header { "it lacks the line WEBVTT" } else { "" };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut said = Vec::new();
    for (index, block) in text.split("\n\n").enumerate() {
        let block = block.trim_matches('\n');
        let is_header = is_vtt && has_header && index == 0;
        if block.is_empty() || is_header || is_vtt && BLOCKS.iter().any(|name| block.starts_with(name)) {
            continue;
        }
        let lines: Vec<&str> = block.lines().collect();
        if let Some(at) = lines.iter().position(|line| is_timing(line)) {
            said.extend(lines[at + 1..].iter().filter(|line| !is_timing(line)).map(|line| spoken_line(line)));
            continue;
        }
        // Nothing says when; a number at its head is the cue's.
        let head = lines.first().is_some_and(|line| line.trim().parse::<u32>().is_ok());
        let words = &lines[usize::from(head)..];
        if !words.is_empty() {
            problem = "a cue lacks its times";
        }
        said.extend(words.iter().map(|line| spoken_line(line)));
    }
    said.retain(|line| !line.is_empty());
    Words { text: said.join("\n"), problem }
}

fn is_timing(line: &str) -> bool {
    line.split_once("-->").is_some_and(|(from, _)| {
        let from = from.trim();
        !from.is_empty() && from.chars().all(|c| c.is_ascii_digit() || ":.,".contains(c))
    })
}

/// A line without its tags; who speaks (`<v Name>`) stays.
fn spoken_line(line: &str) -> String {
    let mut spoken = String::with_capacity(line.len());
    let mut rest = line.trim();
    while let Some((before, tagged)) = rest.split_once('<') {
        spoken.push_str(before);
        let Some((tag, after)) = tagged.split_once('>') else {
            spoken.push('<');
            rest = tagged;
            continue;
        };
        if let Some(name) = tag
            .strip_prefix("v ")
            .or_else(|| tag.strip_prefix("v.").and_then(|it| it.split_once(' ').map(|it| it.1)))
        {
            spoken.push_str(name.trim());
            spoken.push_str(": ");
        }
        rest = after;
    }
    spoken.push_str(rest);
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&lrm;", ""), ("&rlm;", ""), ("&amp;", "&")]
    {
        spoken = spoken.replace(entity, character);
    }
    spoken.split_whitespace().collect::<Vec<_>>().join(" ")
}
