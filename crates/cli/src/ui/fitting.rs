//! How a table is fitted to a terminal: which of its columns give way first, and how.

use super::{
    column_contents::{Contents, Kind},
    terminal::output_columns,
};

/// Letters at the beginning that texts share before they are shortened in their middle.
const SHARED_LETTERS: usize = 4;

/// How a table is fitted to the output.
#[derive(Clone, Debug)]
pub(crate) struct Fitting {
    /// Columns of the terminal; `None` shows everything.
    pub(crate) width: Option<usize>,
    /// How each column gives way; where it is empty, what the first rows hold decides.
    pub(crate) columns: Vec<ColumnFit>,
    /// Columns of the terminal to which texts are shortened before a column is left out.
    pub(crate) least_text: usize,
    /// How to see everything, for the note below the table; empty where something else says so.
    pub(crate) advice: &'static str,
}

/// How a column gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnFit {
    /// Columns of high rank are left out first.
    pub(crate) rank: usize,
    /// Columns of the terminal to which it is shortened instead of being left out; `None` of one that can be left out.
    pub(crate) floor: Option<usize>,
    /// Whether its texts are numbers: they end in one column and are never shortened.
    pub(crate) is_number: bool,
    /// Whether shortened texts lose their middle instead of their end.
    pub(crate) loses_middle: bool,
}

impl Fitting {
    /// Every column with whole values.
    pub(crate) fn none() -> Self {
        Self { width: None, columns: Vec::new(), least_text: 8, advice: "" }
    }

    /// As much as the output has room for. Texts are shortened first. Then columns are left out: those without a value,
    /// then those with the same value in all rows, then others from the right.
    pub(crate) fn of_output(advice: &'static str) -> Self {
        Self { width: output_columns(), advice, ..Self::none() }
    }

    /// Columns of these ranks in at most `width` columns of a terminal; whole where it is `None`.
    pub(crate) fn ranked(width: Option<usize>, ranks: impl IntoIterator<Item = usize>) -> Self {
        let columns = ranks.into_iter().map(|rank| ColumnFit { rank, ..ColumnFit::default() });
        Self { width, columns: columns.collect(), ..Self::none() }
    }
}

/// How the columns of a query give way, from the texts of their first rows.
pub(super) fn by_contents(contents: &[Contents], texts: &[Vec<String>]) -> Vec<ColumnFit> {
    let count = contents.len();
    let of_column = |(column, contents): (usize, &Contents)| {
        let class = match contents.kind() {
            Kind::Varied => 0,
            Kind::Same(_) => 1,
            Kind::Empty => 2,
        };
        let texts = texts.iter().filter_map(|row| row.get(column).map(String::as_str));
        ColumnFit { rank: class * count + column, loses_middle: begin_alike(texts), ..ColumnFit::default() }
    };
    contents.iter().enumerate().map(of_column).collect()
}

/// Whether texts differ, and share so many letters at their beginnings that their ends say more.
fn begin_alike<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> bool {
    let texts = texts.filter(|text| !text.is_empty());
    let (Some(first), Some(last)) = (texts.clone().min(), texts.max()) else { return false };
    first != last
        && first.chars().zip(last.chars()).take_while(|(one, other)| one == other).count() >= SHARED_LETTERS
}

#[cfg(test)]
mod tests {
    use ranklab_store::Value;

    use super::*;

    #[test]
    fn columns_that_say_nothing_give_way_first_and_the_last_of_others_next() {
        let column = |values: [Value; 2]| {
            let mut contents = Contents::default();
            values.iter().for_each(|value| contents.add(value));
            contents
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let contents = [
            column([Value::Null, Value::Null]),
            column([text("random"), text("random")]),
            column([text("model_4"), text("model_5")]),
            column([text("kept"), text("lost")]),
        ];
        let texts = [["", "random", "model_4", "kept"], ["", "random", "model_5", "lost"]]
            .map(|row| row.map(str::to_owned).to_vec());
        let found = by_contents(&contents, &texts);
        let mut order: Vec<usize> = (0..4).collect();
        order.sort_by_key(|column| found[*column].rank);
        assert_eq!(order, [2, 3, 1, 0]);
        assert_eq!(found.iter().map(|fit| fit.loses_middle).collect::<Vec<_>>(), [false, false, true, false]);
    }
}
