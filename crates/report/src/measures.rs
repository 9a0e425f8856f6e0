//! One run's further measures in words: of its counts, of its probabilities and at fixed operating points.

use ranklab_stats::{
    ConfusionMatrix, ReliabilityCurve, average_precision, brier_score, log_loss, sensitivity_at_specificity,
    specificity_at_sensitivity, wilson_interval,
};
use ranklab_store::PredictionRow;

use crate::format::{NONE, four, percent};
use crate::table::Fact;

/// Bins of the calibration error, as in the reliability diagram.
const BINS: usize = 10;
/// The fixed specificity and sensitivity.
const FIXED: f64 = 0.95;

/// The measures of a run; those of probabilities only where all of them are known.
pub(crate) fn measures(matrix: &ConfusionMatrix, predictions: &[PredictionRow], level: f64) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Of the counts", of_counts(matrix, level))];
    let labels: Vec<u8> = predictions.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = predictions.iter().map(|row| row.probability).collect();
    facts.extend(
        of_probabilities(&labels, &probabilities).map(|text| Fact::new("Of the probabilities", text)),
    );
    facts.extend(operating_points(&labels, &probabilities).map(|text| Fact::new("Operating points", text)));
    facts
}

fn of_counts(matrix: &ConfusionMatrix, level: f64) -> String {
    let mut text = format!(
        "balanced accuracy {} %, Matthews correlation {}",
        percent(matrix.balanced_accuracy()),
        four(matrix.matthews_correlation())
    );
    let right = matrix.true_positives + matrix.true_negatives;
    if let Ok(interval) = wilson_interval(right, matrix.total(), level) {
        text += &format!(
            "; accuracy {} to {} % (Wilson, {} %, as if cells of a patient were independent)",
            percent(interval.lower),
            percent(interval.upper),
            (level * 100.0).round()
        );
    }
    text
}

fn of_probabilities(labels: &[u8], probabilities: &[f64]) -> Option<String> {
    let reliability = ReliabilityCurve::new(labels, probabilities, BINS).ok()?;
    let precision = average_precision(labels, probabilities).ok()?;
    Some(format!(
        "average precision {}, Brier score {}, log loss {}, calibration error {} in {BINS} bins",
        precision.map_or_else(|| NONE.to_owned(), four),
        four(brier_score(labels, probabilities).ok()?),
        four(log_loss(labels, probabilities).ok()?),
        four(reliability.expected_calibration_error()),
    ))
}

/// Read off the test cells: they describe the curve and choose no threshold.
fn operating_points(labels: &[u8], probabilities: &[f64]) -> Option<String> {
    let sensitive = sensitivity_at_specificity(labels, probabilities, FIXED).ok()??;
    let specific = specificity_at_sensitivity(labels, probabilities, FIXED).ok()??;
    let fixed = FIXED * 100.0;
    Some(format!(
        "sensitivity {} % where specificity is at least {fixed} %; specificity {} % where sensitivity is at least \
         {fixed} %; read off the test curve, no thresholds to use",
        percent(sensitive.sensitivity),
        percent(specific.specificity)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(probabilities: &[(i64, f64)]) -> Vec<PredictionRow> {
        probabilities
            .iter()
            .enumerate()
            .map(|(place, &(label, probability))| PredictionRow {
                image: format!("{place}.png").into(),
                patient: "C1P1".into(),
                label,
                probability,
            })
            .collect()
    }

    fn texts(predictions: &[PredictionRow]) -> Vec<String> {
        let matrix =
            ConfusionMatrix { true_positives: 2, false_negatives: 1, false_positives: 0, true_negatives: 3 };
        measures(&matrix, predictions, 0.95).into_iter().map(|fact| fact.values.join("\n")).collect()
    }

    #[test]
    fn counts_probabilities_and_operating_points_are_told() {
        let found = texts(&rows(&[(1, 0.9), (1, 0.8), (1, 0.3), (0, 0.1), (0, 0.2), (0, 0.2)]));
        assert_eq!(found.len(), 3);
        // (2/3 + 1) / 2, and (2·3 − 0·1) / √(2·3·3·4).
        assert!(
            found[0].starts_with("balanced accuracy 83.33 %, Matthews correlation 0.7071"),
            "{}",
            found[0]
        );
        // Mean of 0.01, 0.04, 0.49, 0.01, 0.04 and 0.04.
        assert!(found[1].starts_with("average precision 1.0000, Brier score 0.1050"), "{}", found[1]);
        assert!(
            found[2].starts_with("sensitivity 100.00 % where specificity is at least 95 %"),
            "{}",
            found[2]
        );
    }

    #[test]
    fn a_diverged_run_has_its_counts_only() {
        assert_eq!(texts(&rows(&[(1, f64::NAN), (0, 0.2)])).len(), 1);
        assert_eq!(texts(&[]).len(), 1);
    }
}
