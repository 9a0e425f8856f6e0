//! What must hold for the intervals and tests of any runs; configurations of several seeds are in
//! `invariants_family.rs`.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ranklab_stats::{
    Bootstrap, Clusters, CountMetric, Equivalence, McNemar, Metric, NonInferiority, Reference, Resampled,
    Resampling, bootstrap, delong_area, delong_comparison, holm, paired_bootstrap, roc_auc, roc_auc_within,
    wilson_interval,
};

const FEW: Resampling = Resampling { replicates: 50, seed: 7, level: 0.9 };

/// Labels, probabilities of two runs that tie often, and patients.
#[derive(Clone, Debug)]
struct Cells {
    labels: Vec<u8>,
    first: Vec<f64>,
    second: Vec<f64>,
    patients: Vec<u8>,
}

fn cells() -> impl Strategy<Value = Cells> {
    let step = || (0u8..=20).prop_map(|step| f64::from(step) / 20.0);
    prop::collection::vec((0u8..=1, step(), step(), 0u8..8), 12..60).prop_map(|rows| Cells {
        labels: rows.iter().map(|row| row.0).collect(),
        first: rows.iter().map(|row| row.1).collect(),
        second: rows.iter().map(|row| row.2).collect(),
        patients: rows.iter().map(|row| row.3).collect(),
    })
}

impl Cells {
    fn clusters(&self) -> Clusters {
        Clusters::by_patient(&self.patients)
    }

    /// The same cells from the last to the first.
    fn reversed(&self) -> Self {
        let mut reversed = self.clone();
        reversed.labels.reverse();
        reversed.first.reverse();
        reversed.second.reverse();
        reversed.patients.reverse();
        reversed
    }

    fn bootstrap(&self, metric: Metric<'_>, resampling: &Resampling) -> Option<Bootstrap> {
        bootstrap(metric, &self.labels, &[&self.first], &self.clusters(), resampling).ok().flatten()
    }
}

proptest! {
    #[test]
    fn wilsons_interval_holds_the_proportion_and_narrows_with_trials(
        successes in 0u64..200,
        failures in 0u64..200,
        level in 0.5f64..0.999,
    ) {
        prop_assume!(successes + failures > 0);
        let total = successes + failures;
        let interval = wilson_interval(successes, total, level).unwrap();
        prop_assert!(interval.contains(successes as f64 / total as f64));
        prop_assert!(0.0 <= interval.lower && interval.upper <= 1.0 && interval.lower < interval.upper);
        let more = wilson_interval(4 * successes, 4 * total, level).unwrap();
        prop_assert!(more.upper - more.lower < interval.upper - interval.lower);
        let mirrored = wilson_interval(failures, total, level).unwrap();
        prop_assert!((mirrored.lower + interval.upper - 1.0).abs() < 1e-12);
    }

    #[test]
    fn holm_only_raises_keeps_the_order_and_does_not_depend_on_it(
        rows in prop::collection::vec((0.0f64..=1.0, any::<u32>()), 1..12),
    ) {
        let raw: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let adjusted = holm(&raw).unwrap();
        for (place, p) in raw.iter().enumerate() {
            prop_assert!(adjusted[place] >= *p && adjusted[place] <= 1.0);
            prop_assert!(adjusted[place] <= (*p * raw.len() as f64).min(1.0));
            for (other, q) in raw.iter().enumerate() {
                prop_assert!(p > q || adjusted[place] <= adjusted[other]);
            }
        }
        let mut shuffled: Vec<usize> = (0..raw.len()).collect();
        shuffled.sort_by_key(|place| rows[*place].1);
        let again = holm(&shuffled.iter().map(|place| raw[*place]).collect::<Vec<_>>()).unwrap();
        for (place, adjusted_again) in shuffled.into_iter().zip(again) {
            prop_assert_eq!(adjusted[place], adjusted_again);
        }
    }

    #[test]
    fn mcnemar_does_not_care_which_run_is_first(first in 0u64..300, second in 0u64..300) {
        let (one, other) = (McNemar::new(first, second), McNemar::new(second, first));
        prop_assert_eq!(one.p, other.p);
        prop_assert!((0.0..=1.0).contains(&one.p));
        // The more uneven, the less likely.
        let fewer = first.min(second);
        prop_assume!(fewer > 0);
        prop_assert!(McNemar::new(fewer - 1, first.max(second) + 1).p <= one.p + 1e-12);
    }

    #[test]
    fn delong_has_the_area_and_swapping_the_runs_flips_the_signs(cells in cells()) {
        let Cells { labels, first, second, .. } = &cells;
        if let Some(found) = delong_area(labels, first, 0.95).unwrap() {
            prop_assert!((found.area - roc_auc(labels, first).unwrap().unwrap()).abs() < 1e-12);
            prop_assert!(found.interval.contains(found.area.clamp(0.0, 1.0)));
        }
        let one = delong_comparison(labels, first, second, 0.95).unwrap();
        let other = delong_comparison(labels, second, first, 0.95).unwrap();
        if let (Some(one), Some(other)) = (one, other) {
            prop_assert!((one.difference + other.difference).abs() < 1e-12);
            prop_assert!((one.interval.lower + other.interval.upper).abs() < 1e-12);
            prop_assert!((one.covariance - other.covariance).abs() < 1e-12);
            prop_assert_eq!(one.p.is_some(), other.p.is_some());
            prop_assert!((one.p.unwrap_or(0.0) - other.p.unwrap_or(0.0)).abs() < 1e-9);
            let variance = one.first_variance + one.second_variance - 2.0 * one.covariance;
            prop_assert!((one.standard_error.powi(2) - variance).abs() < 1e-12);
        }
    }

    #[test]
    fn a_bootstrap_is_its_seeds_and_does_not_depend_on_the_order_of_cells(cells in cells()) {
        let distinct = Clusters::by_patient(&cells.patients);
        prop_assume!(matches!(distinct.resampled(), Resampled::Patients(_)));
        for metric in [Metric::counts(CountMetric::Accuracy), Metric::Area] {
            let found = cells.bootstrap(metric, &FEW);
            prop_assert_eq!(found, cells.bootstrap(metric, &FEW));
            prop_assert_eq!(found, cells.reversed().bootstrap(metric, &FEW));
            if let Some(found) = found {
                prop_assert!(found.interval.lower <= found.interval.upper);
                prop_assert_eq!(found.replicates, FEW.replicates);
            }
        }
    }

    #[test]
    fn the_fast_paths_are_what_the_metric_of_the_drawn_cells_would_be(cells in cells()) {
        let area = |labels: &[u8], probabilities: &[f64]| roc_auc(labels, probabilities).unwrap();
        let slow = cells.bootstrap(Metric::Custom(&area), &FEW);
        let fast = cells.bootstrap(Metric::Area, &FEW);
        prop_assert_eq!(fast, slow);
        prop_assert_eq!(fast.map(|found| found.estimate), area(&cells.labels, &cells.first));
        for metric in [
            CountMetric::Accuracy,
            CountMetric::Sensitivity,
            CountMetric::Specificity,
            CountMetric::BalancedAccuracy,
            CountMetric::F1,
            CountMetric::MatthewsCorrelation,
        ] {
            let counted = |labels: &[u8], probabilities: &[f64]| {
                metric.of(&ranklab_stats::ConfusionMatrix::from_predictions(labels, probabilities, 0.5).unwrap())
            };
            let slow = cells.bootstrap(Metric::Custom(&counted), &FEW);
            prop_assert_eq!(cells.bootstrap(Metric::counts(metric), &FEW), slow);
        }
    }

    #[test]
    fn areas_within_folds_are_the_mean_of_the_folds_areas(cells in cells(), folds in 1u32..4) {
        let Cells { labels, first, patients, .. } = &cells;
        let fold_of_cell: Vec<u32> = patients.iter().map(|patient| u32::from(*patient) % folds).collect();
        let within = roc_auc_within(labels, first, &fold_of_cell).unwrap();
        if folds == 1 {
            prop_assert_eq!(within, roc_auc(labels, first).unwrap());
        }
        let of_fold = |fold: u32| {
            let there = || fold_of_cell.iter().enumerate().filter(move |(_, of)| **of == fold);
            let (labels, first): (Vec<u8>, Vec<f64>) =
                there().map(|(cell, _)| (labels[cell], first[cell])).unzip();
            (!labels.is_empty()).then(|| roc_auc(&labels, &first).unwrap())
        };
        let areas: Option<Vec<f64>> = (0..folds).filter_map(of_fold).collect();
        let mean = areas.map(|areas| areas.iter().sum::<f64>() / areas.len() as f64);
        prop_assert_eq!(within.is_some(), mean.is_some());
        let (Some(within), Some(mean)) = (within, mean) else { return Ok(()) };
        prop_assert!((within - mean).abs() < 1e-12);
        let of_folds = Clusters::by_patient(&fold_of_cell);
        if let Resampled::Cells(_) = of_folds.resampled() {
            // A single fold.
            prop_assert_eq!(
                cells.bootstrap(Metric::AreaWithin(std::slice::from_ref(&of_folds)), &FEW),
                cells.bootstrap(Metric::Area, &FEW)
            );
            return Ok(());
        }
        let Some(found) = cells.bootstrap(Metric::AreaWithin(std::slice::from_ref(&of_folds)), &FEW) else { return Ok(()) };
        prop_assert!((found.estimate - mean).abs() < 1e-12);
        // For a function of drawn cells the whole part of four times a probability tells the fold.
        let coded: Vec<f64> =
            first.iter().zip(&fold_of_cell).map(|(p, fold)| (f64::from(*fold) + 0.9 * p) / 4.0).collect();
        let of_drawn = |labels: &[u8], coded: &[f64]| {
            let folds: Vec<u32> = coded.iter().map(|p| (4.0 * p) as u32).collect();
            let all_folds = folds.iter().collect::<BTreeSet<_>>().len() == of_folds.units();
            let inside: Vec<f64> = coded.iter().map(|p| (4.0 * p).fract()).collect();
            roc_auc_within(labels, &inside, &folds).unwrap().filter(|_| all_folds)
        };
        let slow = bootstrap(Metric::Custom(&of_drawn), labels, &[&coded], &cells.clusters(), &FEW);
        let slow = slow.unwrap().unwrap();
        prop_assert_eq!(found.redrawn, slow.redrawn);
        prop_assert!((found.interval.lower - slow.interval.lower).abs() < 1e-12);
        prop_assert!((found.interval.upper - slow.interval.upper).abs() < 1e-12);
    }

    #[test]
    fn swapping_the_runs_flips_a_paired_bootstrap(cells in cells()) {
        let Cells { labels, first, second, .. } = &cells;
        let clusters = cells.clusters();
        let (first, second): ([&[f64]; 1], [&[f64]; 2]) = ([first], [second, first]);
        for metric in [Metric::counts(CountMetric::BalancedAccuracy), Metric::Area] {
            let one = paired_bootstrap(metric, labels, &first, &second, &clusters, &FEW);
            let other = paired_bootstrap(metric, labels, &second, &first, &clusters, &FEW);
            if let (Ok(Some(one)), Ok(Some(other))) = (one, other) {
                prop_assert_eq!(one.difference.estimate, -other.difference.estimate);
                prop_assert!((one.difference.interval.lower + other.difference.interval.upper).abs() < 1e-12);
                prop_assert_eq!(one.p, other.p);
                prop_assert!(one.p > 0.0 && one.p <= 1.0);
            }
        }
    }

    #[test]
    fn one_sided_tests_say_what_their_intervals_say(
        difference in -0.1f64..0.1,
        standard_error in 0.001f64..0.05,
        margin in 0.001f64..0.1,
        alpha in 0.001f64..0.2,
        degrees_of_freedom in 1u8..100,
    ) {
        let student = Reference::StudentT { degrees_of_freedom: f64::from(degrees_of_freedom) };
        for reference in [Reference::Normal, student] {
            let same = Equivalence::new(difference, standard_error, reference, margin, alpha).unwrap();
            let from_edge = (margin - same.interval.upper).min(margin + same.interval.lower).abs();
            // At the very edge rounding decides.
            if from_edge > 1e-9 {
                prop_assert_eq!(same.equivalent, same.interval.is_within_margin(margin));
            }
            let loss = NonInferiority::new(difference, standard_error, reference, margin, alpha).unwrap();
            if (loss.upper_bound - margin).abs() > 1e-9 {
                prop_assert_eq!(loss.noninferior, loss.upper_bound < margin);
            }
            prop_assert_eq!(loss.p, same.upper_p);
            prop_assert!(!same.equivalent || loss.noninferior);
        }
    }
}

/// Two patients have four equally likely resamples: both twice, and each of them with the other.
#[test]
fn a_bootstrap_of_two_patients_is_what_all_four_resamples_make_it() {
    // a: 2 of 2 cells right; b: 2 of 4.
    let labels = [1, 0, 1, 1, 0, 0];
    let run = [0.9, 0.1, 0.9, 0.1, 0.1, 0.9];
    let clusters = Clusters::by_patient(&["a", "a", "b", "b", "b", "b"]);
    let of = |level: f64| {
        let resampling = Resampling { replicates: 4000, seed: 1, level };
        let accuracy = Metric::counts(CountMetric::Accuracy);
        bootstrap(accuracy, &labels, &[&run], &clusters, &resampling).unwrap().unwrap()
    };
    // 1/2 and 1 with a chance of a quarter each, 2/3 with one half.
    let found = of(0.95);
    assert_eq!((found.estimate, found.interval.lower, found.interval.upper), (4.0 / 6.0, 0.5, 1.0));
    let found = of(0.4);
    assert_eq!((found.interval.lower, found.interval.upper), (4.0 / 6.0, 4.0 / 6.0));
    assert!((found.standard_error - 0.181_6).abs() < 0.005, "{found:?}");
}

/// Of the 27 resamples of three patients, all from the first or all from the second have one class.
#[test]
fn resamples_of_one_class_are_redrawn_and_counted() {
    let labels = [1, 1, 0, 0, 1, 0];
    let run = [0.9, 0.4, 0.5, 0.1, 0.3, 0.6];
    let clusters = Clusters::by_patient(&["p", "p", "q", "q", "r", "r"]);
    let resampling = Resampling { replicates: 5000, ..Resampling::default() };
    let found = bootstrap(Metric::Area, &labels, &[&run], &clusters, &resampling).unwrap().unwrap();
    assert_eq!(found.replicates, 5000);
    // 2 of 27 for each that is kept of 25: 400 expected, standard deviation 21.
    assert!((300..500).contains(&found.redrawn), "{found:?}");
}

#[test]
fn single_patients_and_none_are_resampled_by_cell_and_say_so() {
    let (labels, run) = ([1, 0, 1, 0], [0.9, 0.6, 0.7, 0.1]);
    let accuracy = Metric::counts(CountMetric::Accuracy);
    for clusters in [Clusters::by_patient(&["a"; 4]), Clusters::by_cell(4)] {
        let found = bootstrap(accuracy, &labels, &[&run], &clusters, &Resampling::default()).unwrap();
        assert_eq!(found.unwrap().resampled, Resampled::Cells(4));
    }
    let none = bootstrap(accuracy, &labels, &[], &Clusters::by_cell(4), &Resampling::default());
    assert_eq!(none, Err(ranklab_stats::Error::Empty));
    let one_class = bootstrap(Metric::Area, &[1; 4], &[&run], &Clusters::by_cell(4), &Resampling::default());
    assert_eq!(one_class, Ok(None));
}

/// The average of runs is what is resampled, not their union.
#[test]
fn several_runs_have_the_mean_of_their_metrics() {
    let labels = [1, 0, 1, 0, 1, 0];
    let (one, other) = ([0.9, 0.6, 0.7, 0.1, 0.2, 0.3], [0.4, 0.6, 0.7, 0.1, 0.8, 0.9]);
    let clusters = Clusters::by_patient(&[0, 0, 1, 1, 2, 2]);
    let both = bootstrap(Metric::Area, &labels, &[&one, &other], &clusters, &FEW).unwrap().unwrap();
    let mean = (roc_auc(&labels, &one).unwrap().unwrap() + roc_auc(&labels, &other).unwrap().unwrap()) / 2.0;
    assert!((both.estimate - mean).abs() < 1e-15);
    let twice = bootstrap(Metric::Area, &labels, &[&one, &one], &clusters, &FEW);
    assert_eq!(twice, bootstrap(Metric::Area, &labels, &[&one], &clusters, &FEW));
}
