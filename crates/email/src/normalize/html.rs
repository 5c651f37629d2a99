//! HTML turned to text: laid out where it is of a size and depth that people write, stripped of its tags otherwise.

mod cost;
mod rows;
mod tags;

use std::panic::{AssertUnwindSafe, catch_unwind};

use html2text::render::TextDecorator;

use super::parse;

/// HTML beyond this is stripped of its tags instead of laid out: laying out grows faster than its input.
const HTML_BYTES_MAX: usize = 256 * 1024;

/// Wide enough that paragraphs stay one line each.
const WIDTH: usize = 10_000;

/// HTML as plain text.
pub(crate) fn text(html: &str) -> String {
    if html.len() > HTML_BYTES_MAX || cost::is_costly(html) {
        return parse::strip_tags(html);
    }
    let html = rows::joined(html);
    let lay_out = || {
        html2text::config::with_decorator(Decorator)
            .raw_mode(true)
            .no_table_borders()
            .no_link_wrapping()
            .link_footnotes(false)
            .allow_width_overflow()
            .string_from_read(html.as_bytes(), WIDTH)
    };
    match catch_unwind(AssertUnwindSafe(lay_out)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) | Err(_) => parse::strip_tags(&html),
    }
}

/// Lays HTML out as text: no marks but for quotes and lists.
#[derive(Debug, Clone)]
struct Decorator;

impl TextDecorator for Decorator {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
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
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::clean;

    #[test]
    fn html_becomes_lines() {
        let html = "<style>p{}</style><p>My <b>kettle</b> broke.</p><table><tr><td>Order</td><td>77</td></tr></table>\
                    <blockquote>You wrote</blockquote><script>alert(1)</script>";
        let text = clean::lines(&text(html));
        assert_eq!(text, "My kettle broke.\n\nOrder | 77\n\n> You wrote");
    }

    #[test]
    fn deep_html_is_read_all_the_same() {
        let html = format!("{}words{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(text(&html).trim(), "words");
        let html = format!("{}words", "<table><tr><td>".repeat(50));
        assert_eq!(text(&html).trim(), "words");
    }
}
