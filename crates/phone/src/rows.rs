//! Rows of a file that may still be written on. Pure: bytes in, where each row ends out.

/// How a file is cut into rows.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// True when line ends inside quotes belong to a row, and what stands between its columns.
    pub csv: Option<u8>,
    /// Largest row.
    pub bytes_max: usize,
}

/// A row in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub start: usize,
    /// Where it ends, without its line end.
    pub end: usize,
    /// Where the next one begins.
    pub next: usize,
    /// How many line ends are in it, its own among them.
    pub lines: u64,
    /// False when it is no whole row: too long, or a quote that is never closed.
    pub is_whole: bool,
}

impl Cut {
    /// The row that begins at `start`; none when its end has not come yet. At the end of a file that is done, what is left is
    /// a row.
    pub fn next(&self, bytes: &[u8], start: usize, is_done: bool) -> Option<Row> {
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let row = |length: usize, lines: u64, is_whole: bool| {
            let end = rest[..length].trim_ascii_end().len();
            Row { start, end: start + end, next: start + length, lines, is_whole }
        };
        let within = &rest[..rest.len().min(self.bytes_max)];
        if let Some((length, lines)) = self.end(within) {
            return Some(row(length, lines, true));
        }
        // No end within a row's length: what begins it is no row. Its first line alone is told, and the next may be one again.
        let is_too_long = rest.len() > self.bytes_max;
        let first_line = within.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        match first_line {
            Some(length) if is_too_long || is_done => Some(row(length, 1, false)),
            None if is_too_long => Some(row(within.len(), 0, false)),
            None if is_done => Some(row(rest.len(), 1, !self.is_open(rest))),
            _ => None,
        }
    }

    /// Length of the first row with its line end, and the line ends in it.
    fn end(&self, bytes: &[u8]) -> Option<(usize, u64)> {
        let Some(delimiter) = self.csv else {
            return bytes.iter().position(|byte| *byte == b'\n').map(|at| (at + 1, 1));
        };
        let (mut quotes, mut lines) = (Quotes::new(delimiter), 0);
        for (at, byte) in bytes.iter().enumerate() {
            quotes.pass(*byte);
            if *byte == b'\n' {
                lines += 1;
                if !quotes.is_open {
                    return Some((at + 1, lines));
                }
            }
        }
        None
    }

    fn is_open(&self, bytes: &[u8]) -> bool {
        self.csv.is_some_and(|delimiter| {
            let mut quotes = Quotes::new(delimiter);
            for byte in bytes {
                quotes.pass(*byte);
            }
            quotes.is_open
        })
    }
}

/// Quotes count where a column begins (RFC 4180 §2.5).
struct Quotes {
    delimiter: u8,
    is_open: bool,
    begins: bool,
}

impl Quotes {
    fn new(delimiter: u8) -> Self {
        Self { delimiter, is_open: false, begins: true }
    }

    fn pass(&mut self, byte: u8) {
        match byte {
            // A quote that is doubled closes and opens at once.
            b'"' if self.is_open => (self.is_open, self.begins) = (false, true),
            b'"' if self.begins => self.is_open = true,
            _ if self.is_open => {}
            b' ' if self.begins => {}
            _ => self.begins = byte == self.delimiter || byte == b'\n',
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CSV: Cut = Cut { csv: Some(b','), bytes_max: 40 };

    fn rows(cut: Cut, text: &str, is_done: bool) -> Vec<(&str, bool)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(row) = cut.next(text.as_bytes(), at, is_done) {
            found.push((&text[row.start..row.end], row.is_whole));
            at = row.next;
        }
        found
    }

    #[test]
    fn a_row_is_taken_when_its_end_has_come() {
        assert_eq!(rows(CSV, "a,b\r\nc,d\ne", false), [("a,b", true), ("c,d", true)]);
        assert_eq!(rows(CSV, "a,b\ne", true), [("a,b", true), ("e", true)]);
        assert_eq!(
            rows(CSV, "a,\"b\nc\",\"\"\"d\"\"\"\ne,5\" pipe\n", false),
            [("a,\"b\nc\",\"\"\"d\"\"\"", true), ("e,5\" pipe", true)]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let text = format!("a,\"b\n{}\n{}\n", "c,d,e,f,g,h,i,j,k,l", "m,n,o,p,q,r,s,t,u,v,w");
        assert_eq!(rows(CSV, &text, false)[0], ("a,\"b", false));
        assert_eq!(rows(CSV, &text, false).len(), 3);
        assert_eq!(rows(CSV, "a,\"b\nc,d\n", false), []);
        assert_eq!(rows(CSV, "a,\"b\nc,d\n", true), [("a,\"b", false), ("c,d", true)]);
    }

    proptest! {
        /// Wherever the writer is interrupted, the rows are the same in the end, and every byte is in one.
        #[test]
        fn interruptions_change_nothing(
            lines in prop::collection::vec("[a-c,\" ]{0,12}", 0..12), stop in 0_usize..200, csv in any::<bool>(),
        ) {
            let cut = Cut { csv: csv.then_some(b','), bytes_max: 64 };
            let text: String = lines.join("\n") + "\n";
            let stop = stop.min(text.len());
            let mut at = 0;
            while let Some(row) = cut.next(&text.as_bytes()[..stop], at, false) {
                let whole = cut.next(text.as_bytes(), at, false);
                prop_assert!(whole == Some(row) || !row.is_whole);
                at = row.next;
            }
            while let Some(row) = cut.next(text.as_bytes(), at, true) {
                prop_assert!(row.next > at);
                at = row.next;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
