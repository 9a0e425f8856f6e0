//! What a reader learns who points at a configuration or at one of its runs.

use crate::analysis::{Configuration, Run};
use crate::words::format::{confidence, percent};

use super::chart::Note;
use super::scope::ChartScope;

/// The value of a configuration at a place, with its interval or spread, and those of its runs where it has several.
/// `besides` is said of the configuration at the end.
pub(super) fn of_configuration(
    scope: &ChartScope<'_>,
    one: &Configuration,
    (x, y): (f64, f64),
    besides: &str,
) -> Vec<Note> {
    let mean = Note { text: format!("{}{besides}", value(scope, one)), ..Note::of_mean(x, y) };
    let runs = one.runs.iter().filter(|_| one.runs.len() > 1);
    let of_run = |id: &i64| {
        let run = scope.analysis.run(*id)?;
        let accuracy = run.row.result.as_ref()?.test_accuracy;
        let text = format!("{}: {} %", name(run), percent(accuracy));
        accuracy.is_finite().then_some(Note { x, y: accuracy, of_run: true, text })
    };
    std::iter::once(mean).chain(runs.filter_map(of_run)).collect()
}

/// A configuration's accuracy with its interval, or else its spread over repeats.
pub(super) fn value(scope: &ChartScope<'_>, one: &Configuration) -> String {
    let Some(accuracy) = one.measures.accuracy else { return one.name.clone() };
    let spread = match (one.accuracy_interval, accuracy.sd) {
        (Some(found), _) => format!(
            ", {} interval {} to {} %",
            confidence(&scope.analysis.options),
            percent(found.interval.lower),
            percent(found.interval.upper)
        ),
        (None, Some(sd)) => format!(", standard deviation {} points", percent(sd)),
        (None, None) => String::new(),
    };
    format!("{}: {} %{spread}", one.name, percent(accuracy.mean))
}

/// A run by its number, seed and fold: `run 7 (seed 1, fold 2)`.
pub(super) fn name(run: &Run) -> String {
    let start = &run.row.start;
    let fold = start.fold.map_or_else(String::new, |fold| format!(", fold {fold}"));
    format!("run {} (seed {}{fold})", run.row.id, start.seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn texts(data: &ReportData) -> Vec<String> {
        let analysis = analyse(data).unwrap();
        let scope = ChartScope::new(&analysis, &analysis.charted[0], None);
        let notes = of_configuration(&scope, scope.configurations[0], (1.0, 0.5), "; besides");
        notes.into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn a_configuration_is_named_with_its_interval_and_its_runs_with_their_seeds() {
        let seeds = texts(&fixture::seeds());
        assert!(
            seeds[0].starts_with("model_4: 96.00 %, 95 % interval ") && seeds[0].ends_with(" %; besides")
        );
        assert_eq!(
            seeds[1..],
            ["run 1 (seed 0): 97.00 %", "run 2 (seed 1): 96.00 %", "run 3 (seed 2): 95.00 %"]
        );
        assert!(texts(&fixture::folds())[2].starts_with("run 2 (seed 0, fold 1): "));
        assert_eq!(texts(&fixture::ranks()).len(), 1);
    }
}
