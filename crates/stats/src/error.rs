//! What can be wrong with predictions and settings, each as one line that says what to do next.

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Predictions or settings that nothing can be computed from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Labels and probabilities do not belong together.
    #[error("{labels} labels but {probabilities} probabilities: give one probability per label")]
    Lengths {
        /// Number of labels.
        labels: usize,
        /// Number of probabilities.
        probabilities: usize,
    },
    /// There is nothing to average.
    #[error("no predictions: give at least one")]
    Empty,
    /// A label of neither class.
    #[error("prediction {position} has label {label}: only 0 (negative) and 1 (positive) exist")]
    Label {
        /// Place among the predictions, from 0.
        position: usize,
        /// The label.
        label: u8,
    },
    /// Not a probability.
    #[error(
        "prediction {position} has probability {probability}: it must lie between 0 and 1, so look for a diverged run"
    )]
    Probability {
        /// Place among the predictions, from 0.
        position: usize,
        /// The value.
        probability: f64,
    },
    /// Not a threshold.
    #[error("threshold {0} is not a number between 0 and 1: use 0.5")]
    Threshold(f64),
    /// Not a number that can be averaged.
    #[error("value {position} is {value}: means need finite numbers, so look for a diverged run")]
    NotFinite {
        /// Place among the values, from 0.
        position: usize,
        /// The value.
        value: f64,
    },
    /// Not a confidence or significance level.
    #[error("level {0} is not a number between 0 and 1: use 0.95 for confidence, 0.05 for significance")]
    Level(f64),
    /// Not a rate that a threshold could reach.
    #[error("rate {0} is not a number between 0 and 1: use 0.95 for 95 %")]
    Rate(f64),
    /// More successes than trials.
    #[error("{successes} of {total} is no proportion: give at most {total} successes")]
    Proportion {
        /// Number of successes.
        successes: u64,
        /// Number of trials.
        total: u64,
    },
    /// A place along a curve that is out of range or lower than the one before it.
    #[error("place {place} along the curve is {value}: places are between 0 and 1 and rise")]
    Place {
        /// Which one, from 0.
        place: usize,
        /// Its value.
        value: f64,
    },
    /// A reliability curve of no bins.
    #[error("a reliability curve of 0 bins shows nothing: use 10")]
    Bins,
    /// Values and patients do not belong together.
    #[error("patients of {clustered} cells but {cells} values: give one patient per cell")]
    Clustered {
        /// Number of cells whose patients are known.
        clustered: usize,
        /// Number of values.
        cells: usize,
    },
    /// Values of two runs do not belong together.
    #[error("{first} values of one run but {second} of the other: compare runs on the same cells")]
    Pairs {
        /// Number of values of the first run.
        first: usize,
        /// Number of values of the second run.
        second: usize,
    },
    /// A cell's score that is no mean correctness.
    #[error("cell {position} has score {score}: it must lie between 0 and 1")]
    Score {
        /// Place among the cells, from 0.
        position: usize,
        /// The value.
        score: f64,
    },
    /// Nothing to resample.
    #[error("{0} patients or cells have no spread: compare runs on at least 2 cells")]
    Units(usize),
    /// Draws of another number of units.
    #[error("draws of {drawn} units for cells of {units}: make them for as many patients as there are")]
    Drawn {
        /// Units that were drawn from.
        drawn: usize,
        /// Units of the cells.
        units: usize,
    },
    /// A bootstrap of too few replicates.
    #[error("{0} replicates have no spread: use 2000")]
    Replicates(usize),
    /// A metric that hardly any resample has.
    #[error(
        "the metric exists in only {defined} of {draws} resamples: choose one that does not need rare cells"
    )]
    Undefined {
        /// Resamples with a value.
        defined: usize,
        /// All resamples drawn.
        draws: usize,
    },
    /// Not a margin of equivalence.
    #[error("margin {0} is not a positive number: use 0.01 for one point of accuracy")]
    Margin(f64),
    /// A standard error that nothing can be tested against.
    #[error(
        "standard error {0} is not a positive number: equal or single values show no spread to test against"
    )]
    StandardError(f64),
    /// No t distribution has these degrees of freedom.
    #[error("{0} degrees of freedom are not a positive number: compare at least 2 patients or cells")]
    DegreesOfFreedom(f64),
    /// Not a share of positives that predictive values can be computed at.
    #[error("prevalence {0} is not a number above 0 and below 1: use 0.1 for 10 %")]
    Prevalence(f64),
    /// An interval that does not hold its own rate.
    #[error("interval {lower} to {upper} of rate {rate}: give bounds from 0 to 1 around the rate")]
    Bounds {
        /// The rate.
        rate: f64,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// Intervals of different confidence.
    #[error("intervals of levels {first} and {second}: give both of one level")]
    Levels {
        /// Level of the first.
        first: f64,
        /// Level of the second.
        second: f64,
    },
    /// Cells that stand for themselves where whole patients are wanted.
    #[error("the patients are unknown or only one: give cells of at least 2 known patients")]
    UnknownPatients,
    /// Cells of one class only.
    #[error("all cells are of one class: give cells of both classes")]
    OneClass,
    /// A threshold separates the classes, so that the slope has no largest likelihood.
    #[error("a threshold separates the classes without an error: the calibration slope is infinite")]
    Separated,
    /// Predictions that do not differ have no slope.
    #[error("all predictions are equal: a calibration slope needs predictions that differ")]
    Constant,
    /// Newton's method did not arrive.
    #[error("Newton's method found no largest likelihood: look for predictions that hardly differ")]
    Unsolved,
    /// Not a probability under the null hypothesis.
    #[error("p-value {position} is {value}: it must lie between 0 and 1")]
    PValue {
        /// Place among the p-values, from 0.
        position: usize,
        /// The value.
        value: f64,
    },
}

/// Checks that there is one probability between 0 and 1 for each label of 0 or 1.
pub(crate) fn check(labels: &[u8], probabilities: &[f64]) -> Result<()> {
    if labels.len() != probabilities.len() {
        return Err(Error::Lengths { labels: labels.len(), probabilities: probabilities.len() });
    }
    for (position, (label, probability)) in labels.iter().zip(probabilities).enumerate() {
        if *label > 1 {
            return Err(Error::Label { position, label: *label });
        }
        if !(0.0..=1.0).contains(probability) {
            return Err(Error::Probability { position, probability: *probability });
        }
    }
    Ok(())
}

/// Checks a confidence or significance level: strictly between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<()> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(Error::Level(level)) }
}

/// Checks a margin: positive and finite.
pub(crate) fn check_margin(margin: f64) -> Result<()> {
    if margin > 0.0 && margin.is_finite() { Ok(()) } else { Err(Error::Margin(margin)) }
}

/// Checks that scores of cells are between 0 and 1.
pub(crate) fn check_score(scores: &[f64]) -> Result<()> {
    match scores.iter().enumerate().find(|(_, score)| !(0.0..=1.0).contains(*score)) {
        Some((position, score)) => Err(Error::Score { position, score: *score }),
        None => Ok(()),
    }
}

/// Checks that values are finite, say differences handed in from elsewhere.
pub(crate) fn check_finite(values: &[f64]) -> Result<()> {
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((position, value)) => Err(Error::NotFinite { position, value: *value }),
        None => Ok(()),
    }
}
