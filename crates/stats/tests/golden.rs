//! Metrics against scikit-learn's values (tests/golden/statistics.py).

#![allow(clippy::unwrap_used)]

use ranklab_stats::{ClassificationReport, ConfusionMatrix, Summary, THRESHOLD, log_loss, roc_auc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    summary: GoldenSummary,
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
}

#[derive(Deserialize)]
struct GoldenSummary {
    values: Vec<f64>,
    mean: f64,
    sd: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/statistics.json")).unwrap()
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
            (found.uninfected, case.report.uninfected),
            (found.parasitized, case.report.parasitized),
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
}
