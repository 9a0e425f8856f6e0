//! Columns of a table: their widths, alignment and texts, fitted to the width of the output.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle, Width};
use ranklab_store::{QueryResult, Value};
use unicode_width::UnicodeWidthStr as _;

use super::{
    column_contents::{Contents, Kind},
    fit::{Need, fit},
    fitting::{ColumnFit, Fitting, by_contents},
    layout::{cut, shortened, wrapped_by},
    printable::printable,
    value_text::{cut_text, decimals_of, is_number, value_text},
};

/// Characters of a column's name that stay where its values are narrower.
const NAME_CHARACTERS: usize = 16;
/// Columns of the terminal for a value in the note below a table.
const NOTED_VALUE: usize = 30;

/// The columns of a table, which stay aligned from block to block.
pub(super) struct Layout {
    fitting: Fitting,
    /// What each column holds.
    contents: Vec<Contents>,
    /// Columns of the terminal that show each column whole.
    whole: Vec<usize>,
    /// Those that its numbers take, which are never shortened.
    numbers: Vec<usize>,
    /// Decimals of its real numbers.
    decimals: Vec<usize>,
    /// Whether it is shown, once the first block has decided.
    shown: Vec<bool>,
    /// Whether a value was shortened.
    is_shortened: bool,
    /// Whether the header is written.
    begun: bool,
}

impl Layout {
    /// The layout of these columns before the first block.
    pub(super) fn new(columns: &[String], fitting: Fitting) -> Self {
        let count = columns.len();
        Self {
            fitting,
            contents: vec![Contents::default(); count],
            whole: columns.iter().map(|name| cut_text(&printable(name)).width()).collect(),
            numbers: vec![0; count],
            decimals: vec![0; count],
            shown: vec![true; count],
            is_shortened: false,
            begun: false,
        }
    }

    /// Whether the header is written.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// A block of aligned rows, the first one with a header.
    pub(super) fn aligned(&mut self, block: &QueryResult) -> String {
        if block.columns.is_empty() {
            self.begun = true;
            return String::new();
        }
        let texts = self.measured(block);
        if self.fitting.columns.len() != block.columns.len() {
            self.fitting.columns = by_contents(&self.contents, &texts);
        }
        let widths = self.widths(&block.columns);
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
        if !self.begun {
            table.set_header(cells(&widths, |column, width| {
                let name = cut(&cut_text(&printable(&block.columns[column])), width);
                (name, self.numbers[column] > 0)
            }));
        }
        for (row, texts) in block.rows.iter().zip(&texts) {
            table.add_row(cells(&widths, |column, width| {
                let fit = self.fitting.columns[column];
                let text = texts.get(column).map_or("", String::as_str);
                let text = if fit.loses_middle { shortened(text, width) } else { cut(text, width) };
                (text, fit.is_number || row.get(column).is_some_and(is_number))
            }));
        }
        self.is_shortened |= texts.iter().any(|texts| {
            texts.iter().zip(&widths).any(|(text, width)| width.is_some_and(|width| text.width() > width))
        });
        self.begun = true;
        for (column, width) in table.column_iter_mut().zip(widths.into_iter().flatten()) {
            // Of the cell with a blank on either side.
            let width = u16::try_from(width.saturating_add(2)).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        format!("{}\n", table.trim_fmt())
    }

    /// The values of a block as texts. What the columns hold and need for them is noted.
    fn measured(&mut self, block: &QueryResult) -> Vec<Vec<String>> {
        for (column, decimals) in self.decimals.iter_mut().enumerate() {
            *decimals = (*decimals).max(decimals_of(block, column));
        }
        let mut texts: Vec<Vec<String>> = Vec::with_capacity(block.rows.len());
        for row in &block.rows {
            let row_texts =
                row.iter().zip(&self.decimals).map(|(value, decimals)| value_text(value, *decimals));
            let row_texts: Vec<String> = row_texts.collect();
            for (column, (value, text)) in row.iter().zip(&row_texts).enumerate() {
                self.contents[column].add(value);
                let width = text.width();
                self.whole[column] = self.whole[column].max(width);
                if is_number(value) || self.is_number(column) {
                    self.numbers[column] = self.numbers[column].max(width);
                }
            }
            texts.push(row_texts);
        }
        texts
    }

    /// Whether the texts of a column are numbers.
    fn is_number(&self, column: usize) -> bool {
        self.fitting.columns.get(column).is_some_and(|fit| fit.is_number)
    }

    /// The width of each column, `None` of those that are left out.
    fn widths(&mut self, names: &[String]) -> Vec<Option<usize>> {
        let Some(room) = self.fitting.width else { return self.whole.iter().copied().map(Some).collect() };
        let needs: Vec<Need> = (0..names.len())
            .filter(|column| self.shown[*column])
            .map(|column| {
                let name = printable(&names[column]).width().min(NAME_CHARACTERS);
                let least = self.fitting.least_text.max(name).min(self.whole[column]);
                let least = least.max(self.numbers[column]);
                let ColumnFit { rank, floor, .. } = self.fitting.columns[column];
                Need { whole: self.whole[column], least, rank, floor }
            })
            .collect();
        let mut fitted = fit(&needs, room).into_iter().zip(needs);
        let begun = self.begun;
        let widths = self.shown.iter().map(|shown| {
            let (width, need) = if *shown { fitted.next()? } else { return None };
            // Columns of the first block stay, even where wider numbers follow.
            width.or(begun.then_some(need.least))
        });
        let widths: Vec<Option<usize>> = widths.collect();
        self.shown = widths.iter().map(Option::is_some).collect();
        widths
    }

    /// What is not shown and how to see it; empty where everything is shown.
    pub(super) fn notes(&self, names: &[String]) -> String {
        let Some(room) = self.fitting.width.map(|width| width.max(2)) else { return String::new() };
        let (mut varied, mut same, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        for (column, name) in names.iter().enumerate().filter(|(column, _)| !self.shown[*column]) {
            let name = cut(&printable(name), room - 1);
            match self.contents[column].kind() {
                Kind::Varied => varied.push(name),
                Kind::Same(value) => same.push(format!("{name} {}", self.noted(value, column, room))),
                Kind::Empty => empty.push(name),
            }
        }
        let lists = [("left out", varied), ("the same in all rows", same), ("without a value", empty)];
        let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let mut notes: Vec<String> =
            lists.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect();
        notes.extend(self.is_shortened.then(|| "texts with … are shortened".to_owned()));
        if notes.is_empty() {
            return String::new();
        }
        notes.extend(Some(self.fitting.advice.to_owned()).filter(|advice| !advice.is_empty()));
        wrapped_by(&notes.join("; "), room, 0, true) + "\n"
    }

    /// A value of a column that is not shown.
    fn noted(&self, value: &Value, column: usize, room: usize) -> String {
        cut(&value_text(value, self.decimals[column]), NOTED_VALUE.min(room - 1))
    }
}

/// The cells of a row: `cell` gives the text of a column in its width, and whether it is aligned as a number.
fn cells(widths: &[Option<usize>], cell: impl Fn(usize, usize) -> (String, bool)) -> Vec<Cell> {
    let shown = widths.iter().enumerate().filter_map(|(column, width)| Some((column, (*width)?)));
    shown
        .map(|(column, width)| {
            let (text, is_number) = cell(column, width);
            let alignment = if is_number { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(text).set_alignment(alignment)
        })
        .collect()
}
