//! The columns of the list of runs: their names, what they hold and which of them a narrow terminal shows.

use crate::ui::chosen_columns::positions;

/// A column of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name, also in JSON.
    pub(super) name: &'static str,
    /// Its expression on the table `runs`.
    pub(super) sql: &'static str,
    /// Its rank: a narrow terminal leaves columns of high rank out.
    pub(super) rank: usize,
}

const fn column(name: &'static str, sql: &'static str, rank: usize) -> Column {
    Column { name, sql, rank }
}

/// All columns in their order.
pub(super) const COLUMNS: [Column; 14] = [
    column("run", "id", 0),
    column("status", "status", 1),
    column("model", "model", 2),
    column("layers", "layers", 5),
    column("ranks", "ranks", 3),
    column("preset", "preset", 12),
    column("split", "split", 10),
    column("seed", "seed", 9),
    column("dataset", "dataset", 13),
    column("accuracy", "test_accuracy", 4),
    column("auc", "auc", 7),
    column("minutes", "(feature_seconds + train_seconds + test_seconds) / 60", 11),
    column("started", "substr(started_at, 1, 19)", 8),
    column("failure", "failure", 6),
];

/// The columns that `names` chooses, in their order; `rank` means `ranks`. All of them without names.
///
/// # Errors
/// When a name is unknown or given twice.
pub(super) fn chosen(names: &[String]) -> anyhow::Result<Vec<Column>> {
    if names.is_empty() {
        return Ok(COLUMNS.to_vec());
    }
    let is_named = |known: &str, name: &str| known == name || known.strip_suffix('s') == Some(name);
    let positions = positions(&COLUMNS.map(|column| column.name), names, is_named)?;
    Ok(positions.into_iter().map(|position| COLUMNS[position]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> Result<Vec<&'static str>, String> {
        let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
        let columns = chosen(&given).map_err(|problem| problem.to_string())?;
        Ok(columns.into_iter().map(|column| column.name).collect())
    }

    #[test]
    fn columns_are_chosen_in_the_order_given_and_unknown_ones_are_listed() {
        assert_eq!(names(&["accuracy", " run", "rank"]).unwrap(), ["accuracy", "run", "ranks"]);
        assert_eq!(names(&[]).unwrap().len(), COLUMNS.len());
        let unknown = names(&["run", "acuracy"]).unwrap_err();
        assert!(
            unknown.starts_with("there is no column `acuracy`; the columns are run, status, "),
            "{unknown}"
        );
        assert!(names(&["rank", "ranks"]).unwrap_err().contains("`ranks` is given twice"));
    }

    #[test]
    fn every_column_has_a_rank_of_its_own() {
        let mut ranks: Vec<usize> = COLUMNS.iter().map(|column| column.rank).collect();
        ranks.sort_unstable();
        assert_eq!(ranks, (0..COLUMNS.len()).collect::<Vec<_>>());
    }
}
