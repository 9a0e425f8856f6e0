//! The mean difference of two configurations, with the parts of its variance, its interval and its test.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::Result;
use crate::interval::Interval;
use crate::layout::Concentration;
use crate::source::Source;

/// What a comparison speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Of the methods: other patients and other seeds. Both sides were trained with several seeds.
    Methods,
    /// Of these trained networks on other patients. A side was trained with one seed, whose luck is not known.
    Networks,
}

/// The parts of a difference's variance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Over patients, of the networks as they are ([`crate::Family::compare`]).
    pub patients: Source,
    /// The part of [`Components::patients`] that comes from what single networks do with single patients. More seeds
    /// make it smaller.
    pub interaction: f64,
    /// Over seeds, what single networks do with single patients included; `None` where a side has one seed.
    pub seeds: Option<Source>,
    /// Over folds, everything included; `None` without folds.
    pub folds: Option<Source>,
}

impl Components {
    /// The variance over seeds beyond [`Components::interaction`].
    pub fn shared(&self) -> f64 {
        self.seeds.map_or(0.0, |seeds| (seeds.variance - self.interaction).max(0.0))
    }

    /// Whether the folds show more variance than patients and seeds, so that the test stands on them.
    pub fn are_folds_larger(&self) -> bool {
        // Folds of one patient each are the patients, but for rounding.
        let crossed = (self.patients.variance + self.shared()) * (1.0 + 1e-9);
        self.seeds.is_some() && self.folds.is_some_and(|folds| folds.variance > crossed)
    }
}

/// A mean difference, `first − second`, with its standard error and its test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanDifference {
    /// Mean score of the first configuration: its accuracy, averaged over its seeds.
    pub first: f64,
    /// Mean score of the second.
    pub second: f64,
    /// `first − second`.
    pub difference: f64,
    /// Standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees_of_freedom: f64,
    /// What the difference speaks of.
    pub scope: Scope,
    /// The parts of its variance; `None` of different cells.
    pub components: Option<Components>,
    /// Seeds of the first and the second.
    pub seeds: [usize; 2],
    /// Difference over its standard error.
    pub t: f64,
    /// Two-sided p of t; 1 where the cells come from too few patients for a claim.
    pub p: f64,
    /// Interval of the difference.
    pub interval: Interval,
    /// Number of cells, of both sides where they are different ones.
    pub cells: usize,
    /// How evenly they come from the patients.
    pub concentration: Concentration,
}

/// A difference before its test.
pub(crate) struct Estimated {
    pub(crate) means: [f64; 2],
    pub(crate) source: Source,
    pub(crate) scope: Scope,
    pub(crate) components: Option<Components>,
    pub(crate) seeds: [usize; 2],
    pub(crate) cells: usize,
    pub(crate) concentration: Concentration,
}

impl MeanDifference {
    /// Student's test and interval of an estimate. The standard error never counts as less than that of one cell
    /// which one configuration gets right and the other does not, `1 / n`: a number to divide by.
    pub(crate) fn new(estimated: Estimated, level: f64) -> Result<Self> {
        let Estimated { means: [first, second], source, scope, components, seeds, cells, concentration } =
            estimated;
        let (difference, standard_error) = (first - second, source.variance.sqrt().max(1.0 / cells as f64));
        let reference = Reference::StudentT { degrees_of_freedom: source.degrees_of_freedom };
        let t = difference / standard_error;
        let half = reference.two_sided_quantile(level)? * standard_error;
        Ok(Self {
            first,
            second,
            difference,
            standard_error,
            degrees_of_freedom: source.degrees_of_freedom,
            scope,
            components,
            seeds,
            t,
            p: if concentration.carries_claims() { reference.two_sided_p(t)? } else { 1.0 },
            interval: Interval::around(difference, half, level).within(-1.0, 1.0),
            cells,
            concentration,
        })
    }

    /// The distribution of [`MeanDifference::t`] where there is no difference.
    pub fn reference(&self) -> Reference {
        Reference::StudentT { degrees_of_freedom: self.degrees_of_freedom }
    }

    /// The comparison with the configurations in the other order.
    pub fn swapped(self) -> Self {
        let Interval { lower, upper, level } = self.interval;
        Self {
            first: self.second,
            second: self.first,
            difference: -self.difference,
            seeds: [self.seeds[1], self.seeds[0]],
            t: -self.t,
            interval: Interval { lower: -upper, upper: -lower, level },
            ..self
        }
    }
}
