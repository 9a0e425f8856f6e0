//! Metrics, intervals of proportions and means, and distributions against scikit-learn, scipy and
//! statsmodels (tests/golden/statistics.py).

use ranklab_stats::{
    ClassificationReport, ConfusionMatrix, OperatingPoint, PrecisionRecallPoint, Reference, ReliabilityCurve,
    RocPoint, Summary, THRESHOLD, average_precision, brier_score, log_loss, precision_recall_curve, roc_auc,
    roc_curve, sensitivity_at_specificity, specificity_at_sensitivity, wilson_interval, youden_threshold,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    summary: GoldenSummary,
    references: Vec<GoldenReference>,
    wilson: Vec<(u64, u64, f64, f64, f64)>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    probabilities: Vec<f64>,
    confusion: ConfusionMatrix,
    report: ClassificationReport,
    auc: Option<f64>,
    log_loss: f64,
    /// scikit-learn's recall, averaged over both classes: its balanced accuracy leaves a class without images
    /// out, which here counts 0.
    balanced_accuracy: f64,
    matthews_correlation: f64,
    roc: Option<Vec<RocPoint>>,
    precision_recall: Vec<PrecisionRecallPoint>,
    average_precision: f64,
    brier: f64,
    reliability: Vec<GoldenReliability>,
    operating_points: Option<GoldenPoints>,
}

#[derive(Deserialize)]
struct GoldenReliability {
    bins: usize,
    counts: Vec<u64>,
    observed: Vec<f64>,
    predicted: Vec<f64>,
    error: f64,
}

#[derive(Deserialize)]
struct GoldenPoints {
    youden: OperatingPoint,
    rates: Vec<f64>,
    at_specificity: Vec<Option<OperatingPoint>>,
    at_sensitivity: Vec<Option<OperatingPoint>>,
}

#[derive(Deserialize)]
struct GoldenSummary {
    values: Vec<f64>,
    mean: f64,
    sd: f64,
    /// Level and bounds.
    intervals: Vec<(f64, f64, f64)>,
}

#[derive(Deserialize)]
struct GoldenReference {
    /// `None` for the normal distribution.
    degrees_of_freedom: Option<f64>,
    tails: Vec<(f64, f64)>,
    quantiles: Vec<(f64, f64)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/statistics.json")).unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

#[test]
fn confusion_matrices_are_scikit_learns() {
    for case in golden().cases {
        let matrix = ConfusionMatrix::from_predictions(&case.labels, &case.probabilities, THRESHOLD);
        assert_eq!(matrix, Ok(case.confusion), "{}", case.name);
    }
}

#[test]
fn classification_reports_are_scikit_learns() {
    for case in golden().cases {
        let found = ClassificationReport::new(&case.confusion);
        assert_close(found.accuracy, case.report.accuracy, &case.name);
        for (found, expected) in [
            (found.negative, case.report.negative),
            (found.positive, case.report.positive),
            (found.macro_average, case.report.macro_average),
            (found.weighted_average, case.report.weighted_average),
        ] {
            assert_close(found.precision, expected.precision, &case.name);
            assert_close(found.recall, expected.recall, &case.name);
            assert_close(found.f1, expected.f1, &case.name);
            assert_eq!(found.support, expected.support, "{}", case.name);
        }
    }
}

#[test]
fn areas_and_losses_are_scikit_learns() {
    for case in golden().cases {
        match (roc_auc(&case.labels, &case.probabilities).unwrap(), case.auc) {
            (Some(found), Some(expected)) => assert_close(found, expected, &case.name),
            (found, expected) => assert_eq!(found, expected, "{}", case.name),
        }
        assert_close(log_loss(&case.labels, &case.probabilities).unwrap(), case.log_loss, &case.name);
    }
}

#[test]
fn means_and_spreads_are_numpys() {
    let golden = golden().summary;
    let summary = Summary::new(&golden.values).unwrap();
    assert_eq!(summary.n, golden.values.len());
    assert_close(summary.mean, golden.mean, "mean");
    assert_close(summary.sd.unwrap(), golden.sd, "sd");
    for (level, lower, upper) in golden.intervals {
        let interval = summary.interval(level).unwrap().unwrap();
        assert_close(interval.lower, lower, "lower bound");
        assert_close(interval.upper, upper, "upper bound");
        assert_eq!(interval.level, level);
    }
}

#[test]
fn balanced_accuracy_and_matthews_correlation_are_scikit_learns() {
    for case in golden().cases {
        assert_close(case.confusion.balanced_accuracy(), case.balanced_accuracy, &case.name);
        assert_close(case.confusion.matthews_correlation(), case.matthews_correlation, &case.name);
    }
}

#[test]
fn curves_are_scikit_learns_with_every_threshold() {
    for case in golden().cases {
        let (labels, probabilities) = (&case.labels, &case.probabilities);
        let roc = roc_curve(labels, probabilities).unwrap();
        assert_eq!(roc.is_some(), case.roc.is_some(), "{}", case.name);
        let (roc, expected) = (roc.unwrap_or_default(), case.roc.unwrap_or_default());
        assert_eq!(roc.len(), expected.len(), "{}", case.name);
        for (found, expected) in roc.iter().zip(expected) {
            assert_eq!(found.threshold, expected.threshold, "{}", case.name);
            assert_close(found.false_positive_rate, expected.false_positive_rate, &case.name);
            assert_close(found.sensitivity, expected.sensitivity, &case.name);
        }
        let points = precision_recall_curve(labels, probabilities).unwrap().unwrap();
        assert_eq!(points.len(), case.precision_recall.len(), "{}", case.name);
        for (found, expected) in points.iter().zip(case.precision_recall) {
            assert_eq!(found.threshold, expected.threshold, "{}", case.name);
            assert_close(found.precision, expected.precision, &case.name);
            assert_close(found.recall, expected.recall, &case.name);
        }
        let area = average_precision(labels, probabilities).unwrap().unwrap();
        assert_close(area, case.average_precision, &case.name);
    }
}

#[test]
fn calibration_is_scikit_learns() {
    for case in golden().cases {
        assert_close(brier_score(&case.labels, &case.probabilities).unwrap(), case.brier, &case.name);
        for expected in case.reliability {
            let curve = ReliabilityCurve::new(&case.labels, &case.probabilities, expected.bins).unwrap();
            let counts: Vec<u64> = curve.bins.iter().map(|bin| bin.count).collect();
            assert_eq!(counts, expected.counts, "{}", case.name);
            let observed: Vec<f64> = curve.bins.iter().filter_map(|bin| bin.observed).collect();
            assert_eq!(observed.len(), expected.observed.len(), "{}", case.name);
            for (found, expected) in observed.iter().zip(&expected.observed) {
                assert_close(*found, *expected, &case.name);
            }
            let predicted: Vec<f64> = curve.bins.iter().filter_map(|bin| bin.mean_predicted).collect();
            assert_eq!(predicted.len(), expected.predicted.len(), "{}", case.name);
            for (found, expected) in predicted.iter().zip(&expected.predicted) {
                assert_close(*found, *expected, &case.name);
            }
            assert_close(curve.expected_calibration_error(), expected.error, &case.name);
        }
    }
}

#[test]
fn chosen_thresholds_are_the_best_of_all_tried_one_by_one() {
    for case in golden().cases {
        let (labels, probabilities) = (&case.labels, &case.probabilities);
        let Some(expected) = case.operating_points else {
            assert_eq!(youden_threshold(labels, probabilities), Ok(None), "{}", case.name);
            continue;
        };
        assert_same_point(youden_threshold(labels, probabilities), Some(expected.youden), &case.name);
        for (place, rate) in expected.rates.into_iter().enumerate() {
            let what = format!("{} at {rate}", case.name);
            let found = sensitivity_at_specificity(labels, probabilities, rate);
            assert_same_point(found, expected.at_specificity[place], &what);
            let found = specificity_at_sensitivity(labels, probabilities, rate);
            assert_same_point(found, expected.at_sensitivity[place], &what);
        }
    }
}

#[track_caller]
fn assert_same_point(
    found: ranklab_stats::Result<Option<OperatingPoint>>,
    expected: Option<OperatingPoint>,
    what: &str,
) {
    let found = found.unwrap();
    assert_eq!(found.map(|point| point.threshold), expected.map(|point| point.threshold), "{what}");
    if let (Some(found), Some(expected)) = (found, expected) {
        assert_close(found.sensitivity, expected.sensitivity, what);
        assert_close(found.specificity, expected.specificity, what);
    }
}

#[test]
fn wilson_intervals_are_statsmodels() {
    for (successes, total, level, lower, upper) in golden().wilson {
        let found = wilson_interval(successes, total, level).unwrap();
        let what = format!("{successes} of {total}");
        assert_close(found.lower, lower, &what);
        assert_close(found.upper, upper, &what);
    }
}

#[test]
fn distributions_are_scipys() {
    for expected in golden().references {
        let reference = match expected.degrees_of_freedom {
            None => Reference::Normal,
            Some(degrees_of_freedom) => Reference::StudentT { degrees_of_freedom },
        };
        for (statistic, tail) in expected.tails {
            let found = reference.upper_tail(statistic).unwrap();
            // Relative, so that small p-values are right as well.
            assert!((found / tail - 1.0).abs() < 1e-9, "{reference:?} at {statistic}: {found}, not {tail}");
        }
        for (probability, quantile) in expected.quantiles {
            let found = reference.quantile(probability).unwrap();
            let close = (found - quantile).abs() < 1e-9 * quantile.abs().max(1.0);
            assert!(close, "{reference:?} at {probability}: {found}, not {quantile}");
        }
    }
}
