//! Scores of probabilities that need no threshold: area under the ROC curve and log loss.

use std::collections::BTreeMap;

use crate::error::{Error, Result, check};

/// Area under the ROC curve: the chance that a random positive image gets a higher probability
/// than a random negative one, ties counting half (Mann & Whitney 1947). `None` when there are
/// images of one class only.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn roc_auc(labels: &[u8], probabilities: &[f64]) -> Result<Option<f64>> {
    check(labels, probabilities)?;
    let mut ranked: Vec<(f64, u8)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut wins_doubled, mut negatives, mut positives) = (0u64, 0u64, 0u64);
    for tied in ranked.chunk_by(|one, other| one.0 == other.0) {
        let tied_positives = tied.iter().filter(|(_, label)| *label == 1).count() as u64;
        let tied_negatives = tied.len() as u64 - tied_positives;
        // Counted in halves, the sum stays a whole number: no rounding until the division.
        wins_doubled += tied_positives * (2 * negatives + tied_negatives);
        negatives += tied_negatives;
        positives += tied_positives;
    }
    if positives == 0 || negatives == 0 {
        return Ok(None);
    }
    Ok(Some(wins_doubled as f64 / (2.0 * positives as f64 * negatives as f64)))
}

/// [`roc_auc`] within each fold, averaged over the folds: each was called by a network of its own, whose
/// probabilities need not mean what those of another do. `fold_of_cell` is the fold of each cell, from 0 on; folds
/// without cells do not count. `None` when a fold has cells of one class only, or there are none.
///
/// # Errors
/// As [`roc_auc`], and when there is not one fold per cell.
pub fn roc_auc_within(labels: &[u8], probabilities: &[f64], fold_of_cell: &[u32]) -> Result<Option<f64>> {
    check(labels, probabilities)?;
    if fold_of_cell.len() != labels.len() {
        return Err(Error::Clustered { clustered: fold_of_cell.len(), cells: labels.len() });
    }
    let mut of_fold: BTreeMap<u32, (Vec<u8>, Vec<f64>)> = BTreeMap::new();
    for ((label, probability), fold) in labels.iter().zip(probabilities).zip(fold_of_cell) {
        let (labels, probabilities) = of_fold.entry(*fold).or_default();
        labels.push(*label);
        probabilities.push(*probability);
    }
    let mut sum = 0.0;
    for (labels, probabilities) in of_fold.values() {
        let Some(area) = roc_auc(labels, probabilities)? else { return Ok(None) };
        sum += area;
    }
    Ok((!of_fold.is_empty()).then(|| sum / of_fold.len() as f64))
}

/// Mean cross-entropy in nats. Probabilities are clipped to `[ε, 1 − ε]` with the machine epsilon of
/// 64-bit numbers, as scikit-learn does, so that a wrong certainty costs much but not infinitely.
///
/// # Errors
/// When there are no predictions, the lengths differ, a label is neither 0 nor 1, or a probability is
/// not between 0 and 1.
pub fn log_loss(labels: &[u8], probabilities: &[f64]) -> Result<f64> {
    check(labels, probabilities)?;
    if labels.is_empty() {
        return Err(Error::Empty);
    }
    let total: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(label, probability)| {
            let clipped = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            if *label == 1 { -clipped.ln() } else { -(1.0 - clipped).ln() }
        })
        .sum();
    Ok(total / labels.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_alone_has_no_area() {
        assert_eq!(roc_auc(&[1, 1], &[0.2, 0.8]), Ok(None));
        assert_eq!(roc_auc(&[], &[]), Ok(None));
    }

    #[test]
    fn perfect_reversed_and_constant_scores_have_areas_one_zero_and_half() {
        assert_eq!(roc_auc(&[0, 0, 1, 1], &[0.1, 0.2, 0.8, 0.9]), Ok(Some(1.0)));
        assert_eq!(roc_auc(&[1, 1, 0, 0], &[0.1, 0.2, 0.8, 0.9]), Ok(Some(0.0)));
        assert_eq!(roc_auc(&[1, 0, 1, 0], &[0.3; 4]), Ok(Some(0.5)));
    }

    #[test]
    fn areas_within_folds_do_not_compare_probabilities_across_them() {
        let (labels, probabilities) = ([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9]);
        assert_eq!(roc_auc(&labels, &probabilities), Ok(Some(0.75)));
        assert_eq!(roc_auc_within(&labels, &probabilities, &[0, 0, 1, 1]), Ok(Some(1.0)));
        assert_eq!(roc_auc_within(&labels, &probabilities, &[0, 1, 0, 1]), Ok(None));
        assert_eq!(roc_auc_within(&[], &[], &[]), Ok(None));
        assert!(roc_auc_within(&labels, &probabilities, &[0]).is_err());
    }

    #[test]
    fn a_wrong_certainty_costs_a_finite_loss() {
        let loss = log_loss(&[1, 0], &[0.0, 1.0]).unwrap();
        assert!((loss - 36.043_653_389_117_15).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn bad_predictions_are_refused() {
        assert!(matches!(roc_auc(&[1], &[]), Err(Error::Lengths { .. })));
        assert!(matches!(roc_auc(&[1, 0], &[0.1, f64::NAN]), Err(Error::Probability { position: 1, .. })));
        assert!(matches!(log_loss(&[1, 0], &[0.1, f64::NAN]), Err(Error::Probability { position: 1, .. })));
        assert_eq!(log_loss(&[], &[]), Err(Error::Empty));
    }
}
