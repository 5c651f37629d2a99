//! Reads `Authentication-Results` (RFC 8601 §2.2), as servers write it: no library of ours does.
//!
//! Senders have a hand in what stands here (envelope addresses, names of hosts), so what cannot be read to its end is
//! not read at all: half a field might be the half that somebody made up.

/// What one server found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Results {
    /// Who it says it is, in lower case; empty where the results bear no id.
    pub(super) authserv_id: String,
    /// What it found, in order.
    pub(super) outcomes: Vec<Outcome>,
}

/// What came of one method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// `dmarc`, `dkim`, `spf`, …, in lower case.
    pub(super) method: String,
    /// `pass`, `fail`, …, in lower case.
    pub(super) result: String,
    /// What it looked at: `header.from` and the like in lower case, with its value.
    properties: Vec<(String, String)>,
}

impl Outcome {
    /// The value of a property.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Results that begin with the id of their server; nothing when they are of another version or cannot be read.
pub(super) fn with_id(field: &str) -> Option<Results> {
    let mut reader = Reader { rest: field, skips_domains: false };
    reader.blank()?;
    let authserv_id = reader.value()?.to_lowercase();
    reader.blank()?;
    let version = reader.run(|c| c.is_ascii_digit());
    if authserv_id.is_empty() || !matches!(version, "" | "1") {
        return None;
    }
    let mut outcomes = Vec::new();
    reader.outcomes(&mut outcomes)?;
    Some(Results { authserv_id, outcomes })
}

/// Results without an id, as Exchange Online writes them: they begin with the first method.
pub(super) fn without_id(field: &str) -> Option<Results> {
    let mut reader = Reader { rest: field, skips_domains: true };
    reader.blank()?;
    let mut outcomes = Vec::new();
    reader.outcome(&mut outcomes)?;
    reader.outcomes(&mut outcomes)?;
    Some(Results { authserv_id: String::new(), outcomes })
}

struct Reader<'a> {
    rest: &'a str,
    /// Exchange puts the domain of the recipient between its results.
    skips_domains: bool,
}

impl<'a> Reader<'a> {
    /// What stands behind semicolons, to the end of the field.
    fn outcomes(&mut self, outcomes: &mut Vec<Outcome>) -> Option<()> {
        loop {
            self.blank()?;
            if self.rest.is_empty() {
                return Some(());
            }
            if !self.eat(';') {
                return None;
            }
            self.blank()?;
            if self.is_at_end() || (self.skips_domains && self.skip_domain()?) {
                continue;
            }
            self.outcome(outcomes)?;
        }
    }

    /// One method and its result; `none`, and a method of a version nobody knows, come to nothing.
    fn outcome(&mut self, outcomes: &mut Vec<Outcome>) -> Option<()> {
        let method = self.word()?;
        self.blank()?;
        if method == "none" && self.is_at_end() {
            return Some(());
        }
        let mut is_known = true;
        if self.eat('/') {
            self.blank()?;
            is_known = self.word()? == "1";
            self.blank()?;
        }
        let result = self.after_equals()?.to_lowercase();
        let mut properties = Vec::new();
        loop {
            self.blank()?;
            if self.is_at_end() {
                break;
            }
            let name = self.property_name()?;
            properties.push((name, self.after_equals()?));
        }
        outcomes.extend(is_known.then_some(Outcome { method, result, properties }));
        Some(())
    }

    /// `ptype.property`, or the bare names that some servers write.
    fn property_name(&mut self) -> Option<String> {
        let mut name = self.word()?;
        self.blank()?;
        while self.eat('.') {
            self.blank()?;
            name = format!("{name}.{}", self.word()?);
            self.blank()?;
        }
        Some(name)
    }

    fn after_equals(&mut self) -> Option<String> {
        if !self.eat('=') {
            return None;
        }
        self.blank()?;
        self.value()
    }

    /// Skips a domain that stands alone between two semicolons.
    fn skip_domain(&mut self) -> Option<bool> {
        let before = self.rest;
        self.run(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
        self.blank()?;
        let is_alone = self.is_at_end();
        if !is_alone {
            self.rest = before;
        }
        Some(is_alone)
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(';')
    }

    /// Skips blanks and comments, which nest; nothing when a comment does not end.
    fn blank(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('(') {
                return Some(());
            }
            self.rest = self.rest.get(end_of_comment(self.rest)?..)?;
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// A keyword in lower case.
    fn word(&mut self) -> Option<String> {
        let word = self.run(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (!word.is_empty()).then(|| word.to_ascii_lowercase())
    }

    /// A value, which may be empty: characters up to a blank, a semicolon or a comment, and quoted strings, which may
    /// hold these. A local part may be quoted and its domain not.
    fn value(&mut self) -> Option<String> {
        let mut value = String::new();
        loop {
            value.push_str(self.run(|c| !c.is_whitespace() && !matches!(c, ';' | '(' | '"')));
            if !self.eat('"') {
                return Some(value);
            }
            self.quoted(&mut value)?;
        }
    }

    /// The rest of a quoted string; nothing when it does not end.
    fn quoted(&mut self, value: &mut String) -> Option<()> {
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(());
                }
                '\\' => value.push(characters.next()?.1),
                other => value.push(other),
            }
        }
        None
    }
}

/// The first byte behind the comment at the head of `text`.
fn end_of_comment(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next()?;
            }
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method, result and properties of each outcome.
    fn shown(results: Option<Results>) -> Option<(String, Vec<String>)> {
        let results = results?;
        let outcome = |outcome: &Outcome| {
            let properties = outcome.properties.iter().map(|(name, value)| format!(" {name}={value}"));
            format!("{}={}{}", outcome.method, outcome.result, properties.collect::<String>())
        };
        Some((results.authserv_id, results.outcomes.iter().map(outcome).collect()))
    }

    #[track_caller]
    fn check(field: &str, id: &str, outcomes: &[&str]) {
        let (read_id, read) = shown(with_id(field)).unwrap_or_else(|| panic!("not read: {field}"));
        assert_eq!(
            (read_id.as_str(), read.iter().map(String::as_str).collect::<Vec<_>>()),
            (id, outcomes.to_vec())
        );
    }

    #[test]
    fn results_as_servers_write_them() {
        check("example.org", "example.org", &[]);
        check("example.org 1; none", "example.org", &[]);
        check(" (c (d \\) ) ) Example.ORG(e)1 ;", "example.org", &[]);
        check(
            "mx.example.org; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com",
            "mx.example.org",
            &["dmarc=pass header.from=example.com"],
        );
        check(
            "mx.example.org;\r\n dkim=PASS header.i=@a.example header.s=s1 header.b=\"ab/c=\";\r\n spf=pass \
             (mx.example.org: domain of b@a.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@a.example;\
             dmarc=pass(p=REJECT) header.from=a.example;",
            "mx.example.org",
            &[
                "dkim=pass header.i=@a.example header.s=s1 header.b=ab/c=",
                "spf=pass smtp.mailfrom=b@a.example",
                "dmarc=pass header.from=a.example",
            ],
        );
        check(
            "a.example; spf=pass client-ip=192.0.2.1; envelope-from=b@c.example; helo=d.example; dkim=pass header.i=@c.example",
            "a.example",
            &[
                "spf=pass client-ip=192.0.2.1",
                "envelope-from=b@c.example",
                "helo=d.example",
                "dkim=pass header.i=@c.example",
            ],
        );
        check(
            "a; dkim/1 = pass reason = \"good (signature)\" header . d = b.example",
            "a",
            &["dkim=pass reason=good (signature) header.d=b.example"],
        );
        check(
            "a; dkim/2=pass header.d=b.example; spf=none smtp.mailfrom=",
            "a",
            &["spf=none smtp.mailfrom="],
        );
        check("\"a b\"; spf=pass", "a b", &["spf=pass"]);
    }

    #[test]
    fn what_a_sender_put_into_quotes_or_a_comment_stays_there() {
        check(
            "a; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=b.example \\\" (\"@c.example; dmarc=fail",
            "a",
            &["spf=pass smtp.mailfrom=x; dmarc=pass header.from=b.example \" (@c.example", "dmarc=fail"],
        );
        check(
            "a; spf=pass (domain of x; dmarc=pass \\) ; dmarc=pass) smtp.mailfrom=c.example",
            "a",
            &["spf=pass smtp.mailfrom=c.example"],
        );
    }

    #[test]
    fn half_a_field_is_none() {
        for field in [
            "",
            " ",
            ";",
            "; dmarc=pass",
            "a 2; dmarc=pass header.from=b.example",
            "a 1x; dmarc=pass",
            "a b; dmarc=pass",
            "a; dmarc",
            "a; dmarc=pass header.from",
            "a; dmarc=pass (header.from=b.example",
            "a; dmarc=pass header.from=\"b.example",
            "a; dmarc=pass @b.example",
            "a; =pass",
            "a; dkim/=pass",
            "a (; dmarc=pass",
        ] {
            assert_eq!(shown(with_id(field)), None, "{field}");
        }
    }

    #[test]
    fn results_without_an_id() {
        let field = "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example; dkim=pass (signature was verified)\r\n \
            header.d=a.example;dmarc=pass action=none header.from=a.example;compauth=pass reason=100";
        let (_, read) = shown(without_id(field)).unwrap();
        assert_eq!(
            read,
            [
                "spf=pass smtp.mailfrom=a.example",
                "dkim=pass header.d=a.example",
                "dmarc=pass action=none header.from=a.example",
                "compauth=pass reason=100",
            ]
        );
        let with_domains = "spf=pass smtp.helo=b.example; c.example; dkim=none header.d=none;c.example; \
            dmarc=pass action=none header.from=a.example;";
        let (_, read) = shown(without_id(with_domains)).unwrap();
        assert_eq!(read[1..], ["dkim=none header.d=none", "dmarc=pass action=none header.from=a.example"]);
        assert_eq!(shown(with_id("b.example; c.example; dmarc=pass header.from=a.example")), None);
        assert_eq!(shown(without_id("mx.example.org; dmarc=pass header.from=a.example")), None);
        assert_eq!(shown(without_id("a; dmarc=pass header.from=a.example")), None);
    }
}
