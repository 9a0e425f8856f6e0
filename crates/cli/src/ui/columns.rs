//! A table that fits a terminal: it drops columns and shortens names.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use super::layout::{columns, shortened};

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    title: &'static str,
    is_number: bool,
    /// Columns are dropped in this order, the highest first and 0 never.
    drop: u8,
    cells: Vec<String>,
}

impl Column {
    /// A column of names, which is shortened and never dropped.
    pub(crate) fn names(title: &'static str, cells: Vec<String>) -> Self {
        Self { title, is_number: false, drop: 0, cells }
    }

    /// A column of numbers.
    pub(crate) fn numbers(title: &'static str, drop: u8, cells: Vec<String>) -> Self {
        Self { title, is_number: true, drop, cells }
    }
}

/// The columns as a table with a header, in at most so many columns of a terminal; whole where `most` is `None`.
pub(crate) fn fitted(mut table: Vec<Column>, most: Option<usize>) -> String {
    loop {
        let text = rendered(&table);
        let widest = text.lines().map(columns).max().unwrap_or(0);
        let Some(excess) = most.and_then(|most| widest.checked_sub(most)).filter(|excess| *excess > 0) else {
            return text;
        };
        match table.iter().map(|column| column.drop).max().filter(|drop| *drop > 0) {
            Some(last) => table.retain(|column| column.drop != last),
            None => return with_short_names(table, excess),
        }
    }
}

/// The table with names that are shorter by this much.
fn with_short_names(mut table: Vec<Column>, excess: usize) -> String {
    for column in table.iter_mut().filter(|column| !column.is_number) {
        let widest = column.cells.iter().map(|cell| columns(cell)).chain([columns(column.title)]).max();
        let most = widest.unwrap_or(0).saturating_sub(excess).max(1);
        column.cells.iter_mut().for_each(|cell| *cell = shortened(cell, most));
        if columns(column.title) > most {
            column.title = "";
        }
    }
    rendered(&table)
}

fn rendered(columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    let cell = |column: &Column, text: &str| {
        let alignment = if column.is_number { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(alignment)
    };
    table.set_header(columns.iter().map(|column| cell(column, column.title)));
    for row in 0..columns.first().map_or(0, |column| column.cells.len()) {
        table.add_row(columns.iter().map(|column| cell(column, &column.cells[row])));
    }
    format!("{}\n", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(most: Option<usize>) -> String {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let all = vec![
            Column::names("configuration", texts(["model_5 · block5 · rank 16", "model_4"])),
            Column::numbers("accuracy, %", 0, texts(["97.00 ± 0.50", "96.00 ± 0.25"])),
            Column::numbers("AUC", 1, texts(["0.9912", "0.9900"])),
            Column::numbers("minutes", 2, texts(["1.5", "10.0"])),
        ];
        fitted(all, most)
    }

    #[test]
    fn accuracy_stays_to_the_last() {
        assert_eq!(table(None), table(Some(200)));
        assert!(table(None).contains("minutes"));
        let narrower = table(Some(55));
        assert!(narrower.contains("AUC") && !narrower.contains("minutes"), "{narrower}");
        let narrow = table(Some(39));
        assert!(
            !narrow.contains("AUC") && narrow.contains("97.00 ± 0.50") && narrow.contains('…'),
            "{narrow}"
        );
        for most in 19..100 {
            let text = table(Some(most));
            assert!(text.lines().all(|line| columns(line) <= most), "{most}:\n{text}");
            assert!(text.contains("96.00 ± 0.25"), "{most}:\n{text}");
        }
    }
}
