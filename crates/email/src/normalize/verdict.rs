//! Is a mail from whom it says? By the word of the server the account trusts, or by the signatures that were checked
//! here; nothing else in a mail proves anything, for whoever sends it writes it.

mod results;

use redress_contract::contact::SenderVerdict;
use redress_contract::{Verdict, VerdictMethod};
use redress_identity::address;

use super::clean;
use super::parse::Mail;
use super::trust::Authserv;
use results::{Outcome, Results};

const FIELD: &str = "Authentication-Results";

/// What is known of the sender: the word of the trusted server, else what checking the signatures here came to.
pub(crate) fn verdict(
    mail: &Mail<'_>,
    authserv: &Authserv,
    verified: Option<&SenderVerdict>,
) -> Option<SenderVerdict> {
    stated(mail, authserv).or_else(|| {
        let known = verified?.clone();
        // Whoever checked must have read the same author as we do.
        let author = author_domain(mail).unwrap_or_default();
        let is_about_it = known.verdict != Verdict::Pass || is_aligned(&known.domain, &author);
        Some(if is_about_it { known } else { SenderVerdict { verdict: Verdict::None, ..known } })
    })
}

/// The verdict of the trusted server; nothing when it says nothing. Only the topmost field counts: those below are as
/// old as the servers before it, and anybody may have written them (RFC 8601 §5, §7.1).
fn stated(mail: &Mail<'_>, authserv: &Authserv) -> Option<SenderVerdict> {
    let results = match authserv {
        Authserv::Nobody => return None,
        Authserv::Named(id) => {
            results::with_id(&mail.field(FIELD)?).filter(|results| results.authserv_id == *id)?
        }
        Authserv::Unnamed => results::without_id(&mail.field(FIELD)?)?,
    };
    let (verdict, method, domain) = weigh(&results, &author_domain(mail).unwrap_or_default());
    Some(SenderVerdict { verdict, method, domain, verifier: authserv.written().to_owned() })
}

/// The domain of the one author. Several authors, or several fields, prove nobody.
fn author_domain(mail: &Mail<'_>) -> Option<String> {
    let (authors, fields) = (mail.mailboxes("From"), mail.fields("From").count());
    match authors.as_slice() {
        [author] if fields == 1 => {
            clean::address(author).map(|author| address::domain(&author.value)).filter(|it| !it.is_empty())
        }
        _ => None,
    }
}

/// True when whoever signs for one domain may sign for the other: itself or a domain above it. DMARC's relaxed alignment
/// also lets one subdomain sign for another and for the domain above; to know where a domain ends takes the list of
/// public suffixes, and without it `evil.github.io` would vouch for `github.io`.
pub(crate) fn is_aligned(signer: &str, author: &str) -> bool {
    let is_above = || author.strip_suffix(signer).is_some_and(|rest| rest.ends_with('.'));
    !signer.is_empty() && (signer == author || (signer.contains('.') && is_above()))
}

type Weighed = (Verdict, VerdictMethod, String);

/// DMARC decides where the server looked at it. Where the domain publishes no policy, or it could not be had, an aligned
/// signature or envelope sender vouches; nothing but DMARC refutes, since forwarding breaks both of them.
fn weigh(results: &Results, author: &str) -> Weighed {
    let of = |method: &'static str| results.outcomes.iter().filter(move |it| it.method == method);
    let dmarc: Vec<&Outcome> = of("dmarc").collect();
    if dmarc.iter().any(|outcome| outcome.result == "fail") {
        return (Verdict::Fail, VerdictMethod::Dmarc, author.to_owned());
    }
    if author.is_empty() {
        return (Verdict::None, VerdictMethod::Unspecified, String::new());
    }
    // Two answers to one question: one of them is somebody else's.
    let passed = match dmarc.as_slice() {
        [] => None,
        [one] => (one.result == "pass").then(|| domain_of(one, &["header.from"])),
        _ => return (Verdict::None, VerdictMethod::Dmarc, author.to_owned()),
    };
    match passed {
        Some(domain) if domain == author => return (Verdict::Pass, VerdictMethod::Dmarc, domain),
        // What the server read as the author is not what we read.
        Some(_) => return (Verdict::None, VerdictMethod::Dmarc, author.to_owned()),
        None => {}
    }
    let aligned = |method: &'static str, properties: &[&str]| {
        let passed = of(method).filter(|outcome| outcome.result == "pass");
        passed.map(|outcome| domain_of(outcome, properties)).find(|signer| is_aligned(signer, author))
    };
    if let Some(domain) = aligned("dkim", &["header.d", "header.i"]) {
        return (Verdict::Pass, VerdictMethod::Dkim, domain);
    }
    if let Some(domain) = aligned("spf", &["smtp.mailfrom", "envelope-from"]) {
        return (Verdict::Pass, VerdictMethod::Spf, domain);
    }
    if dmarc.iter().any(|outcome| outcome.result == "temperror") {
        return (Verdict::Unknown, VerdictMethod::Dmarc, author.to_owned());
    }
    (Verdict::None, VerdictMethod::Unspecified, author.to_owned())
}

/// The domain in the first of these properties that is there: an address, or a domain alone.
fn domain_of(outcome: &Outcome, properties: &[&str]) -> String {
    let value = properties.iter().find_map(|name| outcome.property(name)).unwrap_or_default();
    let domain = value.rsplit('@').next().unwrap_or_default();
    address::domain(&format!("@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    const HERE: &str = "mx.example.org";

    /// The verdict on a mail of `from` with these results, and by what.
    fn verdict(from: &str, results: &[&str]) -> Option<(&'static str, &'static str, String)> {
        let fields = results.iter().map(|results| format!("{FIELD}: {results}\r\n"));
        let results: String = fields.collect();
        let raw = format!("{results}From: {from}\r\nSubject: hello\r\n\r\nwords\r\n");
        let stated = stated(&parse(raw.as_bytes()).unwrap(), &Authserv::of(HERE))?;
        assert_eq!(stated.verifier, HERE);
        Some((stated.verdict.token(), stated.method.token(), stated.domain))
    }

    #[track_caller]
    fn check(from: &str, results: &str, expected: (&str, &str, &str)) {
        let (verdict, method, domain) = verdict(from, &[&format!("{HERE}; {results}")])
            .unwrap_or_else(|| panic!("no verdict: {results}"));
        assert_eq!((verdict, method, domain.as_str()), expected, "{from}: {results}");
    }

    #[test]
    fn dmarc_decides() {
        let ann = "Ann <ann@example.com>";
        let by_dmarc = ("pass", "dmarc", "example.com");
        check(ann, "dmarc=pass header.from=example.com", by_dmarc);
        check(ann, "dmarc=pass header.from=EXAMPLE.com; dkim=fail header.d=example.com", by_dmarc);
        check(ann, "dmarc=fail header.from=example.com", ("fail", "dmarc", "example.com"));
        check(
            ann,
            "dkim=pass header.d=example.com; dmarc=fail header.from=example.com",
            ("fail", "dmarc", "example.com"),
        );
        // Whom it passed is not whom the mail names.
        check(ann, "dmarc=pass header.from=example.net", ("none", "dmarc", "example.com"));
        check(ann, "dmarc=pass", ("none", "dmarc", "example.com"));
        check(ann, "dmarc=pass header.from=mail.example.com", ("none", "dmarc", "example.com"));
        // Twice, as where the envelope sender smuggled one in.
        check(ann, "dmarc=pass header.from=example.com; dmarc=none", ("none", "dmarc", "example.com"));
        check(ann, "dmarc=pass header.from=example.com; dmarc=fail", ("fail", "dmarc", "example.com"));
        check(
            ann,
            "arc=pass (i=1 dmarc=pass fromdomain=example.com)",
            ("none", "unspecified", "example.com"),
        );
        check(ann, "dmarc=temperror header.from=example.com", ("unknown", "dmarc", "example.com"));
        check(ann, "none", ("none", "unspecified", "example.com"));
    }

    #[test]
    fn without_a_policy_what_is_aligned_vouches() {
        let ann = "ann@mail.example.com";
        for dmarc in [
            "",
            "; dmarc=none header.from=mail.example.com",
            "; dmarc=permerror",
            "; dmarc=bestguesspass",
            "; dmarc=temperror",
        ] {
            let check = |results: &str, expected| check(ann, &format!("{results}{dmarc}"), expected);
            check("dkim=pass header.d=mail.example.com", ("pass", "dkim", "mail.example.com"));
            check("dkim=pass header.i=@example.com", ("pass", "dkim", "example.com"));
            check(
                "dkim=fail header.d=x.example; dkim=pass header.d=example.com",
                ("pass", "dkim", "example.com"),
            );
            check("spf=pass smtp.mailfrom=bounces@example.com", ("pass", "spf", "example.com"));
            check("spf=pass smtp.mailfrom=\"a@b\"@mail.example.com", ("pass", "spf", "mail.example.com"));
        }
        for results in [
            "dkim=pass header.d=other.example",
            "dkim=pass header.d=com",
            "dkim=pass header.d=ample.com",
            "dkim=pass header.d=a.mail.example.com",
            "dkim=pass",
            "dkim=fail header.d=mail.example.com",
            "spf=pass smtp.helo=mail.example.com",
            "spf=softfail smtp.mailfrom=mail.example.com",
            "spf=pass smtp.mailfrom=\"ann@mail.example.com\"@evil.example",
        ] {
            check(ann, results, ("none", "unspecified", "mail.example.com"));
        }
    }

    #[test]
    fn a_domain_is_one_however_it_is_written() {
        let by_dmarc = ("pass", "dmarc", "xn--bcher-kva.example");
        check("jo@bücher.example", "dmarc=pass header.from=xn--bcher-kva.example", by_dmarc);
        check("jo@xn--bcher-kva.example", "dmarc=pass header.from=BÜCHER.example.", by_dmarc);
    }

    #[test]
    fn several_authors_prove_nobody() {
        for from in [
            "ann@example.com, eve@example.net",
            "ann@example.com\r\nFrom: eve@example.net",
            "ann@example.com\r\nFrom: ann@example.com",
            "nobody",
            "<>",
        ] {
            check(from, "dmarc=pass header.from=example.com", ("none", "unspecified", ""));
            check(from, "dmarc=fail header.from=example.com", ("fail", "dmarc", ""));
        }
    }

    #[test]
    fn only_the_topmost_field_of_the_trusted_server_counts() {
        let (ann, pass) = ("ann@example.com", "dmarc=pass header.from=example.com");
        let (ours, others) = (format!("{HERE}; {pass}"), format!("mx.evil.example; {pass}"));
        let fail = format!("{HERE}; dmarc=fail header.from=example.com");
        assert_eq!(verdict(ann, &[&ours, &fail]).unwrap().0, "pass");
        assert_eq!(verdict(ann, &[&fail, &ours]).unwrap().0, "fail");
        assert_eq!(verdict(ann, &[&format!("MX.Example.ORG 1; {pass}")]).unwrap().0, "pass");
        let (newer, half) =
            (format!("{HERE} 2; {pass}"), format!("{HERE}; dmarc=pass (header.from=example.com"));
        for nothing in [
            vec![],
            vec![others.as_str()],
            vec![others.as_str(), ours.as_str()],
            vec![newer.as_str(), ours.as_str()],
            vec![half.as_str(), ours.as_str()],
            vec![pass],
        ] {
            assert_eq!(verdict(ann, &nothing), None, "{nothing:?}");
        }
        let raw = format!("{FIELD}: {ours}\r\nFrom: {ann}\r\n\r\nwords\r\n");
        let mail = parse(raw.as_bytes()).unwrap();
        assert!(stated(&mail, &Authserv::Nobody).is_none());
        assert!(stated(&mail, &Authserv::of("mx.example.com")).is_none());
        assert!(stated(&mail, &Authserv::of("-")).is_none(), "it bears an id");
    }
}
