//! Confidence intervals of each configuration's accuracy and area under the ROC curve.

use std::collections::BTreeMap;

use ranklab_stats::{
    Bootstrap, Draws, Layout, Resampling, Scores, Source, bootstrap_with, clustered_wilson_interval,
};
use rayon::prelude::*;

use crate::options::Options;

use super::cells::TestCells;
use super::configuration::Estimate;
use super::measured::Measured;

/// Seed of all resamples: the same rows give the same intervals.
pub(crate) const SEED: u64 = 0;

/// Adds the intervals to every configuration that has test cells.
pub(crate) fn add_intervals(measured: &mut [Measured<'_>], options: &Options) {
    let resampling = Resampling { replicates: options.replicates, seed: SEED, level: options.level() };
    // Configurations on as many patients share their draws.
    let mut draws: BTreeMap<usize, Option<Draws>> = BTreeMap::new();
    for cells in measured.iter().filter_map(|one| one.cells.as_ref()) {
        let units = cells.clusters.units();
        draws.entry(units).or_insert_with(|| Draws::new(units, &resampling).ok());
    }
    measured.par_iter_mut().for_each(|Measured { configuration, cells, .. }| {
        let Some(cells) = cells else { return };
        configuration.accuracy_interval = accuracy(cells, options.level());
        let Some(Some(draws)) = draws.get(&cells.clusters.units()) else { return };
        configuration.area_interval = area(cells, draws);
    });
}

/// Accuracy with Wilson's interval over patients, which holds the truth as often as it says also with few of them. With
/// several seeds what their luck adds beyond single patients joins it, by Student's t.
fn accuracy(cells: &TestCells, level: f64) -> Option<Estimate> {
    let estimate = cells.accuracy();
    let mut interval = clustered_wilson_interval(&cells.correctness, &cells.clusters, level).ok()?;
    let layout = Layout::new(cells.clusters.clone(), None).ok()?;
    if let Some(variance) = Scores::new(&layout, &cells.seed_scores()).ok()?.variance() {
        let shared = (variance.of_seeds.variance - variance.of_patients).max(0.0);
        let half = Source { variance: shared, ..variance.of_seeds }.half_width(level).ok()?;
        interval = interval.joined(estimate, half).within(0.0, 1.0);
    }
    Some(Estimate { estimate, interval, resampled: cells.clusters.resampled() })
}

/// The area with its interval over patients and seeds; `None` for too few cells to resample.
fn area(cells: &TestCells, draws: &Draws) -> Option<Bootstrap> {
    let found =
        bootstrap_with(draws, cells.area(), &cells.labels, &cells.lists(), &cells.clusters).ok().flatten()?;
    let mut found = found.over_runs(cells.areas.as_ref()?).ok()?;
    found.interval = found.interval.within(0.0, 1.0);
    Some(found)
}

#[cfg(test)]
mod tests {
    use ranklab_stats::Resampled;

    use crate::analysis::analyse;
    use crate::analysis::configuration::{Configuration, spread};
    use crate::data::ReportData;
    use crate::fixture;

    fn measured(data: &ReportData) -> Vec<Configuration> {
        analyse(data).unwrap().configurations
    }

    #[test]
    fn an_interval_holds_its_estimate_and_resamples_patients() {
        let found = measured(&fixture::ranks());
        for one in &found {
            let accuracy = one.accuracy_interval.unwrap();
            assert!(accuracy.interval.contains(accuracy.estimate));
            assert!(accuracy.interval.lower < accuracy.interval.upper);
            assert_eq!(accuracy.resampled, Resampled::Patients(40));
        }
        assert!((found[0].accuracy_interval.unwrap().estimate - 0.97).abs() < 1e-12);
    }

    #[test]
    fn seeds_that_differ_widen_an_interval_within_its_range() {
        let width = |data: &ReportData, place: usize| {
            let interval = measured(data)[place].accuracy_interval.unwrap().interval;
            interval.upper - interval.lower
        };
        let (alike, apart) = (
            fixture::large_seeds([40, 40, 40], [40, 40, 40]),
            fixture::large_seeds([40, 40, 40], [0, 20, 100]),
        );
        assert!((width(&alike, 0) - width(&alike, 1)).abs() < 1e-12);
        assert!(width(&apart, 1) > 3.0 * width(&alike, 1));
        assert_eq!(
            measured(&fixture::large_seeds([40, 40, 40], [0, 20, 2000]))[1]
                .accuracy_interval
                .unwrap()
                .interval
                .upper,
            1.0
        );
    }

    #[test]
    fn a_run_without_errors_has_an_interval_of_accuracy_and_none_of_the_area() {
        let data = fixture::against_classical(0, 40);
        let found = measured(&data);
        let accuracy = found[0].accuracy_interval.unwrap();
        assert!(accuracy.interval.lower < 0.995 && accuracy.interval.upper == 1.0, "{accuracy:?}");
        assert!(found[0].area_interval.is_some() && spread(found[0].area_interval).is_none());
        assert!(spread(found[1].area_interval).is_some());
    }

    #[test]
    fn without_probabilities_there_is_no_interval() {
        let mut data = fixture::ranks();
        data.runs[0].predictions[0].probability = f64::NAN;
        let found = measured(&data);
        assert!(
            found[0].tested.is_err()
                && found[0].accuracy_interval.is_none()
                && found[0].area_interval.is_none()
        );
        assert!(found[1].accuracy_interval.is_some());
    }
}
