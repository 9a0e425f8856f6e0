//! The answer that a report gives to the question of its sweep: which configuration is as good as the baseline.

use ranklab_stats::{Scope, Verdict};
use serde::Serialize;

use crate::data::Unfinished;

use super::against::AgainstReference;
use super::configuration::Configuration;
use super::pairs::{Comparisons, Pair};

/// The answer, from verdicts on the first test set alone. Ids are those of configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Answer {
    /// No run has a test accuracy.
    NoResult {
        /// Trials that failed or diverged.
        failed: usize,
        /// Trials without a result.
        trials: usize,
    },
    /// There is one configuration only.
    Alone {
        /// The configuration.
        configuration: usize,
    },
    /// There are several configurations, and no comparison on the first test set.
    NotCompared {
        /// Why.
        reason: NotCompared,
    },
    /// The reference did not converge, or none of the others did.
    NotConverged {
        /// Runs that did not converge.
        runs: usize,
        /// Runs of all configurations.
        of: usize,
    },
    /// Each comparison rests on one seed, on one side at least.
    OneSeed {
        /// Largest half-width of an interval, as a share.
        half_width: f64,
        /// Whether both sides have one seed in each.
        is_on_both_sides: bool,
    },
    /// Some are more accurate than the reference, the first of them in the order of the report.
    Better {
        /// The first.
        configuration: usize,
        /// Its difference to the reference, as a share.
        difference: f64,
    },
    /// Some are as good as the reference within the margins, the smallest of them first.
    Equivalent {
        /// The smallest.
        configuration: usize,
        /// Whether a difference is shown as well, within the margins.
        is_different: bool,
    },
    /// Some are not inferior to the reference by more than the margins, the smallest of them first.
    NotInferior {
        /// The smallest.
        configuration: usize,
        /// Whether it is shown to be less accurate, by less than the margin.
        is_worse: bool,
    },
    /// All others are less accurate than the reference.
    AllWorse {
        /// The smallest loss, as a share.
        least: f64,
        /// The largest loss, as a share.
        most: f64,
        /// The only configuration, where there is one.
        only: Option<usize>,
    },
    /// Some are less accurate than the reference; nothing is shown of the others.
    SomeWorse {
        /// Those that are.
        worse: Vec<usize>,
        /// The others, those included that were not compared or did not converge.
        open: usize,
    },
    /// Nothing is shown.
    Open {
        /// Largest half-width of an interval, as a share.
        half_width: f64,
    },
}

/// Why the first test set has no comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCompared {
    /// Other test sets have comparisons.
    OnThisSet,
    /// The statistics refuse it, for this reason.
    Refused(String),
    /// No two configurations were tested on the same cells.
    OtherCells,
    /// Runs store no predictions that can be put together.
    NoPredictions,
}

/// What a reader may do with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Images were generated or a trunk was not pretrained: the figures say nothing about real images.
    Synthetic,
    /// The answer would rest on runs that did not converge.
    NotConverged,
    /// A comparison has a verdict on the methods.
    Conclusive,
    /// There is no such verdict.
    Open,
}

/// A configuration's id with its comparison.
type Compared<'a> = (usize, &'a Pair);

/// The answer of a report.
pub(crate) fn answer(
    configurations: &[&Configuration],
    against: &[AgainstReference],
    comparisons: &Comparisons,
    unfinished: &[Unfinished],
) -> Answer {
    let mut known = configurations.iter().filter(|one| one.accuracy().is_some());
    let Some(first) = known.next() else {
        let has_failed = |trial: &&Unfinished| trial.run.as_ref().is_some_and(|run| run.failure.is_some());
        return Answer::NoResult {
            failed: unfinished.iter().filter(has_failed).count(),
            trials: unfinished.len(),
        };
    };
    if known.next().is_none() {
        return Answer::Alone { configuration: first.id };
    }
    let Some(set) = against.first().filter(|set| compared(set).next().is_some()) else {
        return Answer::NotCompared { reason: not_compared(against, comparisons) };
    };
    let converged = |id: usize| configurations[id].not_converged.is_empty();
    let sound: Vec<Compared<'_>> =
        compared(set).filter(|(id, _)| converged(set.reference) && converged(*id)).collect();
    if sound.is_empty() {
        return Answer::NotConverged {
            runs: configurations.iter().map(|one| one.not_converged.len()).sum(),
            of: configurations.iter().map(|one| one.runs.len()).sum(),
        };
    }
    of_pairs(&sound, set.others.len(), configurations)
}

/// The comparisons of a test set with its reference.
fn compared(set: &AgainstReference) -> impl Iterator<Item = Compared<'_>> {
    set.others.iter().filter_map(|one| Some((one.configuration, one.pair.as_ref()?)))
}

fn not_compared(against: &[AgainstReference], comparisons: &Comparisons) -> NotCompared {
    if against.iter().any(|set| compared(set).next().is_some()) {
        return NotCompared::OnThisSet;
    }
    match comparisons.failed.first() {
        Some(failed) => NotCompared::Refused(failed.reason.clone()),
        None if against.len() > 1 => NotCompared::OtherCells,
        None => NotCompared::NoPredictions,
    }
}

/// The answer of comparisons with one reference, of which there is at least one, of `others` configurations.
fn of_pairs(pairs: &[Compared<'_>], others: usize, configurations: &[&Configuration]) -> Answer {
    let widest = pairs.iter().map(|(_, pair)| pair.half_width()).fold(0.0, f64::max);
    let methods: Vec<Compared<'_>> =
        pairs.iter().filter(|(_, pair)| pair.difference.scope == Scope::Methods).copied().collect();
    if methods.is_empty() {
        let is_on_both_sides = pairs.iter().all(|(_, pair)| pair.difference.seeds == [1, 1]);
        return Answer::OneSeed { half_width: widest, is_on_both_sides };
    }
    let smallest = |of: &dyn Fn(&Pair) -> bool| {
        let found = methods.iter().filter(|(_, pair)| of(pair));
        found.min_by_key(|(id, _)| configurations[*id].start.trainable_parameters).copied()
    };
    if let Some((id, pair)) = methods.iter().find(|(_, pair)| pair.verdict == Verdict::Better) {
        return Answer::Better { configuration: *id, difference: pair.difference.difference };
    }
    let is_equivalent =
        |pair: &Pair| matches!(pair.verdict, Verdict::Equivalent | Verdict::EquivalentYetDifferent);
    if let Some((configuration, pair)) = smallest(&is_equivalent) {
        let is_different = pair.verdict == Verdict::EquivalentYetDifferent;
        return Answer::Equivalent { configuration, is_different };
    }
    if let Some((configuration, pair)) = smallest(&|pair| pair.noninferiority.noninferior) {
        return Answer::NotInferior { configuration, is_worse: pair.verdict == Verdict::Worse };
    }
    let worse: Vec<(usize, f64)> = methods
        .iter()
        .filter(|(_, pair)| pair.verdict == Verdict::Worse)
        .map(|(id, pair)| (*id, -pair.difference.difference))
        .collect();
    match (worse.as_slice(), others - worse.len()) {
        ([], _) => Answer::Open { half_width: widest },
        (found, 0) => Answer::AllWorse {
            least: found.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min),
            most: found.iter().map(|(_, loss)| *loss).fold(0.0, f64::max),
            only: if let [(only, _)] = found { Some(*only) } else { None },
        },
        (found, open) => Answer::SomeWorse { worse: found.iter().map(|(id, _)| *id).collect(), open },
    }
}

impl Answer {
    /// Whether a comparison has a verdict on the methods.
    pub(crate) fn is_conclusive(&self) -> bool {
        matches!(
            self,
            Self::Better { .. }
                | Self::Equivalent { .. }
                | Self::NotInferior { .. }
                | Self::AllWorse { .. }
                | Self::SomeWorse { .. }
        )
    }
}
