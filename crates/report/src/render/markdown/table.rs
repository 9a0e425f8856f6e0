//! Tables in the Markdown file.

use std::fmt::Write as _;

use crate::render::escape::markdown as plain;
use crate::words::table::{Cell, Table};

/// The table and its caption.
pub(super) fn table(table: &Table) -> Vec<String> {
    let headings = table.columns.iter().map(|column| match &column.group {
        Some(group) => plain(&format!("{}, {group}", column.title)),
        None => plain(&column.title),
    });
    let mut text = row(headings);
    text += &row(table.columns.iter().map(|column| if column.numeric { "--:" } else { "---" }.to_owned()));
    for cells in &table.rows {
        text += &row(cells.iter().map(content));
    }
    vec![text.trim_end().to_owned(), plain(&table.caption)]
}

/// A line of a table, of cells that are Markdown.
pub(super) fn row(cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::from("|"), |mut line, cell| {
        // Writing to a string cannot fail.
        let _ = write!(line, " {cell} |");
        line
    }) + "\n"
}

fn content(cell: &Cell) -> String {
    let text = plain(&cell.text);
    let note = cell.note.as_ref().map_or_else(String::new, |note| format!(" ({})", plain(note)));
    if cell.best { format!("**★ {text}**{note}") } else { text + &note }
}
