//! Tables of figures and facts, put into one line for each row before HTML is laid out. Tables that only arrange a page
//! (tables in tables, cells of several lines or long texts) are left as they are.

use std::borrow::Cow;
use std::ops::Range;

use super::tags::{Tag, spans};

/// Characters of a cell beyond which it holds a text and no figure.
const CELL_CHARS_MAX: usize = 120;

/// What stands between two cells.
const BETWEEN: &str = " | ";

/// Elements that begin a line of their own inside a cell. One is what programs put around all of its words; with two it
/// has several lines.
const LINES: [&str; 13] =
    ["p", "div", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "blockquote", "pre", "center", "section"];

/// HTML with each row that can be one line in one cell.
pub(super) fn joined(html: &str) -> Cow<'_, str> {
    let mut finder = Finder { html, row: None, found: Vec::new() };
    for (tag, at) in spans(html.as_bytes()) {
        match tag {
            Tag::Unclear => return Cow::Borrowed(html),
            Tag::Start(name) => finder.begin(name, &at),
            Tag::End(name) => finder.end(name, &at),
        }
    }
    finder.finish(html.len());
    if finder.found.is_empty() {
        return Cow::Borrowed(html);
    }
    let mut written = String::with_capacity(html.len());
    let mut from = 0;
    for (at, line) in finder.found {
        written.push_str(html.get(from..at.start).unwrap_or_default());
        written.push_str(&line);
        from = at.end;
    }
    written.push_str(html.get(from..).unwrap_or_default());
    Cow::Owned(written)
}

/// A row that is being read.
struct Row {
    /// Where its first cell begins.
    start: Option<usize>,
    cells: Vec<Range<usize>>,
    /// Where the words of the cell that is open begin, and the elements in it that begin a line.
    open: Option<(usize, usize)>,
    /// Where the last cell that was closed ends.
    ended: Option<usize>,
    is_one_line: bool,
}

struct Finder<'h> {
    html: &'h str,
    row: Option<Row>,
    found: Vec<(Range<usize>, String)>,
}

impl Finder<'_> {
    fn begin(&mut self, name: &[u8], at: &Range<usize>) {
        if name.eq_ignore_ascii_case(b"tr") {
            self.finish(at.start);
            self.row =
                Some(Row { start: None, cells: Vec::new(), open: None, ended: None, is_one_line: true });
            return;
        }
        if name.eq_ignore_ascii_case(b"table") {
            self.row = None;
            return;
        }
        let Some(row) = &mut self.row else { return };
        if is_cell(name) {
            row.close(at.start);
            row.look_between(self.html, at.start);
            row.start.get_or_insert(at.start);
            row.open = Some((at.end, 0));
        } else if let Some((_, lines)) = &mut row.open {
            *lines += usize::from(LINES.iter().any(|line| line.as_bytes().eq_ignore_ascii_case(name)));
            row.is_one_line &= *lines < 2 && !name.eq_ignore_ascii_case(b"br");
        }
    }

    fn end(&mut self, name: &[u8], at: &Range<usize>) {
        if ["tr", "table", "tbody"].iter().any(|end| end.as_bytes().eq_ignore_ascii_case(name)) {
            self.finish(at.start);
        } else if is_cell(name)
            && let Some(row) = &mut self.row
        {
            row.close(at.start);
            row.look_between(self.html, at.start);
            row.ended = Some(at.end);
        }
    }

    /// The row ends; one that can be a line becomes one.
    fn finish(&mut self, at: usize) {
        let Some(mut row) = self.row.take() else { return };
        row.close(at);
        row.look_between(self.html, at);
        let Some(start) = row.start.filter(|_| row.is_one_line) else { return };
        let cells = row.cells.iter().map(|cell| self.html.get(cell.clone()).unwrap_or_default());
        let shown: Vec<usize> = cells.clone().map(shown_chars).filter(|chars| *chars > 0).collect();
        if shown.len() >= 2 && shown.iter().all(|chars| *chars <= CELL_CHARS_MAX) {
            let cells = cells.map(without_lines).filter(|cell| !is_blank(cell));
            let line = cells.collect::<Vec<_>>().join(BETWEEN);
            self.found.push((start..at, format!("<td>{line}</td>")));
        }
    }
}

impl Row {
    fn close(&mut self, at: usize) {
        if let Some((from, _)) = self.open.take() {
            self.cells.push(from..at);
        }
    }

    /// What stands between two cells would get lost.
    fn look_between(&mut self, html: &str, at: usize) {
        if let Some(ended) = self.ended.take() {
            self.is_one_line &= html.get(ended..at).is_some_and(is_blank);
        }
    }
}

fn is_blank(html: &str) -> bool {
    html.replace("&nbsp;", " ").trim().is_empty()
}

fn is_cell(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"td") || name.eq_ignore_ascii_case(b"th")
}

/// How many characters of a cell are to be seen.
fn shown_chars(cell: &str) -> usize {
    let (mut shown, mut from) = (0, 0);
    let count = |text: &str| text.replace("&nbsp;", " ").chars().filter(|c| !c.is_whitespace()).count();
    for (_, at) in spans(cell.as_bytes()) {
        shown += count(cell.get(from..at.start).unwrap_or_default());
        from = at.end;
    }
    shown + count(cell.get(from..).unwrap_or_default())
}

/// A cell without the elements that begin a line.
fn without_lines(cell: &str) -> String {
    let (mut kept, mut from) = (String::with_capacity(cell.len()), 0);
    for (tag, at) in spans(cell.as_bytes()) {
        let (Tag::Start(name) | Tag::End(name)) = tag else { continue };
        if LINES.iter().any(|line| line.as_bytes().eq_ignore_ascii_case(name)) {
            kept.push_str(cell.get(from..at.start).unwrap_or_default());
            from = at.end;
        }
    }
    kept.push_str(cell.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(html: &str) -> String {
        crate::normalize::clean::lines(&super::super::text(html))
    }

    #[test]
    fn a_table_of_facts_is_read_row_by_row() {
        let cases = [
            ("<table><tr><th>Order<th>Price<tr><td>77<td>49 €</table>", "Order | Price\n77 | 49 €"),
            (
                "<table><tbody><tr><td><p class=x>Order</p></td><td><p>77</p></td></tr></tbody></table>",
                "Order | 77",
            ),
            ("<table><tr><td>&nbsp;</td><td>Words</td></tr></table>", "Words"),
            ("<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc"),
            (
                "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>",
                "a\nb | c",
            ),
        ];
        for (html, expected) in cases {
            assert_eq!(read(html), expected, "{html}");
        }
        let long = format!("<table><tr><td>{}</td><td>b</td></tr></table>", "word ".repeat(50));
        assert!(read(&long).ends_with("word\nb"));
    }

    proptest! {
        #[test]
        fn no_word_is_lost(html in "(<table>|<tr>|<td>|</td>|</tr>|</table>|<p>|<br>|<b|<!--|w[0-9]{3} ){0,40}") {
            let joined = joined(&html);
            let words = |text: &str| text.split('w').skip(1).filter_map(|word| word.get(..3).map(str::to_owned)).collect::<Vec<_>>();
            prop_assert_eq!(words(&joined), words(&html));
        }
    }
}
