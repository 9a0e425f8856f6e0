//! Columns of a table: their widths, alignment and texts, fitted to the width of the output.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle, Width};
use ranklab_store::QueryResult;
use unicode_width::UnicodeWidthStr as _;

use super::{
    fit::{Need, fit},
    layout::{cut, wrapped_by},
    printable::printable,
    terminal::output_columns,
    value_text::{cut_text, decimals_of, is_number, value_text},
};

/// Characters of a column's name that stay where its values are narrower.
const NAME_CHARACTERS: usize = 16;

/// How a table is fitted to the output.
#[derive(Clone, Debug)]
pub(crate) struct Fitting {
    /// Columns of the terminal; `None` shows everything.
    pub(crate) width: Option<usize>,
    /// A rank for each column: those of high rank are left out first. Where it is empty, the last column is.
    pub(crate) ranks: Vec<usize>,
    /// Characters to which a text is shortened at most.
    pub(crate) least_text: usize,
    /// How to see everything, for the line below the table.
    pub(crate) advice: &'static str,
}

impl Fitting {
    /// Every column with whole values.
    pub(crate) fn none() -> Self {
        Self { width: None, ranks: Vec::new(), least_text: 8, advice: "" }
    }

    /// The columns from the left that the output has room for.
    pub(crate) fn of_output(advice: &'static str) -> Self {
        Self { width: output_columns(), advice, ..Self::none() }
    }
}

/// The columns of a table, which stay aligned from block to block.
pub(super) struct Layout {
    fitting: Fitting,
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
    pub(super) fn new(columns: &[String], mut fitting: Fitting) -> Self {
        let count = columns.len();
        if fitting.ranks.len() != count {
            fitting.ranks = (0..count).collect();
        }
        Self {
            fitting,
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
        let widths = self.widths(&block.columns);
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
        if !self.begun {
            table.set_header(cells(&widths, |column| {
                (cut_text(&printable(&block.columns[column])), alignment(self.numbers[column] > 0))
            }));
        }
        for (row, texts) in block.rows.iter().zip(&texts) {
            table.add_row(cells(&widths, |column| {
                let is_right = row.get(column).is_some_and(is_number);
                (texts.get(column).cloned().unwrap_or_default(), alignment(is_right))
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

    /// The values of a block as texts. Columns that need more for them are noted.
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
                let width = text.width();
                self.whole[column] = self.whole[column].max(width);
                if is_number(value) {
                    self.numbers[column] = self.numbers[column].max(width);
                }
            }
            texts.push(row_texts);
        }
        texts
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
                Need { whole: self.whole[column], least, rank: self.fitting.ranks[column] }
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
        let Some(room) = self.fitting.width else { return String::new() };
        let left_out = names.iter().zip(&self.shown).filter(|(_, shown)| !**shown);
        let left_out: Vec<String> = left_out.map(|(name, _)| cut(&printable(name), room)).collect();
        let what = match (left_out.is_empty(), self.is_shortened) {
            (true, false) => return String::new(),
            (true, true) => "values that end in … are shortened".to_owned(),
            (false, false) => format!("left out: {}", left_out.join(", ")),
            (false, true) => {
                format!("left out: {}; values that end in … are shortened", left_out.join(", "))
            }
        };
        wrapped_by(&format!("{what}; {}", self.fitting.advice), room, 0, true) + "\n"
    }
}

/// The cells of a row: the text and the alignment of each column that is shown, shortened to its width.
fn cells(widths: &[Option<usize>], cell: impl Fn(usize) -> (String, CellAlignment)) -> Vec<Cell> {
    let shown = widths.iter().enumerate().filter_map(|(column, width)| Some((column, (*width)?)));
    shown
        .map(|(column, width)| {
            let (text, alignment) = cell(column);
            Cell::new(cut(&text, width)).set_alignment(alignment)
        })
        .collect()
}

/// Numbers end in one column.
fn alignment(is_right: bool) -> CellAlignment {
    if is_right { CellAlignment::Right } else { CellAlignment::Left }
}
