//! ROC and precision-recall curves with all their thresholds, and the average precision.

use serde::{Deserialize, Serialize};

use crate::error::{Result, check};

/// One point of a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Probability from which an image is called positive; `None` where none is called so, for which
    /// scikit-learn writes infinity.
    pub threshold: Option<f64>,
    /// Share of negative images called positive, 1 − specificity.
    pub false_positive_rate: f64,
    /// Share of positive images called positive.
    pub sensitivity: f64,
}

/// One point of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Probability from which an image is called positive; `None` for the end point at precision 1
    /// and recall 0, which no threshold stands for.
    pub threshold: Option<f64>,
    /// Share of positive images among those called positive.
    pub precision: f64,
    /// Share of positive images called positive.
    pub recall: f64,
}

/// The images called positive from one of the probabilities that occur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cut {
    pub(crate) threshold: f64,
    pub(crate) true_positives: u64,
    pub(crate) false_positives: u64,
}

/// All cuts from the highest probability to the lowest, the last of which calls everything positive.
pub(crate) fn cuts(labels: &[u8], probabilities: &[f64]) -> Result<Vec<Cut>> {
    check(labels, probabilities)?;
    let mut ranked: Vec<(f64, u8)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut true_positives, mut false_positives) = (0, 0);
    let cuts = ranked.chunk_by(|one, other| one.0 == other.0).map(|tied| {
        let positives = tied.iter().filter(|(_, label)| *label == 1).count() as u64;
        true_positives += positives;
        false_positives += tied.len() as u64 - positives;
        Cut { threshold: tied[0].0, true_positives, false_positives }
    });
    Ok(cuts.collect())
}

/// Images of both classes, positive first, from the cut that calls everything positive.
pub(crate) fn totals(cuts: &[Cut]) -> (u64, u64) {
    cuts.last().map_or((0, 0), |cut| (cut.true_positives, cut.false_positives))
}

/// The ROC curve from (0, 0) to (1, 1), one point per probability that occurs, as scikit-learn's
/// `roc_curve(drop_intermediate=False)`. The area below its straight lines is [`crate::roc_auc`].
/// `None` when there are images of one class only.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn roc_curve(labels: &[u8], probabilities: &[f64]) -> Result<Option<Vec<RocPoint>>> {
    let cuts = cuts(labels, probabilities)?;
    let (positives, negatives) = totals(&cuts);
    if positives == 0 || negatives == 0 {
        return Ok(None);
    }
    let start = RocPoint { threshold: None, false_positive_rate: 0.0, sensitivity: 0.0 };
    let points = cuts.iter().map(|cut| RocPoint {
        threshold: Some(cut.threshold),
        false_positive_rate: cut.false_positives as f64 / negatives as f64,
        sensitivity: cut.true_positives as f64 / positives as f64,
    });
    Ok(Some(std::iter::once(start).chain(points).collect()))
}

/// The precision-recall curve from recall 1 to recall 0, one point per probability that occurs in
/// rising order and the end point, as scikit-learn's `precision_recall_curve`. `None` when no image is
/// positive.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn precision_recall_curve(
    labels: &[u8],
    probabilities: &[f64],
) -> Result<Option<Vec<PrecisionRecallPoint>>> {
    let cuts = cuts(labels, probabilities)?;
    let (positives, _) = totals(&cuts);
    if positives == 0 {
        return Ok(None);
    }
    let points = cuts.iter().rev().map(|cut| PrecisionRecallPoint {
        threshold: Some(cut.threshold),
        precision: precision(cut),
        recall: cut.true_positives as f64 / positives as f64,
    });
    let end = PrecisionRecallPoint { threshold: None, precision: 1.0, recall: 0.0 };
    Ok(Some(points.chain(std::iter::once(end)).collect()))
}

/// Average precision: precision summed over the steps of recall, without interpolation, as
/// scikit-learn's `average_precision_score`. `None` when no image is positive.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn average_precision(labels: &[u8], probabilities: &[f64]) -> Result<Option<f64>> {
    let cuts = cuts(labels, probabilities)?;
    let (positives, _) = totals(&cuts);
    if positives == 0 {
        return Ok(None);
    }
    let mut before = 0;
    let mut area = 0.0;
    for cut in &cuts {
        area += (cut.true_positives - before) as f64 * precision(cut);
        before = cut.true_positives;
    }
    Ok(Some(area / positives as f64))
}

fn precision(cut: &Cut) -> f64 {
    cut.true_positives as f64 / (cut.true_positives + cut.false_positives) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_alone_has_no_curve() {
        assert_eq!(roc_curve(&[1, 1], &[0.2, 0.8]), Ok(None));
        assert_eq!(roc_curve(&[], &[]), Ok(None));
        assert_eq!(precision_recall_curve(&[0, 0], &[0.2, 0.8]), Ok(None));
        assert_eq!(average_precision(&[0, 0], &[0.2, 0.8]), Ok(None));
        assert_eq!(average_precision(&[1, 1], &[0.2, 0.8]), Ok(Some(1.0)));
    }

    #[test]
    fn tied_images_share_a_point() {
        let points = roc_curve(&[1, 0, 1], &[0.5, 0.5, 0.9]).unwrap().unwrap();
        let thresholds: Vec<Option<f64>> = points.iter().map(|point| point.threshold).collect();
        assert_eq!(thresholds, [None, Some(0.9), Some(0.5)]);
        assert_eq!((points[1].false_positive_rate, points[1].sensitivity), (0.0, 0.5));
        assert_eq!((points[2].false_positive_rate, points[2].sensitivity), (1.0, 1.0));
    }
}
