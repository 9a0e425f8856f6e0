//! Decision curves: what acting on a probability is worth, beside treating all and treating none.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, check};

/// Net benefits at one threshold probability, in true positives per case: 0.05 is worth five true positives and
/// no false one among a hundred. That of treating none is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetBenefit {
    /// Threshold probability: from this risk on, acting is worth its harm.
    pub threshold: f64,
    /// Of acting on the probabilities.
    pub model: f64,
    /// Of acting on all.
    pub treat_all: f64,
}

/// A decision curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionCurve {
    /// Share of positives that it holds for.
    pub prevalence: f64,
    /// In the order of the thresholds.
    pub points: Vec<NetBenefit>,
}

/// Net benefit over threshold probabilities (Vickers & Elkin 2006):
/// `π · sensitivity − (1 − π) · (1 − specificity) · t / (1 − t)` at threshold t and prevalence π, averaged over
/// networks that were tested on the same cells.
///
/// Without a prevalence, π is the share of positive cells. With another one, probabilities are first carried
/// over to it by Bayes' theorem (Elkan 2001): odds are multiplied by those of π over those of the share. This
/// takes cells of a class to look the same at either prevalence, and probabilities to hold at the share.
///
/// # Errors
/// When there are no predictions or no cells of a class, the lengths differ, a label is neither 0 nor 1, a
/// probability is not between 0 and 1, or a threshold or the prevalence is not above 0 and below 1.
pub fn decision_curve(
    labels: &[u8],
    repeats: &[&[f64]],
    prevalence: Option<f64>,
    thresholds: &[f64],
) -> Result<DecisionCurve> {
    if repeats.is_empty() || labels.is_empty() {
        return Err(Error::Empty);
    }
    let is_inside = |share: &f64| *share > 0.0 && *share < 1.0;
    if let Some(threshold) = thresholds.iter().find(|threshold| !is_inside(threshold)) {
        return Err(Error::Threshold(*threshold));
    }
    if let Some(wrong) = prevalence.filter(|prevalence| !is_inside(prevalence)) {
        return Err(Error::Prevalence(wrong));
    }
    let classes = repeats.iter().map(|probabilities| Ranked::new(labels, probabilities));
    let classes: Vec<Ranked> = classes.collect::<Result<_>>()?;
    let positives = labels.iter().filter(|label| **label == 1).count();
    if positives == 0 || positives == labels.len() {
        return Err(Error::OneClass);
    }
    let share = positives as f64 / labels.len() as f64;
    let moved = prevalence.map_or(1.0, |prevalence| odds(share) / odds(prevalence));
    let prevalence = prevalence.unwrap_or(share);
    let point = |threshold: &f64| {
        let harm = odds(*threshold) * (1.0 - prevalence);
        // The probability at the share that becomes the threshold at the prevalence.
        let cut = if moved == 1.0 { *threshold } else { from_odds(odds(*threshold) * moved) };
        let benefit = |of: &Ranked| {
            let [negatives, positives] = [&of.negatives, &of.positives].map(|list| from(list, cut));
            prevalence * positives - harm * negatives
        };
        NetBenefit {
            threshold: *threshold,
            model: classes.iter().map(benefit).sum::<f64>() / classes.len() as f64,
            treat_all: prevalence - harm,
        }
    };
    Ok(DecisionCurve { prevalence, points: thresholds.iter().map(point).collect() })
}

fn odds(share: f64) -> f64 {
    share / (1.0 - share)
}

fn from_odds(odds: f64) -> f64 {
    odds / (1.0 + odds)
}

/// Probabilities of either class in rising order.
struct Ranked {
    negatives: Vec<f64>,
    positives: Vec<f64>,
}

impl Ranked {
    fn new(labels: &[u8], probabilities: &[f64]) -> Result<Self> {
        check(labels, probabilities)?;
        let of = |class: u8| {
            let cells = labels.iter().zip(probabilities).filter(|(label, _)| **label == class);
            let mut list: Vec<f64> = cells.map(|(_, probability)| *probability).collect();
            list.sort_by(f64::total_cmp);
            list
        };
        Ok(Self { negatives: of(0), positives: of(1) })
    }
}

/// Share of a list in rising order from a probability on.
fn from(list: &[f64], cut: f64) -> f64 {
    let below = list.partition_point(|probability| *probability < cut);
    (list.len() - below) as f64 / list.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [u8; 8] = [1, 1, 0, 0, 0, 0, 0, 0];
    const PROBABILITIES: [f64; 8] = [0.9, 0.4, 0.6, 0.3, 0.2, 0.1, 0.1, 0.05];

    fn at(threshold: f64, prevalence: Option<f64>) -> NetBenefit {
        decision_curve(&LABELS, &[&PROBABILITIES], prevalence, &[threshold]).unwrap().points[0]
    }

    #[test]
    fn true_positives_less_weighted_false_ones() {
        // Both positive cells and one negative cell from 0.4 on.
        let found = at(0.4, None);
        assert!((found.model - (2.0 - 0.4 / 0.6) / 8.0).abs() < 1e-15);
        assert!((found.treat_all - (2.0 - 6.0 * 0.4 / 0.6) / 8.0).abs() < 1e-15);
        // One of each from 0.5 on, and nothing from 0.95 on.
        assert!((at(0.5, None).model - 0.0).abs() < 1e-15);
        assert_eq!(at(0.95, None).model, 0.0);
    }

    #[test]
    fn treating_all_breaks_even_at_the_prevalence() {
        assert!(at(0.25, None).treat_all.abs() < 1e-15);
        assert!(at(0.1, Some(0.1)).treat_all.abs() < 1e-15);
        assert!(at(0.05, Some(0.1)).treat_all > 0.0 && at(0.2, Some(0.1)).treat_all < 0.0);
    }

    #[test]
    fn at_a_lower_prevalence_the_same_threshold_is_a_higher_probability_of_the_network() {
        // Odds of 1/3 become those of 1/9: a threshold of 1/4 is one of 1/2 of the network.
        let found = at(0.25, Some(0.1));
        let expected = 0.1 * 0.5 - 0.9 * (1.0 / 6.0) / 3.0;
        assert!((found.model - expected).abs() < 1e-15, "{found:?}");
        // The share itself changes nothing.
        assert_eq!(at(0.4, Some(0.25)), at(0.4, None));
    }

    #[test]
    fn networks_are_averaged() {
        let blind = [0.0; 8];
        let both = decision_curve(&LABELS, &[&PROBABILITIES, &blind], None, &[0.4]).unwrap();
        assert!((both.points[0].model - at(0.4, None).model / 2.0).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_net_benefit_is_refused() {
        let of = |labels: &[u8], prevalence, thresholds: &[f64]| {
            decision_curve(labels, &[&PROBABILITIES[..labels.len()]], prevalence, thresholds).unwrap_err()
        };
        assert_eq!(of(&LABELS, None, &[0.2, 1.0]), Error::Threshold(1.0));
        assert_eq!(of(&LABELS, Some(0.0), &[0.2]), Error::Prevalence(0.0));
        assert_eq!(of(&[1, 1], None, &[0.2]), Error::OneClass);
        assert_eq!(of(&[], None, &[0.2]), Error::Empty);
        assert_eq!(decision_curve(&LABELS, &[], None, &[0.2]), Err(Error::Empty));
    }
}
