//! Tables: cells by the names of their columns.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::Parser;
use crate::entry::{Entry, Fault};
use crate::map;

/// The cells of one row.
pub(super) fn cells(row: &str, delimiter: u8) -> Result<Vec<String>, Fault> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .buffer_capacity(row.len().clamp(64, 64 * 1024))
        .from_reader(row.as_bytes());
    let mut record = StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record.iter().map(str::to_owned).collect()),
        Ok(false) => Err(Fault::new("holds nothing")),
        Err(_) => Err(Fault::new("is no row of a table")),
    }
}

/// Reads a row whose columns have these names; it has to have as many.
pub(super) fn row(parser: &Parser, row: &str, columns: &[String]) -> Result<Entry, Fault> {
    let cells = cells(row, parser.delimiter)?;
    if cells.len() != columns.len() {
        return Err(Fault(format!("has {} columns, not {}", cells.len(), columns.len())));
    }
    map::read(&parser.reading, &|name| value(&cells, columns, name))
}

/// The cell in the column of this name.
pub(super) fn value(cells: &[String], columns: &[String], name: &str) -> Option<String> {
    let at = columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
    cells.get(at).cloned()
}
