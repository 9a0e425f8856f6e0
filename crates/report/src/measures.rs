//! One run's further measures in words: of its counts, of its probabilities and at operating points from validation.

use ranklab_stats::{
    ConfusionMatrix, ReliabilityCurve, average_precision, brier_score, log_loss, wilson_interval,
};

use crate::data::RunData;
use crate::format::{NONE, four, percent};
use crate::operating_points;
use crate::table::Fact;

/// Bins of the calibration error, as in the reliability diagram.
const BINS: usize = 10;

/// The measures of a run; those of probabilities only where all of them are known.
pub(crate) fn measures(matrix: &ConfusionMatrix, run: &RunData, level: f64) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Of the counts", of_counts(matrix, level))];
    let labels: Vec<u8> =
        run.predictions.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = run.predictions.iter().map(|row| row.probability).collect();
    facts.extend(
        of_probabilities(&labels, &probabilities).map(|text| Fact::new("Of the probabilities", text)),
    );
    facts.push(Fact { name: "Operating points", values: operating_points::of_run(run, level) });
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

#[cfg(test)]
mod tests {
    use ranklab_store::PredictionRow;

    use super::*;
    use crate::fixture;

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
        let run = RunData { predictions: predictions.to_vec(), ..fixture::run(1, Some(5), 0, 4) };
        measures(&matrix, &run, 0.95).into_iter().map(|fact| fact.values.join("\n")).collect()
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
        assert!(found[2].starts_with("Youden's J largest: from a probability of "), "{}", found[2]);
    }

    #[test]
    fn a_diverged_run_has_its_counts_only() {
        for predictions in [rows(&[(1, f64::NAN), (0, 0.2)]), Vec::new()] {
            let found = texts(&predictions);
            assert_eq!(found.len(), 2);
            assert!(found[1].contains("none, as no threshold of the validation images reaches it"));
        }
    }
}
