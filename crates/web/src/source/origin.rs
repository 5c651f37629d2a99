//! Whether a post comes from a page of ours. No cookie rides along with one, so the worst another site can do is to send
//! words in its visitor's place; still, nobody is to complain without meaning to.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Uri};

/// What browsers say of who makes them ask (Fetch Metadata); no page can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True unless a browser says that a page of somebody else made it send this: by `Sec-Fetch-Site`, and by `Origin` where it
/// sends none (no HTTPS, or an old one). Programs that are no browsers send neither.
pub(super) fn is_ours(headers: &HeaderMap, public_authority: &str) -> bool {
    let said = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = said(SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = said(ORIGIN) else { return true };
    // As shipped the public URL says nothing of where the public comes, and behind a proxy neither does Host: somebody
    // with an old browser would be sent back for ever.
    if public_authority.starts_with("127.0.0.1") && origin != "null" {
        return true;
    }
    let origin = origin.parse::<Uri>().unwrap_or_default();
    let Some(authority) = origin.authority() else { return false };
    [Some(public_authority), said(HOST)].into_iter().flatten().any(|own| own == authority.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(headers: &[(&'static str, &str)]) -> bool {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        is_ours(&pairs.collect(), "complaints.example.org")
    }

    #[test]
    fn what_another_site_makes_a_browser_send_is_told_apart() {
        assert!(ours(&[]), "no browser");
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(ours(&[("sec-fetch-site", "none")]), "somebody reloads, or comes from a bookmark");
        for site in ["cross-site", "same-site", "new-word", ""] {
            assert!(
                !ours(&[("sec-fetch-site", site), ("origin", "https://complaints.example.org")]),
                "{site}"
            );
        }
        assert!(ours(&[("origin", "https://complaints.example.org")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        let set_by_nobody = [(ORIGIN, "https://example.org".parse().unwrap())].into_iter().collect();
        assert!(is_ours(&set_by_nobody, "127.0.0.1:8080"));
        for origin in ["null", "", "https://example.org", "https://complaints.example.org.evil.example"] {
            assert!(!ours(&[("origin", origin), ("host", "127.0.0.1:8080")]), "{origin}");
        }
    }
}
