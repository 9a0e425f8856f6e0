//! What must hold for any predictions.

use proptest::prelude::*;
use ranklab_stats::{ClassificationReport, ConfusionMatrix, Summary, log_loss, roc_auc};

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
        prop_assert_eq!(report.uninfected.support + report.parasitized.support, matrix.total());
        prop_assert_eq!(report.weighted_average.support, matrix.total());
        // Recall weighted by support is accuracy.
        prop_assert!((report.weighted_average.recall - report.accuracy).abs() < 1e-12);
    }

    #[test]
    fn every_rate_lies_between_zero_and_one((labels, probabilities) in predictions()) {
        let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, 0.5).unwrap();
        let report = ClassificationReport::new(&matrix);
        for rows in [report.uninfected, report.parasitized, report.macro_average, report.weighted_average] {
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
