//! Calibration intercept and slope, by logistic recalibration.

use serde::{Deserialize, Serialize};

use crate::clusters::{Clusters, Resampled};
use crate::distribution::Reference;
use crate::error::{Error, Result, check, check_level};
use crate::interval::Interval;

/// The nearest to 0 or 1 that a probability counts: half of single precision's step below 1. A network's
/// probability that was rounded to 1 would have infinite log-odds.
const EDGE: f64 = 1.0 / (1u64 << 24) as f64;
/// Newton's steps before giving up; overlapping classes take about ten.
const STEPS: usize = 100;
/// A step of log-odds that changes nothing any more.
const SMALL_STEP: f64 = 1e-11;
/// Log-odds that differ by less are one prediction.
const SAME: f64 = 1e-9;

/// A coefficient with its spread over patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// Its value.
    pub value: f64,
    /// Its standard error, robust to cells of a patient being alike.
    pub standard_error: f64,
    /// Its interval.
    pub interval: Interval,
}

/// How probabilities would have to be changed to mean what they say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recalibration {
    /// Calibration in the large, in log-odds: 0 where the mean probability is right, below 0 where it is too high.
    pub intercept: Coefficient,
    /// Calibration slope: 1 where the spread of probabilities is right, below 1 where they are too extreme.
    pub slope: Coefficient,
    /// Predictions nearer to 0 or 1 than 2⁻²⁴ that count as that.
    pub clipped: usize,
    /// What the standard errors took as independent.
    pub resampled: Resampled,
}

/// Logistic recalibration (Cox 1958; Van Calster et al. 2019) of the predictions of one or more networks on the
/// same cells. The intercept is that of `logit P(positive) = a + logit p`, the slope that of
/// `logit P(positive) = a + b · logit p`; both by maximum likelihood with Newton's method. Cells of all networks
/// count together. Standard errors are the sandwich over patients (Liang & Zeger 1986) times `√(J / (J − 1))` for
/// J patients; intervals take Student's t on J − 1 degrees of freedom. They hold for these trained networks.
///
/// # Errors
/// When there are no predictions, they and the cells do not belong together, or the level is not between 0 and 1;
/// when the cells are of one class ([`Error::OneClass`]), a threshold separates the classes without an error
/// ([`Error::Separated`]), all predictions are equal ([`Error::Constant`]), or Newton's method finds no maximum
/// ([`Error::Unsolved`]).
pub fn recalibration(
    labels: &[u8],
    repeats: &[&[f64]],
    clusters: &Clusters,
    level: f64,
) -> Result<Recalibration> {
    check_level(level)?;
    clusters.check(labels.len())?;
    if repeats.is_empty() {
        return Err(Error::Empty);
    }
    let mut cells = Vec::with_capacity(labels.len() * repeats.len());
    let mut clipped = 0;
    for probabilities in repeats {
        check(labels, probabilities)?;
        for ((label, probability), unit) in labels.iter().zip(*probabilities).zip(clusters.unit_of_cell()) {
            let kept = probability.clamp(EDGE, 1.0 - EDGE);
            clipped += usize::from(kept != *probability);
            let log_odds = (kept / (1.0 - kept)).ln();
            cells.push(Cell { log_odds, positive: f64::from(*label), unit: *unit as usize });
        }
    }
    check_solvable(&cells)?;
    let units = clusters.units();
    let [intercept, _] = fit(&cells, units, level, &Model::Shift)?;
    let [_, slope] = fit(&cells, units, level, &Model::ShiftAndSlope)?;
    Ok(Recalibration { intercept, slope, clipped, resampled: clusters.resampled() })
}

/// One prediction.
struct Cell {
    log_odds: f64,
    /// 0 or 1.
    positive: f64,
    unit: usize,
}

/// What is fitted.
#[derive(PartialEq)]
enum Model {
    /// The slope stays 1.
    Shift,
    /// Both coefficients.
    ShiftAndSlope,
}

/// Whether the likelihood has a maximum (Albert & Anderson 1984): the log-odds of both classes overlap.
fn check_solvable(cells: &[Cell]) -> Result<()> {
    let reach = |positive: f64| {
        let of_class = cells.iter().filter(|cell| cell.positive == positive).map(|cell| cell.log_odds);
        of_class.fold(None, |reach: Option<(f64, f64)>, value| {
            let (least, most) = reach.unwrap_or((value, value));
            Some((least.min(value), most.max(value)))
        })
    };
    let (Some(negative), Some(positive)) = (reach(0.0), reach(1.0)) else { return Err(Error::OneClass) };
    if negative.1.max(positive.1) - negative.0.min(positive.0) < SAME {
        return Err(Error::Constant);
    }
    if negative.1 <= positive.0 || positive.1 <= negative.0 {
        return Err(Error::Separated);
    }
    Ok(())
}

/// A symmetric matrix of two rows: its diagonal and what stands beside it.
#[derive(Clone, Copy, Default)]
struct Symmetric {
    first: f64,
    second: f64,
    beside: f64,
}

impl Symmetric {
    fn inverse(self) -> Option<Self> {
        let Self { first, second, beside } = self;
        let determinant = first * second - beside * beside;
        // Relative to its own size, so that it does not depend on the number of cells.
        let is_regular = determinant > 1e-14 * first * second;
        is_regular.then(|| Self {
            first: second / determinant,
            second: first / determinant,
            beside: -beside / determinant,
        })
    }

    fn times(self, [one, two]: [f64; 2]) -> [f64; 2] {
        [self.first * one + self.beside * two, self.beside * one + self.second * two]
    }
}

/// Intercept and slope at the maximum of the likelihood; of [`Model::Shift`] the slope is 1 without a spread.
fn fit(cells: &[Cell], units: usize, level: f64, model: &Model) -> Result<[Coefficient; 2]> {
    let mut at = [0.0, 1.0];
    let mut height = likelihood(cells, at);
    for _ in 0..STEPS {
        let (gradient, information) = derivatives(cells, at, model);
        let step = information.inverse().ok_or(Error::Unsolved)?.times(gradient);
        // The likelihood is concave: some part of the step goes up.
        let mut part = 1.0;
        let (mut next, mut next_height) = (at, height);
        while part > 1e-9 {
            next = [at[0] + part * step[0], at[1] + part * step[1]];
            next_height = likelihood(cells, next);
            if next_height >= height - 1e-12 * height.abs() {
                break;
            }
            part /= 2.0;
        }
        (at, height) = (next, next_height);
        if step.iter().all(|step| step.abs() < SMALL_STEP * (1.0 + at[0].abs().max(at[1].abs()))) {
            return spread(cells, units, level, at, model);
        }
    }
    Err(Error::Unsolved)
}

/// Log-likelihood in nats.
fn likelihood(cells: &[Cell], [shift, slope]: [f64; 2]) -> f64 {
    let of = |cell: &Cell| {
        let score = shift + slope * cell.log_odds;
        // ln(1 + e^score) without overflow.
        let normaliser = score.max(0.0) + (-score.abs()).exp().ln_1p();
        cell.positive * score - normaliser
    };
    cells.iter().map(of).sum()
}

/// Probability that the model gives a cell.
fn fitted(cell: &Cell, [shift, slope]: [f64; 2]) -> f64 {
    1.0 / (1.0 + (-(shift + slope * cell.log_odds)).exp())
}

fn derivatives(cells: &[Cell], at: [f64; 2], model: &Model) -> ([f64; 2], Symmetric) {
    let (mut gradient, mut information) = ([0.0; 2], Symmetric::default());
    for cell in cells {
        let probability = fitted(cell, at);
        let (residual, weight) = (cell.positive - probability, probability * (1.0 - probability));
        gradient[0] += residual;
        information.first += weight;
        if *model == Model::ShiftAndSlope {
            gradient[1] += residual * cell.log_odds;
            information.beside += weight * cell.log_odds;
            information.second += weight * cell.log_odds * cell.log_odds;
        }
    }
    if *model == Model::Shift {
        information.second = 1.0;
    }
    (gradient, information)
}

/// The coefficients with their standard errors over patients.
fn spread(cells: &[Cell], units: usize, level: f64, at: [f64; 2], model: &Model) -> Result<[Coefficient; 2]> {
    let mut scores = vec![[0.0; 2]; units];
    for cell in cells {
        let residual = cell.positive - fitted(cell, at);
        let score = &mut scores[cell.unit];
        score[0] += residual;
        score[1] += if *model == Model::ShiftAndSlope { residual * cell.log_odds } else { 0.0 };
    }
    let bread = derivatives(cells, at, model).1.inverse().ok_or(Error::Unsolved)?;
    // Each patient's pull on the coefficients.
    let mut squares = [0.0; 2];
    for score in scores {
        let pull = bread.times(score);
        squares[0] += pull[0] * pull[0];
        squares[1] += pull[1] * pull[1];
    }
    let units = units as f64;
    let quantile = Reference::StudentT { degrees_of_freedom: units - 1.0 }.two_sided_quantile(level)?;
    let of = |value: f64, squares: f64| {
        let standard_error = (units / (units - 1.0) * squares).sqrt();
        let interval = Interval::around(value, quantile * standard_error, level);
        Coefficient { value, standard_error, interval }
    };
    Ok([of(at[0], squares[0]), of(at[1], squares[1])])
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Cells of patients with log-odds drawn evenly, and labels of the given shift and slope.
    fn drawn(cells: usize, shift: f64, slope: f64) -> (Vec<u8>, Vec<f64>, Clusters) {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let chance = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let one = |_| {
            let log_odds = random.random_range(-3.0..3.0);
            (u8::from(random.random_bool(chance(shift + slope * log_odds))), chance(log_odds))
        };
        let (labels, probabilities) = (0..cells).map(one).unzip();
        let clusters = Clusters::by_patient(&(0..cells).map(|cell| cell % 40).collect::<Vec<_>>());
        (labels, probabilities, clusters)
    }

    #[test]
    fn good_probabilities_have_intercept_0_and_slope_1() {
        let (labels, probabilities, clusters) = drawn(8000, 0.0, 1.0);
        let found = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        assert!(found.intercept.interval.contains(0.0) && found.intercept.standard_error < 0.1, "{found:?}");
        assert!(found.slope.interval.contains(1.0) && found.slope.standard_error < 0.1, "{found:?}");
        assert_eq!((found.clipped, found.resampled), (0, Resampled::Patients(40)));
    }

    #[test]
    fn too_extreme_and_too_high_probabilities_are_found() {
        let (labels, probabilities, clusters) = drawn(8000, -0.7, 0.5);
        let found = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        assert!(found.slope.interval.contains(0.5) && !found.slope.interval.contains(1.0), "{found:?}");
        assert!(found.intercept.interval.upper < 0.0, "{found:?}");
    }

    #[test]
    fn copies_of_a_network_change_nothing() {
        let (labels, probabilities, clusters) = drawn(400, 0.3, 0.8);
        let one = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        let three = recalibration(&labels, &[&probabilities[..]; 3], &clusters, 0.95).unwrap();
        for (one, three) in [(one.intercept, three.intercept), (one.slope, three.slope)] {
            assert!((one.value - three.value).abs() < 1e-9);
            assert!((one.standard_error - three.standard_error).abs() < 1e-9);
        }
    }

    #[test]
    fn certainties_count_as_the_last_step_of_single_precision() {
        let (labels, mut probabilities, clusters) = drawn(400, 0.0, 1.0);
        (probabilities[0], probabilities[1]) = (0.0, 1.0);
        let found = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        assert_eq!(found.clipped, 2);
        assert!(found.slope.value.is_finite() && found.slope.standard_error.is_finite());
        (probabilities[0], probabilities[1]) = (EDGE, 1.0 - EDGE);
        let same = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        assert_eq!((same.slope, same.intercept), (found.slope, found.intercept));
    }

    #[test]
    fn wrong_certainties_do_not_stop_newton() {
        // Nearly all cells certain and right, a few certain and wrong.
        let labels: Vec<u8> = (0..1000).map(|cell| u8::from(cell % 2 == 0)).collect();
        let certain = |cell: usize| if cell.is_multiple_of(2) == (cell % 100 > 1) { 1.0 } else { 0.0 };
        let probabilities: Vec<f64> = (0..1000).map(certain).collect();
        let clusters = Clusters::by_patient(&(0..1000).map(|cell| cell / 20).collect::<Vec<_>>());
        let found = recalibration(&labels, &[&probabilities], &clusters, 0.95).unwrap();
        // 98 % of certain calls are right: odds of 49.
        assert!((found.slope.value - 49f64.ln() / ((1.0 - EDGE) / EDGE).ln()).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn what_has_no_maximum_is_refused_by_name() {
        let of = |labels: &[u8], probabilities: &[f64]| {
            recalibration(labels, &[probabilities], &Clusters::by_cell(labels.len()), 0.95)
        };
        assert_eq!(of(&[1, 1], &[0.2, 0.8]), Err(Error::OneClass));
        assert_eq!(of(&[0, 1, 0], &[0.2, 0.8, 0.3]), Err(Error::Separated));
        // Also where one value is shared, and where the order is reversed.
        assert_eq!(of(&[0, 1, 0, 1], &[0.2, 0.5, 0.5, 0.8]), Err(Error::Separated));
        assert_eq!(of(&[1, 0], &[0.2, 0.8]), Err(Error::Separated));
        assert_eq!(of(&[1, 0, 1], &[0.5; 3]), Err(Error::Constant));
        assert!(of(&[1, 0, 1, 0], &[0.3, 0.2, 0.8, 0.6]).is_ok());
        assert!(of(&[1, 0], &[f64::NAN, 0.5]).is_err());
        let none = recalibration(&[0, 1], &[], &Clusters::by_cell(2), 0.95);
        assert_eq!(none, Err(Error::Empty));
    }
}
