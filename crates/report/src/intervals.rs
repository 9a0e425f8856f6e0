//! Confidence intervals of each configuration's accuracy and area under the ROC curve.

use std::collections::BTreeMap;
use std::sync::Arc;

use ranklab_stats::{
    Bootstrap, CountMetric, Draws, Interval, Metric, Resampled, Resampling, bootstrap_with, roc_auc,
};
use rayon::prelude::*;

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::data::ReportData;
use crate::format::count;
use crate::options::Options;

/// Seed of all resamples: the same rows give the same intervals.
pub(crate) const SEED: u64 = 0;

/// A configuration's cells and the intervals that they give.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The cells, or why there are none, as the end of a sentence.
    pub(crate) cells: Result<Arc<TestCells>, &'static str>,
    /// Accuracy on all cells, averaged over seeds.
    pub(crate) accuracy: Option<Bootstrap>,
    /// Area under the ROC curve of all cells, averaged over seeds.
    pub(crate) area: Option<Bootstrap>,
}

impl Measured {
    /// The cells, where there are any.
    pub(crate) fn cells(&self) -> Option<&TestCells> {
        self.cells.as_deref().ok()
    }
}

/// Measures every group, in their order.
pub(crate) fn measure(data: &ReportData, groups: &[Group]) -> Vec<Measured> {
    let resampling =
        Resampling { replicates: data.options.replicates, seed: SEED, level: data.options.level() };
    let gathered: Vec<_> = groups.par_iter().map(|group| TestCells::gather(data, group)).collect();
    // Configurations on as many patients share their draws.
    let mut draws: BTreeMap<usize, Option<Draws>> = BTreeMap::new();
    for cells in gathered.iter().flatten() {
        let units = cells.clusters.units();
        draws.entry(units).or_insert_with(|| Draws::new(units, &resampling).ok());
    }
    let measure = |cells: Result<TestCells, &'static str>| {
        let of = |metric: Metric<'_>, of_runs: &dyn Fn(&TestCells) -> Option<Vec<f64>>| {
            let cells = cells.as_ref().ok()?;
            let draws = draws.get(&cells.clusters.units())?.as_ref()?;
            // Too few cells to resample have no interval.
            let found = bootstrap_with(draws, metric, &cells.labels, &cells.lists(), &cells.clusters)
                .ok()
                .flatten()?;
            let mut found = found.over_runs(&of_runs(cells)?).ok()?;
            let interval = &mut found.interval;
            (interval.lower, interval.upper) = (interval.lower.max(0.0), interval.upper.min(1.0));
            Some(found)
        };
        let accuracy = of(Metric::counts(CountMetric::Accuracy), &|cells| Some(cells.accuracies.clone()));
        let area = of(Metric::Area, &|cells| {
            let areas = cells.lists().into_iter().map(|run| roc_auc(&cells.labels, run).ok().flatten());
            Some(cells.by_seed(&areas.collect::<Option<Vec<f64>>>()?))
        });
        Measured { cells: cells.map(Arc::new), accuracy, area }
    };
    gathered.into_par_iter().map(measure).collect()
}

/// The interval, unless all resamples are equal: a sample without spread says nothing of others.
pub(crate) fn spread(found: Option<Bootstrap>) -> Option<Interval> {
    found.map(|found| found.interval).filter(|interval| interval.lower < interval.upper)
}

/// What the intervals stand on, in sentences; empty where there are none.
pub(crate) fn note(measured: &[Measured], options: &Options) -> String {
    let of: Vec<Resampled> =
        measured.iter().filter_map(|one| one.accuracy.map(|accuracy| accuracy.resampled)).collect();
    let Some(drawn) = drawn(&of) else { return String::new() };
    let cells: Vec<&TestCells> = measured.iter().filter_map(Measured::cells).collect();
    let mut note = format!(
        " Intervals of {} are percentiles of {} resamples of {drawn}.",
        options.confidence(),
        crate::format::thousands(i64::try_from(options.replicates).unwrap_or(i64::MAX))
    );
    if cells.iter().any(|cells| cells.folds > 1) {
        note += " The cells of all folds are pooled, each predicted by the run that did not train on it; the AUC that the interval \
                 belongs to ranks cells across folds, unlike the mean of the folds' own.";
    }
    let once = |cells: &&TestCells| cells.seeds() == 1;
    note += match (cells.iter().any(|cells| cells.seeds() > 1), cells.iter().any(once)) {
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
    if measured.iter().any(|one| one.accuracy.is_some() && spread(one.accuracy).is_none()) {
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
    use crate::comparison::compare;
    use crate::fixture;

    fn measured(data: &ReportData) -> Vec<Measured> {
        measure(data, &compare(data).unwrap())
    }

    #[test]
    fn an_interval_holds_its_estimate_and_resamples_patients() {
        let found = measured(&fixture::ranks());
        for one in &found {
            let accuracy = one.accuracy.unwrap();
            assert!(accuracy.interval.contains(accuracy.estimate));
            assert!(accuracy.interval.lower < accuracy.interval.upper);
            assert_eq!(accuracy.resampled, Resampled::Patients(40));
        }
        assert!((found[0].accuracy.unwrap().estimate - 0.97).abs() < 1e-12);
    }

    #[test]
    fn seeds_that_differ_widen_an_interval_within_its_range() {
        let width = |data: &ReportData, place: usize| {
            let interval = measured(data)[place].accuracy.unwrap().interval;
            interval.upper - interval.lower
        };
        let (alike, apart) = (
            fixture::large_seeds([40, 40, 40], [40, 40, 40]),
            fixture::large_seeds([40, 40, 40], [0, 20, 100]),
        );
        assert!((width(&alike, 0) - width(&alike, 1)).abs() < 1e-12);
        assert!(width(&apart, 1) > 3.0 * width(&alike, 1));
        assert_eq!(
            measured(&fixture::large_seeds([40, 40, 40], [0, 20, 2000]))[1].accuracy.unwrap().interval.upper,
            1.0
        );
    }

    #[test]
    fn the_note_says_what_was_resampled() {
        let options = Options::default();
        let of = |data: &ReportData| note(&measured(data), &options);
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
    fn a_run_without_errors_has_no_interval_rather_than_one_without_width() {
        let mut data = fixture::against_classical(0, 40);
        let found = measured(&data);
        assert!(found[0].accuracy.is_some() && spread(found[0].accuracy).is_none());
        assert!(spread(found[1].accuracy).is_some());
        assert!(note(&found, &data.options).contains("Where all resamples are equal"));
        data.runs.remove(0);
        assert!(!note(&measured(&data), &data.options).contains("Where all resamples are equal"));
    }

    #[test]
    fn without_probabilities_there_is_no_interval() {
        let mut data = fixture::ranks();
        data.runs[0].predictions[0].probability = f64::NAN;
        let found = measured(&data);
        assert!(found[0].cells.is_err() && found[0].accuracy.is_none() && found[0].area.is_none());
        assert!(found[1].accuracy.is_some());
        for run in &mut data.runs {
            run.predictions.clear();
        }
        assert_eq!(note(&measured(&data), &Options::default()), "");
    }
}
