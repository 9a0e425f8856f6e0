//! Chosen columns of a result, in the order of the choice.

use std::ops::ControlFlow;

use anyhow::bail;
use ranklab_store::{Answer, Value};

/// The positions of chosen columns among the `known` ones; `is_named` says whether a known column has a name.
///
/// # Errors
/// When a name is unknown or given twice.
pub(crate) fn positions(
    known: &[impl AsRef<str>],
    chosen: &[String],
    is_named: impl Fn(&str, &str) -> bool,
) -> anyhow::Result<Vec<usize>> {
    let mut positions = Vec::new();
    for name in chosen {
        let name = name.trim();
        let Some(position) = known.iter().position(|known| is_named(known.as_ref(), name)) else {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            bail!("there is no column `{name}`; the columns are {}", known.join(", "));
        };
        if positions.contains(&position) {
            bail!("the column `{}` is given twice; give it once", known[position].as_ref());
        }
        positions.push(position);
    }
    Ok(positions)
}

/// Hands chosen columns on to another receiver.
pub(super) struct ChosenColumns<'a> {
    receiver: &'a mut dyn Answer,
    names: &'a [String],
    positions: Vec<usize>,
    problem: Option<anyhow::Error>,
}

impl<'a> ChosenColumns<'a> {
    /// Columns of these names for `receiver`.
    pub(super) fn new(receiver: &'a mut dyn Answer, names: &'a [String]) -> Self {
        Self { receiver, names, positions: Vec::new(), problem: None }
    }

    /// Why the columns could not be chosen.
    pub(super) fn problem(self) -> Option<anyhow::Error> {
        self.problem
    }
}

impl Answer for ChosenColumns<'_> {
    fn columns(&mut self, names: Vec<String>) -> ControlFlow<()> {
        match positions(&names, self.names, |known, name| known == name) {
            Ok(positions) => {
                self.positions = positions;
                self.receiver
                    .columns(self.positions.iter().map(|position| names[*position].clone()).collect())
            }
            Err(problem) => {
                self.problem = Some(problem);
                ControlFlow::Break(())
            }
        }
    }

    fn row(&mut self, mut row: Vec<Value>) -> ControlFlow<()> {
        let mut take = |position: &usize| {
            row.get_mut(*position).map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
        };
        let chosen = self.positions.iter().map(&mut take).collect();
        self.receiver.row(chosen)
    }
}

#[cfg(test)]
mod tests {
    use ranklab_store::QueryResult;

    use super::*;

    #[test]
    fn columns_come_in_the_order_of_the_choice_and_an_unknown_one_ends_the_answer() {
        let result = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut received = QueryResult::default();
            let mut chosen = ChosenColumns::new(&mut received, &names);
            let columns = ["run", "auc", "run"].map(str::to_owned).into();
            if chosen.columns(columns).is_continue() {
                let row = vec![Value::Integer(7), Value::Null, Value::Integer(8)];
                assert!(chosen.row(row).is_continue());
            }
            let problem = chosen.problem().map(|problem| problem.to_string());
            (received, problem)
        };
        let (received, problem) = result(&["auc", " run"]);
        assert_eq!((received.columns, problem), (vec!["auc".to_owned(), "run".to_owned()], None));
        assert_eq!(received.rows, [[Value::Null, Value::Integer(7)]]);
        let (received, problem) = result(&["acu"]);
        assert_eq!(problem.unwrap(), "there is no column `acu`; the columns are run, auc, run");
        assert!(received.columns.is_empty());
        assert_eq!(result(&["auc", "auc"]).1.unwrap(), "the column `auc` is given twice; give it once");
    }
}
