//! HTML of posts → text and the addresses it links to.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use html2text::render::TextDecorator;

/// HTML beyond this is not laid out, only stripped of its tags: laying out grows faster than its input.
const HTML_BYTES_MAX: usize = 256 * 1024;
/// Tags beyond this are not laid out either.
const TAGS_MAX: usize = 5_000;
/// Wide enough that paragraphs stay one line each.
const WIDTH: usize = 10_000;

/// What HTML says.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Its words, a blank line between paragraphs.
    pub(crate) text: String,
    /// What it links to, in order.
    pub(crate) links: Vec<String>,
}

/// Reads HTML, whatever it holds.
pub(crate) fn words(html: &str) -> Words {
    if html.len() > HTML_BYTES_MAX || html.matches('<').count() > TAGS_MAX {
        return Words { text: stripped(html), links: Vec::new() };
    }
    let decorator = Decorator::default();
    let links = Rc::clone(&decorator.links);
    let lay_out = || {
        html2text::config::with_decorator(decorator)
            .raw_mode(true)
            .no_link_wrapping()
            .link_footnotes(false)
            .allow_width_overflow()
            .string_from_read(html.as_bytes(), WIDTH)
    };
    let text = match catch_unwind(AssertUnwindSafe(lay_out)) {
        Ok(Ok(text)) => tidy(&text),
        Ok(Err(_)) | Err(_) => stripped(html),
    };
    Words { text, links: links.borrow().clone() }
}

/// Line by line without trailing blanks, and at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n")) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.trim_end().to_owned()
}

fn stripped(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        text.push(' ');
        rest = rest[at..].split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lays HTML out as text, and notes its links.
#[derive(Clone, Default)]
struct Decorator {
    links: Rc<RefCell<Vec<String>>>,
}

impl TextDecorator for Decorator {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        self.links.borrow_mut().push(url.to_owned());
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _source: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }
    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_keeps_its_lines_and_its_links() {
        let html = "<p><span class=\"h-card\"><a href=\"https://social.example/@kettles\" class=\"u-url mention\">@<span>kettles</span></a></span> \
                    it leaks.<br>Since &lt;Monday&gt;.</p><p>See <a href=\"https://ann.example/a\"><span class=\"invisible\">https://</span>ann.example/a</a></p>";
        let words = words(html);
        assert_eq!(words.text, "@kettles it leaks.\nSince <Monday>.\n\nSee https://ann.example/a");
        assert_eq!(words.links, ["https://social.example/@kettles", "https://ann.example/a"]);
    }

    #[test]
    fn deep_html_is_read_all_the_same() {
        let html = format!("{}words &amp; more{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
        assert_eq!(words(&html).text, "words & more");
        assert_eq!(words("a < b").text, "a < b");
    }
}
