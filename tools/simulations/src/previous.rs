//! The analysis of the version before crossed components: every configuration against the best one by test accuracy.
//!
//! It is here to be compared with. Variance over patients is Liang & Zeger's with J − 1 degrees of freedom; to it come
//! `s² / S` of the seeds of both sides with S − 1 degrees of freedom each, their quantiles joined as `√Σ tᵢ² Vᵢ`.
//! Differences are corrected by Holm over all pairs, equivalence and non-inferiority over the pairs with the best. Where
//! fewer than five patients differ a count of these bounds what they leave open. With one seed the folds are the units.

use ranklab_stats::{Reference, Summary, holm};

use crate::claims::{ALPHA, Claim, Side};
use crate::error::Result;
use crate::study::Study;

/// With so many patients that differ, Student's t stood alone.
const ENOUGH: usize = 5;
/// Differences of a patient below it are rounding.
const ROUNDING: f64 = 1e-9;

/// A configuration as sums over patients and folds.
struct Member {
    patients: Vec<f64>,
    folds: Vec<f64>,
    seeds: Summary,
}

/// A variance and its degrees of freedom.
#[derive(Clone, Copy)]
struct Part {
    variance: f64,
    freedom: f64,
}

/// A difference `first − second`.
struct Difference {
    difference: f64,
    standard_error: f64,
    parts: Vec<Part>,
    /// Patients that differ, all of them, and the most that one adds over the mean number of cells.
    differing: usize,
    of: usize,
    largest: f64,
}

/// The claims of every configuration against the best.
///
/// # Errors
/// When the configurations cannot be compared.
pub fn previous(study: &Study, margin: f64) -> Result<Vec<Claim>> {
    let sizes = [sums(&study.patients, None), study.folds.as_ref().map_or(vec![], |folds| sums(folds, None))];
    let members: Vec<Member> =
        study.members.iter().map(|seeds| Member::new(study, seeds)).collect::<Result<_>>()?;
    let best = (1..members.len()).fold(0, |best, member| {
        if members[member].seeds.mean > members[best].seeds.mean { member } else { best }
    });
    let others: Vec<usize> = (0..members.len()).filter(|member| *member != best).collect();
    let against: Vec<Difference> =
        others.iter().map(|other| Difference::new(&members[best], &members[*other], &sizes)).collect();
    let pairs = members.len() * others.len() / 2;
    let (mut of_difference, mut of_equivalence, mut of_loss) = (vec![], vec![], vec![]);
    for pair in &against {
        of_difference.push((2.0 * pair.upper_tail(pair.difference.abs(), pairs)?).min(1.0));
        let (lower, upper) =
            (pair.p(margin, pair.difference, pairs)?, pair.p(margin, -pair.difference, pairs)?);
        of_equivalence.push(lower.max(upper));
        of_loss.push(upper);
    }
    for (place, first) in others.iter().enumerate() {
        for second in &others[place + 1..] {
            let pair = Difference::new(&members[*first], &members[*second], &sizes);
            of_difference.push((2.0 * pair.upper_tail(pair.difference.abs(), pairs)?).min(1.0));
        }
    }
    let (different, same, loss) = (holm(&of_difference)?, holm(&of_equivalence)?, holm(&of_loss)?);
    let claim = |(place, other): (usize, &usize)| Claim {
        reference: best,
        other: *other,
        worse: (different[place] < ALPHA).then_some(Side::Other),
        equivalent: same[place] < ALPHA,
        noninferior: loss[place] < ALPHA,
    };
    Ok(others.iter().enumerate().map(claim).collect())
}

impl Member {
    fn new(study: &Study, seeds: &[Vec<f64>]) -> Result<Self> {
        let cells = study.patients.len();
        let mean: Vec<f64> = (0..cells)
            .map(|cell| seeds.iter().map(|seed| seed[cell]).sum::<f64>() / seeds.len() as f64)
            .collect();
        let of_seeds: Vec<f64> = seeds.iter().map(|seed| seed.iter().sum::<f64>() / cells as f64).collect();
        Ok(Self {
            patients: sums(&study.patients, Some(&mean)),
            folds: study.folds.as_ref().map_or(vec![], |folds| sums(folds, Some(&mean))),
            seeds: Summary::new(&of_seeds)?,
        })
    }
}

impl Difference {
    fn new(first: &Member, second: &Member, [patients, folds]: &[Vec<f64>; 2]) -> Self {
        let cells: f64 = patients.iter().sum();
        let less = |one: &[f64], other: &[f64]| -> Vec<f64> {
            one.iter().zip(other).map(|(one, other)| one - other).collect()
        };
        let of_patients = less(&first.patients, &second.patients);
        let units = patients.len() as f64;
        let least = 1.0 / (cells * cells);
        let mut over_units =
            Part { variance: clustered(&of_patients, patients).max(least), freedom: units - 1.0 };
        if first.seeds.n == 1 && !folds.is_empty() {
            let variance = clustered(&less(&first.folds, &second.folds), folds).max(over_units.variance);
            over_units = Part { variance, freedom: folds.len() as f64 - 1.0 };
        }
        let mut parts = vec![over_units];
        // Both sides have as many seeds, and parts of equal degrees of freedom add up.
        let of_seeds: f64 = [first, second]
            .iter()
            .filter_map(|side| Some(side.seeds.sd?.powi(2) / side.seeds.n as f64))
            .sum();
        if of_seeds > 0.0 {
            parts.push(Part { variance: of_seeds, freedom: first.seeds.n as f64 - 1.0 });
        }
        let most = of_patients.iter().fold(0.0, |most: f64, sum| most.max(sum.abs()));
        let differing = of_patients.iter().filter(|sum| sum.abs() > ROUNDING).count();
        Self {
            difference: of_patients.iter().sum::<f64>() / cells,
            standard_error: parts.iter().map(|part| part.variance).sum::<f64>().sqrt(),
            parts,
            differing,
            of: patients.len(),
            largest: if differing == 0 { 1.0 } else { most * units / cells },
        }
    }

    /// p against `shift` and more beyond the margin, held to the patients that differ.
    fn p(&self, margin: f64, shift: f64, pairs: usize) -> Result<f64> {
        Ok(self.upper_tail(margin + shift, pairs)?.max(self.left_open(margin)))
    }

    /// The chance of a value of at least this distance. One that no claim can stand on counts as 1, and one that is
    /// below alpha whatever Holm multiplies it by as 0: neither changes what the others are multiplied by.
    fn upper_tail(&self, distance: f64, pairs: usize) -> Result<f64> {
        let statistic = distance / self.standard_error;
        if statistic <= self.quantile(ALPHA)? {
            return Ok(1.0);
        }
        let least = ALPHA / (2 * pairs) as f64;
        if statistic > self.quantile(least)? {
            return Ok(0.0);
        }
        let (mut small, mut large) = (least, ALPHA);
        for _ in 0..20 {
            let middle = f64::midpoint(small, large);
            if self.quantile(middle)? > statistic {
                small = middle;
            } else {
                large = middle;
            }
        }
        Ok(large)
    }

    fn quantile(&self, upper_tail: f64) -> Result<f64> {
        let mut squares = 0.0;
        for part in &self.parts {
            let student = Reference::StudentT { degrees_of_freedom: part.freedom };
            // The lower quantile, as 1 less a small tail is 1.
            squares += part.variance * student.quantile(upper_tail)?.powi(2);
        }
        Ok(squares.sqrt() / self.standard_error)
    }

    /// The chance that so few patients differ where the mean difference is the margin.
    fn left_open(&self, margin: f64) -> f64 {
        if self.differing >= ENOUGH || self.largest <= margin {
            return 0.0;
        }
        let (share, of) = (margin / self.largest, self.of as f64);
        let mut term = (1.0 - share).powf(of);
        let mut sum = term;
        for count in 0..self.differing {
            term *= (of - count as f64) / (count + 1) as f64 * share / (1.0 - share);
            sum += term;
        }
        sum
    }
}

/// `J / (J − 1) · Σⱼ (Dⱼ − nⱼ d)² / n²` (Liang & Zeger 1986).
fn clustered(sums: &[f64], sizes: &[f64]) -> f64 {
    let (cells, units) = (sizes.iter().sum::<f64>(), sums.len() as f64);
    let mean = sums.iter().sum::<f64>() / cells;
    let squares: f64 = sums.iter().zip(sizes).map(|(sum, size)| (sum - size * mean).powi(2)).sum();
    units / (units - 1.0) * squares / (cells * cells)
}

/// Sums of values, or numbers, of each unit's cells.
fn sums(units: &[usize], values: Option<&[f64]>) -> Vec<f64> {
    let mut sums = vec![0.0; units.iter().max().map_or(0, |last| last + 1)];
    units
        .iter()
        .enumerate()
        .for_each(|(cell, unit)| sums[*unit] += values.map_or(1.0, |values| values[cell]));
    sums
}
