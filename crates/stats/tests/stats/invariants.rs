//! What must hold for any predictions.

use proptest::prelude::*;
use ranklab_stats::{
    ClassificationReport, ConfusionMatrix, ReliabilityCurve, Summary, average_precision, brier_score,
    log_loss, precision_recall_curve, roc_auc, roc_curve, sensitivity_at_specificity,
    specificity_at_sensitivity, youden_threshold,
};

/// Labels and probabilities, the latter coarse enough to tie often.
fn predictions() -> impl Strategy<Value = (Vec<u8>, Vec<f64>)> {
    prop::collection::vec((0u8..=1, 0u8..=20), 1..80)
        .prop_map(|pairs| pairs.into_iter().map(|(label, step)| (label, f64::from(step) / 20.0)).unzip())
}

/// The area by its definition, over all pairs.
fn area_over_pairs(labels: &[u8], probabilities: &[f64]) -> f64 {
    let of = |class: u8| {
        labels.iter().zip(probabilities).filter(move |(label, _)| **label == class).map(|(_, p)| *p)
    };
    let wins: f64 = of(1)
        .flat_map(|positive| {
            of(0).map(move |negative| match positive.total_cmp(&negative) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
        })
        .sum();
    wins / (of(0).count() * of(1).count()) as f64
}

proptest! {
    #[test]
    fn every_image_is_counted_once((labels, probabilities) in predictions(), threshold in 0.0f64..=1.0) {
        let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, threshold).unwrap();
        prop_assert_eq!(matrix.total(), labels.len() as u64);
        prop_assert_eq!(matrix.positives(), labels.iter().filter(|label| **label == 1).count() as u64);
        let report = ClassificationReport::new(&matrix);
        prop_assert_eq!(report.negative.support + report.positive.support, matrix.total());
        prop_assert_eq!(report.weighted_average.support, matrix.total());
        // Recall weighted by support is accuracy.
        prop_assert!((report.weighted_average.recall - report.accuracy).abs() < 1e-12);
    }

    #[test]
    fn every_rate_lies_between_zero_and_one((labels, probabilities) in predictions()) {
        let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, 0.5).unwrap();
        let report = ClassificationReport::new(&matrix);
        for rows in [report.negative, report.positive, report.macro_average, report.weighted_average] {
            for rate in [rows.precision, rows.recall, rows.f1] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&rate));
            }
        }
        prop_assert!(log_loss(&labels, &probabilities).unwrap() >= 0.0);
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_the_right_order((labels, probabilities) in predictions()) {
        if let Some(area) = roc_auc(&labels, &probabilities).unwrap() {
            prop_assert!((area - area_over_pairs(&labels, &probabilities)).abs() < 1e-12);
        }
    }

    #[test]
    fn swapping_the_classes_mirrors_the_area((labels, probabilities) in predictions()) {
        let swapped: Vec<u8> = labels.iter().map(|label| 1 - label).collect();
        let area = roc_auc(&labels, &probabilities).unwrap();
        let mirrored = roc_auc(&swapped, &probabilities).unwrap();
        match (area, mirrored) {
            (Some(area), Some(mirrored)) => prop_assert!((area + mirrored - 1.0).abs() < 1e-12),
            pair => prop_assert_eq!(pair, (None, None)),
        }
    }

    #[test]
    fn stretching_the_probabilities_leaves_the_area((labels, probabilities) in predictions()) {
        let stretched: Vec<f64> = probabilities.iter().map(|p| p * p * 0.5 + 0.25).collect();
        prop_assert_eq!(roc_auc(&labels, &probabilities), roc_auc(&labels, &stretched));
    }

    #[test]
    fn the_trapezoids_below_the_roc_curve_make_up_the_area((labels, probabilities) in predictions()) {
        let area = roc_auc(&labels, &probabilities).unwrap();
        let points = roc_curve(&labels, &probabilities).unwrap();
        prop_assert_eq!(area.is_some(), points.is_some());
        if let (Some(area), Some(points)) = (area, points) {
            let trapezoid = |pair: &[ranklab_stats::RocPoint]| {
                let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
                width * (pair[0].sensitivity + pair[1].sensitivity) / 2.0
            };
            let below: f64 = points.windows(2).map(trapezoid).sum();
            prop_assert!((below - area).abs() < 1e-12);
            let last = points.last().unwrap();
            prop_assert_eq!((last.false_positive_rate, last.sensitivity), (1.0, 1.0));
        }
    }

    #[test]
    fn each_point_of_a_curve_is_what_its_threshold_gives((labels, probabilities) in predictions()) {
        for point in roc_curve(&labels, &probabilities).unwrap().unwrap_or_default() {
            let Some(threshold) = point.threshold else { continue };
            let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, threshold).unwrap();
            prop_assert_eq!(point.sensitivity, matrix.sensitivity());
            prop_assert!((point.false_positive_rate - (1.0 - matrix.specificity())).abs() < 1e-12);
        }
        for point in precision_recall_curve(&labels, &probabilities).unwrap().unwrap_or_default() {
            let Some(threshold) = point.threshold else { continue };
            let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, threshold).unwrap();
            prop_assert_eq!((point.precision, point.recall), (matrix.precision(), matrix.sensitivity()));
        }
    }

    #[test]
    fn a_chosen_threshold_gives_its_rates_and_none_that_occurs_gives_better(
        (labels, probabilities) in predictions(),
        rate in 0.0f64..=1.0,
    ) {
        let at = |threshold: f64| ConfusionMatrix::from_predictions(&labels, &probabilities, threshold).unwrap();
        let chosen = [
            youden_threshold(&labels, &probabilities),
            sensitivity_at_specificity(&labels, &probabilities, rate),
            specificity_at_sensitivity(&labels, &probabilities, rate),
        ];
        for point in chosen.iter().cloned().filter_map(Result::unwrap) {
            let matrix = at(point.threshold);
            let rates = (matrix.sensitivity(), matrix.specificity());
            prop_assert_eq!((point.sensitivity, point.specificity), rates);
        }
        let [youden, specific, sensitive] = chosen.map(Result::unwrap);
        for matrix in probabilities.iter().map(|threshold| at(*threshold)) {
            if let Some(point) = youden {
                prop_assert!(matrix.sensitivity() + matrix.specificity() - 1.0 <= point.youden() + 1e-12);
            }
            if let Some(point) = specific {
                prop_assert!(point.specificity >= rate);
                prop_assert!(matrix.specificity() < rate || matrix.sensitivity() <= point.sensitivity);
            }
            if let Some(point) = sensitive {
                prop_assert!(point.sensitivity >= rate);
                prop_assert!(matrix.sensitivity() < rate || matrix.specificity() <= point.specificity);
            }
        }
    }

    #[test]
    fn calibration_counts_every_image_and_its_error_is_at_most_one(
        (labels, probabilities) in predictions(),
        bins in 1usize..30,
    ) {
        let curve = ReliabilityCurve::new(&labels, &probabilities, bins).unwrap();
        prop_assert_eq!(curve.bins.iter().map(|bin| bin.count).sum::<u64>(), labels.len() as u64);
        for bin in &curve.bins {
            let within = bin.mean_predicted.is_none_or(|p| p >= bin.lower - 1e-9 && p <= bin.upper + 1e-9);
            prop_assert!(within, "{bin:?}");
        }
        prop_assert!((0.0..=1.0).contains(&curve.expected_calibration_error()));
        prop_assert!((0.0..=1.0).contains(&brier_score(&labels, &probabilities).unwrap()));
    }

    #[test]
    fn rates_of_counts_stay_in_range_and_mirror((labels, probabilities) in predictions()) {
        let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, 0.5).unwrap();
        let correlation = matrix.matthews_correlation();
        prop_assert!((-1.0..=1.0).contains(&correlation));
        prop_assert!((matrix.flipped().matthews_correlation() - correlation).abs() < 1e-12);
        prop_assert_eq!(matrix.flipped().balanced_accuracy(), matrix.balanced_accuracy());
        if let Some(precision) = average_precision(&labels, &probabilities).unwrap() {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&precision));
        }
    }

    #[test]
    fn order_of_images_does_not_matter((labels, probabilities) in predictions()) {
        let mut reversed = (labels.clone(), probabilities.clone());
        reversed.0.reverse();
        reversed.1.reverse();
        prop_assert_eq!(roc_auc(&labels, &probabilities), roc_auc(&reversed.0, &reversed.1));
        prop_assert_eq!(
            ConfusionMatrix::from_predictions(&labels, &probabilities, 0.5),
            ConfusionMatrix::from_predictions(&reversed.0, &reversed.1, 0.5)
        );
    }

    #[test]
    fn a_mean_lies_within_its_values_and_equal_values_have_no_spread(
        values in prop::collection::vec(-1e6f64..1e6, 2..20),
        value in -1e6f64..1e6,
    ) {
        let summary = Summary::new(&values).unwrap();
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(summary.mean >= lowest - 1e-6 && summary.mean <= highest + 1e-6);
        let equal = Summary::new(&[value; 5]).unwrap();
        prop_assert_eq!((equal.mean, equal.sd), (value, Some(0.0)));
    }
}
