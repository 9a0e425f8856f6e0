//! What the intervals of configurations stand on, and where they are too sure.

use ranklab_stats::Resampled;

use crate::analysis::{Configuration, Tested, spread};
use crate::options::Options;

use super::format::{confidence, count, thousands};

/// What the intervals stand on, in sentences; empty where there are none.
pub(crate) fn note(configurations: &[Configuration], options: &Options) -> String {
    let of: Vec<Resampled> =
        configurations.iter().filter_map(|one| Some(one.accuracy_interval?.resampled)).collect();
    let Some(drawn) = drawn(&of) else { return String::new() };
    let tested: Vec<&Tested> = configurations.iter().filter_map(Configuration::tested).collect();
    let mut note = format!(
        " Intervals of {} are percentiles of {} resamples of {drawn}.",
        confidence(options),
        thousands(i64::try_from(options.replicates).unwrap_or(i64::MAX))
    );
    if tested.iter().any(|tested| tested.folds > 1) {
        note += " The cells of all folds are pooled, each predicted by the run that did not train on it; the AUC that the interval \
                 belongs to ranks cells across folds, unlike the mean of the folds' own.";
    }
    let once = |tested: &&Tested| tested.seeds == 1;
    note += match (tested.iter().any(|tested| tested.seeds > 1), tested.iter().any(once)) {
        (true, false) => {
            " Seeds are averaged; their spread, by Student's t over so few seeds, is joined to that of patients (square root of \
             the sum of squares), so that the intervals speak of other seeds as well."
        }
        (true, true) => {
            " Where there are several seeds, their spread, by Student's t over so few, is joined to that of patients (square \
             root of the sum of squares); of configurations with one seed the intervals speak as they were trained here only."
        }
        (false, _) => " They speak of these trained networks on other patients, not of other seeds.",
    };
    let is_without_spread =
        |one: &Configuration| one.accuracy_interval.is_some() && spread(one.accuracy_interval).is_none();
    if configurations.iter().any(is_without_spread) {
        note += " Where all resamples are equal, as without any error, there is none: it would say that no other patient \
                 could differ.";
    }
    note + &few(&of)
}

/// `40 patients with all their cells`.
fn drawn(of: &[Resampled]) -> Option<String> {
    let mut kinds = Vec::new();
    let patients: Vec<usize> = counts(of, true);
    let cells: Vec<usize> = counts(of, false);
    if let Some(range) = range(&patients, "patient") {
        kinds.push(format!("{range} with all their cells"));
    }
    if let Some(range) = range(&cells, "cell") {
        kinds.push(format!("{range} one by one, as their patients are unknown or one alone"));
    }
    (!kinds.is_empty()).then(|| kinds.join(" and of "))
}

fn counts(of: &[Resampled], patients: bool) -> Vec<usize> {
    let of_kind = of.iter().filter(|one| matches!(one, Resampled::Patients(_)) == patients);
    of_kind.map(|one| one.count()).collect()
}

fn range(counts: &[usize], noun: &str) -> Option<String> {
    let (least, most) = (counts.iter().min()?, counts.iter().max()?);
    Some(if least == most { count(*most, noun) } else { format!("{least} to {}", count(*most, noun)) })
}

/// A warning where intervals and tests are known to be too sure of themselves.
pub(crate) fn few(of: &[Resampled]) -> String {
    if of.iter().any(|one| matches!(one, Resampled::Cells(_))) {
        " Cells of one patient are alike, so that figures that take cells one by one are likely too sure."
            .to_owned()
    } else if of.iter().any(|one| one.count() < 30) {
        " With fewer than 30 patients intervals are too narrow and p-values too small.".to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn of(data: &ReportData) -> String {
        note(&analyse(data).unwrap().configurations, &data.options)
    }

    #[test]
    fn the_note_says_what_was_resampled() {
        assert!(of(&fixture::ranks()).contains("2,000 resamples of 40 patients with all their cells."));
        assert!(of(&fixture::seeds()).contains("Seeds are averaged; their spread"));
        assert!(of(&fixture::folds()).contains("The cells of all folds are pooled"));
        assert!(!of(&fixture::ranks()).contains("folds"));
        let single = of(&fixture::hostile());
        assert!(
            single.contains("200 cells one by one, as their patients are unknown or one alone"),
            "{single}"
        );
        assert!(single.contains("likely too sure"));
    }

    #[test]
    fn a_missing_interval_is_explained() {
        let mut data = fixture::against_classical(0, 40);
        assert!(of(&data).contains("Where all resamples are equal"));
        data.runs.remove(0);
        assert!(!of(&data).contains("Where all resamples are equal"));
    }

    #[test]
    fn without_intervals_there_is_no_note() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        assert_eq!(of(&data), "");
    }
}
