//! Calls of patients, predictive values, recalibration and decision curves against statsmodels and scikit-learn
//! (tests/golden/clinical.py).

use ranklab_stats::{
    CalledPatient, Clusters, Coefficient, DecisionCurve, EstimatedRate, Interval, PatientCells, PatientRate,
    PatientRule, RuleKind, THRESHOLD, decision_curve, patient_cells, patient_rates, predictive_values,
    ratio_interval, recalibration, wilson_interval, youden_rule,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    ratios: Vec<GoldenRatio>,
    predictive: Vec<GoldenPredictive>,
}

#[derive(Deserialize)]
struct Case {
    patients: Vec<u32>,
    labels: Vec<u8>,
    runs: Vec<Vec<f64>>,
    recalibration: GoldenRecalibration,
    /// Prevalence and curve.
    decision_curves: Vec<(Option<f64>, DecisionCurve)>,
    patient_calls: GoldenCalls,
}

#[derive(Deserialize)]
struct GoldenRecalibration {
    intercept: Coefficient,
    slope: Coefficient,
}

#[derive(Deserialize)]
struct GoldenCalls {
    counts: GoldenRule,
    shares: GoldenRule,
    any_sensitivity: PatientRate,
    any_specificity: PatientRate,
}

#[derive(Deserialize)]
struct GoldenRule {
    least: f64,
    sensitivity: f64,
    specificity: f64,
}

#[derive(Deserialize)]
struct GoldenRatio {
    rates: [f64; 2],
    bounds: [[f64; 2]; 2],
    lower: f64,
    upper: f64,
}

#[derive(Deserialize)]
struct GoldenPredictive {
    counts: [u64; 4],
    prevalence: f64,
    positive: EstimatedRate,
    negative: EstimatedRate,
}

const LEVEL: f64 = 0.95;

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/clinical.json")).unwrap()
}

impl Case {
    fn clusters(&self) -> Clusters {
        Clusters::by_patient(&self.patients)
    }

    fn lists(&self) -> Vec<&[f64]> {
        self.runs.iter().map(Vec::as_slice).collect()
    }

    fn patients_of(&self, run: &[f64]) -> Vec<PatientCells> {
        patient_cells(&self.labels, run, THRESHOLD, &self.clusters()).unwrap()
    }
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

#[track_caller]
fn assert_interval(found: Interval, expected: Interval, what: &str) {
    assert_close(found.lower, expected.lower, what);
    assert_close(found.upper, expected.upper, what);
}

#[test]
fn calibration_intercept_and_slope_are_those_of_statsmodels() {
    for case in golden().cases {
        let found = recalibration(&case.labels, &case.lists(), &case.clusters(), LEVEL).unwrap();
        let expected = &case.recalibration;
        for (found, expected, what) in
            [(found.intercept, expected.intercept, "intercept"), (found.slope, expected.slope, "slope")]
        {
            assert_close(found.value, expected.value, what);
            assert_close(found.standard_error, expected.standard_error, what);
            assert_interval(found.interval, expected.interval, what);
        }
    }
}

#[test]
fn net_benefits_are_those_of_scikit_learns_weighted_confusion_matrices() {
    for case in golden().cases {
        for (prevalence, expected) in &case.decision_curves {
            let thresholds: Vec<f64> = expected.points.iter().map(|point| point.threshold).collect();
            let found = decision_curve(&case.labels, &case.lists(), *prevalence, &thresholds).unwrap();
            assert_close(found.prevalence, expected.prevalence, "prevalence");
            for (found, expected) in found.points.iter().zip(&expected.points) {
                assert_close(found.model, expected.model, "model");
                assert_close(found.treat_all, expected.treat_all, "treat all");
            }
        }
    }
}

#[test]
fn rules_for_patients_are_points_of_scikit_learns_roc_curve() {
    for case in golden().cases {
        let patients = case.patients_of(&case.runs[0]);
        let expected =
            [(RuleKind::Cells, &case.patient_calls.counts), (RuleKind::Share, &case.patient_calls.shares)];
        for (kind, expected) in expected {
            let found = youden_rule(kind, &patients).unwrap();
            match found.rule {
                PatientRule::Cells(least) => assert_eq!(least as f64, expected.least),
                PatientRule::Share(least) => assert_close(least, expected.least, "share"),
            }
            assert_close(found.sensitivity, expected.sensitivity, "sensitivity");
            assert_close(found.specificity, expected.specificity, "specificity");
        }
    }
}

#[test]
fn rates_of_patients_have_wilsons_interval_over_patients() {
    for case in golden().cases {
        let runs: Vec<Vec<PatientCells>> = case.runs.iter().map(|run| case.patients_of(run)).collect();
        let called = |place: usize| {
            let calls = runs.iter().filter(|patients| PatientRule::ANY.calls(&patients[place])).count();
            CalledPatient {
                is_positive: runs[0][place].is_positive(),
                called: calls as f64 / runs.len() as f64,
            }
        };
        let patients: Vec<CalledPatient> = (0..runs[0].len()).map(called).collect();
        let found = patient_rates(&patients, LEVEL).unwrap();
        let GoldenCalls { any_sensitivity, any_specificity, .. } = &case.patient_calls;
        for (found, expected) in [(found.sensitivity, any_sensitivity), (found.specificity, any_specificity)]
        {
            let found = found.unwrap();
            assert_close(found.rate, expected.rate, "rate");
            assert_interval(found.interval, expected.interval, "interval");
        }
    }
}

#[test]
fn intervals_of_ratios_are_statsmodels_mover() {
    for GoldenRatio { rates, bounds, lower, upper } in golden().ratios {
        let of = |place: usize| {
            let [lower, upper] = bounds[place];
            EstimatedRate { rate: rates[place], interval: Interval { lower, upper, level: LEVEL } }
        };
        let found = ratio_interval(&of(0), &of(1)).unwrap();
        assert_close(found.lower, lower, "lower bound");
        assert_close(found.upper, upper, "upper bound");
    }
}

#[test]
fn predictive_values_are_bayes_with_the_roots_of_movers_equation() {
    for GoldenPredictive { counts, prevalence, positive, negative } in golden().predictive {
        let of = |right: u64, all: u64| EstimatedRate {
            rate: right as f64 / all as f64,
            interval: wilson_interval(right, all, LEVEL).unwrap(),
        };
        let [true_positives, positives, true_negatives, negatives] = counts;
        let (sensitivity, specificity) = (of(true_positives, positives), of(true_negatives, negatives));
        let found = predictive_values(&sensitivity, &specificity, prevalence).unwrap();
        for (found, expected) in [(found.positive, positive), (found.negative, negative)] {
            let found = found.unwrap();
            assert_close(found.rate, expected.rate, "value");
            assert_interval(found.interval, expected.interval, "interval");
        }
    }
}
