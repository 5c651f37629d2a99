//! The tags of HTML, told apart from comments, attribute values and raw text as a browser does.

use std::ops::Range;

/// One tag, with its name as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tag<'h> {
    Start(&'h [u8]),
    End(&'h [u8]),
    /// From here on it takes more to know what is a tag.
    Unclear,
}

/// Elements whose content is text up to their end tag.
const RAW: [&[u8]; 3] = [b"title", b"style", b"script"];

/// The tags, in order.
pub(super) fn tags(html: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    spans(html).map(|(tag, _)| tag)
}

/// The tags, and where each of them stands; an element of raw text, with its text.
pub(super) fn spans(html: &[u8]) -> impl Iterator<Item = (Tag<'_>, Range<usize>)> {
    let (mut rest, length) = (html, html.len());
    std::iter::from_fn(move || {
        loop {
            rest = from(rest, |byte| byte == b'<').get(1..)?;
            let start = length - rest.len() - 1;
            if let Some(comment) = rest.strip_prefix(b"!--") {
                rest = after_comment(comment);
                continue;
            }
            let closing = rest.first() == Some(&b'/');
            let name = rest.strip_prefix(b"/").unwrap_or(rest);
            match name.first() {
                Some(first) if first.is_ascii_alphabetic() => {}
                Some(_) if closing || matches!(rest.first(), Some(b'!' | b'?')) => {
                    rest = from(name, |byte| byte == b'>');
                    continue;
                }
                _ => continue,
            }
            let after = from(name, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
            let name = name.get(..name.len() - after.len()).unwrap_or_default();
            rest = after_attributes(after);
            if closing {
                return Some((Tag::End(name), start..length - rest.len()));
            }
            if RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name)) {
                let (text, later) = rest.split_at(raw_length(rest, name));
                // In a script, what looks like a comment may hide its end.
                if name.eq_ignore_ascii_case(b"script") && text.windows(4).any(|four| four == b"<!--") {
                    rest = &[];
                    return Some((Tag::Unclear, start..length));
                }
                rest = later;
            }
            return Some((Tag::Start(name), start..length - rest.len()));
        }
    })
}

/// What follows a comment, given what follows its opening.
fn after_comment(comment: &[u8]) -> &[u8] {
    if let [b'>', rest @ ..] | [b'-', b'>', rest @ ..] = comment {
        return rest;
    }
    let mut rest = comment;
    loop {
        rest = from(rest, |byte| byte == b'-');
        match rest {
            [] => return rest,
            [b'-', b'-', b'>', rest @ ..] | [b'-', b'-', b'!', b'>', rest @ ..] => return rest,
            [_, later @ ..] => rest = later,
        }
    }
}

/// What follows a tag, given what follows its name.
fn after_attributes(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = from(rest, |byte| !byte.is_ascii_whitespace() && byte != b'/');
        rest = match rest {
            [] => return rest,
            [b'>', rest @ ..] => return rest,
            // Whatever it is, a name begins with it.
            [_, rest @ ..] => rest,
        };
        rest = from(rest, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
        if let [b'=', value @ ..] = rest.trim_ascii_start() {
            rest = match value.trim_ascii_start() {
                [quote @ (b'"' | b'\''), value @ ..] => {
                    from(value, |byte| byte == *quote).get(1..).unwrap_or_default()
                }
                value => from(value, |byte| byte.is_ascii_whitespace() || byte == b'>'),
            };
        }
    }
}

/// How far the content of a raw element goes.
fn raw_length(content: &[u8], name: &[u8]) -> usize {
    let ends = |at: &usize| {
        let Some([b'<', b'/', end @ ..]) = content.get(*at..) else { return false };
        end.get(..name.len()).is_some_and(|other| other.eq_ignore_ascii_case(name))
            && end
                .get(name.len())
                .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
    };
    (0..content.len()).find(ends).unwrap_or(content.len())
}

/// The rest from the first such byte on.
fn from(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> &[u8] {
    let at = bytes.iter().position(|byte| is_wanted(*byte)).unwrap_or(bytes.len());
    bytes.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> String {
        let tag = |tag| match tag {
            Tag::Start(name) => format!("{} ", String::from_utf8_lossy(name)),
            Tag::End(name) => format!("/{} ", String::from_utf8_lossy(name)),
            Tag::Unclear => "? ".to_owned(),
        };
        tags(html.as_bytes()).map(tag).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn only_tags_are_tags() {
        let cases = [
            ("<a href=x>y</a >", "a /a"),
            ("1 < 2 <b<i>", "b<i"),
            ("<!--<a>--><b><!--><c><!---><d><!--x--!><e><!--", "b c d e"),
            ("<!doctype <a><?<b></1<c><d>", "d"),
            ("<a x=\"<b>\" y='>' z=<c><d ='><e>'><f x= ><g>", "a d e f g"),
            ("<title><a></titles></TITLE><b><script><!--</script><c>", "title /TITLE b ?"),
            ("<a x=\"", "a"),
            ("</><a><", "a"),
        ];
        for (html, expected) in cases {
            assert_eq!(read(html), expected, "{html}");
        }
    }
}
