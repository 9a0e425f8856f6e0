//! The answer that a report gives to the question of its sweep: which configuration is as good as the baseline.

use ranklab_stats::{Scope, Verdict};
use serde::Serialize;

use crate::data::Unfinished;

use super::against::{Against, AgainstReference};
use super::configuration::Configuration;
use super::pairs::Pair;

/// The answer, from verdicts on the first test set alone. Ids are those of configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Answer {
    /// No run has a test accuracy.
    NoResult {
        /// Trials that failed or diverged.
        failed: usize,
        /// All trials of the report.
        trials: usize,
    },
    /// There is one configuration only.
    Alone {
        /// The configuration.
        configuration: usize,
    },
    /// There are several configurations, and no comparison of them.
    NotCompared,
    /// All configurations that are compared, but for the reference, have runs that did not converge, or the reference has.
    NotConverged {
        /// Runs that did not converge.
        runs: usize,
        /// Runs of all configurations.
        of: usize,
    },
    /// Each comparison rests on one seed.
    OneSeed {
        /// Largest half-width of an interval, as a share.
        half_width: f64,
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
    },
    /// Some are not inferior to the reference by more than the margins, the smallest of them first.
    NotInferior {
        /// The smallest.
        configuration: usize,
    },
    /// All are less accurate than the reference.
    AllWorse {
        /// The smallest loss, as a share.
        least: f64,
        /// The largest loss, as a share.
        most: f64,
        /// The only configuration, where there is one.
        only: Option<usize>,
    },
    /// Some are less accurate than the reference; the others are open.
    SomeWorse {
        /// Those that are.
        worse: Vec<usize>,
        /// Comparisons that are open.
        open: usize,
    },
    /// Every comparison is open.
    Open {
        /// Half-width of the interval in the middle, as a share.
        half_width: f64,
    },
}

/// What a reader may do with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Images were generated or a trunk was not pretrained: the figures say nothing about real images.
    Synthetic,
    /// The answer rests on runs that did not converge.
    NotConverged,
    /// A comparison has a verdict on the methods.
    Conclusive,
    /// There is no such verdict.
    Open,
}

/// The answer of a report.
pub(crate) fn answer(
    configurations: &[Configuration],
    against: &[AgainstReference],
    unfinished: &[Unfinished],
) -> Answer {
    let known: Vec<&Configuration> = configurations.iter().filter(|one| one.accuracy().is_some()).collect();
    let Some(first) = known.first() else {
        let ended =
            unfinished.iter().filter(|trial| trial.run.as_ref().is_some_and(|run| run.failure.is_some()));
        return Answer::NoResult { failed: ended.count(), trials: unfinished.len() };
    };
    let pairs: Vec<(usize, &Pair)> = against.first().map(compared).unwrap_or_default();
    match (known.len(), pairs.is_empty()) {
        (1, _) => return Answer::Alone { configuration: first.id },
        (_, true) => return Answer::NotCompared,
        _ => {}
    }
    let converged = |id: usize| configurations[id].not_converged.is_empty();
    let sound: Vec<(usize, &Pair)> = match against.first() {
        Some(set) if converged(set.reference) => pairs.into_iter().filter(|(id, _)| converged(*id)).collect(),
        _ => Vec::new(),
    };
    if sound.is_empty() {
        return Answer::NotConverged {
            runs: configurations.iter().map(|one| one.not_converged.len()).sum(),
            of: configurations.iter().map(|one| one.runs.len()).sum(),
        };
    }
    of_pairs(&sound, configurations)
}

/// The comparisons of a test set with its reference.
fn compared(set: &AgainstReference) -> Vec<(usize, &Pair)> {
    let pair = |one: &'_ Against| one.pair.is_some();
    set.others
        .iter()
        .filter(|one| pair(one))
        .filter_map(|one| Some((one.configuration, one.pair.as_ref()?)))
        .collect()
}

/// The answer of comparisons with one reference, of which there is at least one.
fn of_pairs(pairs: &[(usize, &Pair)], configurations: &[Configuration]) -> Answer {
    let methods: Vec<&(usize, &Pair)> =
        pairs.iter().filter(|(_, pair)| pair.difference.scope == Scope::Methods).collect();
    if methods.is_empty() {
        let half_width = pairs.iter().map(|(_, pair)| half_width(pair)).fold(0.0, f64::max);
        return Answer::OneSeed { half_width };
    }
    let smallest = |of: &dyn Fn(&Pair) -> bool| {
        let found = methods.iter().filter(|(_, pair)| of(pair)).map(|(id, _)| *id);
        found.min_by_key(|id| configurations[*id].start.trainable_parameters)
    };
    if let Some((id, pair)) = methods.iter().find(|(_, pair)| pair.verdict == Verdict::Better) {
        return Answer::Better { configuration: *id, difference: pair.difference.difference };
    }
    let is_equivalent =
        |pair: &Pair| matches!(pair.verdict, Verdict::Equivalent | Verdict::EquivalentYetDifferent);
    if let Some(configuration) = smallest(&is_equivalent) {
        return Answer::Equivalent { configuration };
    }
    if let Some(configuration) = smallest(&|pair| pair.noninferiority.noninferior) {
        return Answer::NotInferior { configuration };
    }
    let worse: Vec<(usize, f64)> = methods
        .iter()
        .filter(|(_, pair)| pair.verdict == Verdict::Worse)
        .map(|(id, pair)| (*id, -pair.difference.difference))
        .collect();
    let open = pairs.len() - worse.len();
    match (worse.as_slice(), open) {
        ([], _) => {
            Answer::Open { half_width: middle(methods.iter().map(|(_, pair)| half_width(pair)).collect()) }
        }
        (found, 0) => Answer::AllWorse {
            least: found.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min),
            most: found.iter().map(|(_, loss)| *loss).fold(0.0, f64::max),
            only: if let [(only, _)] = found { Some(*only) } else { None },
        },
        (found, open) => Answer::SomeWorse { worse: found.iter().map(|(id, _)| *id).collect(), open },
    }
}

/// Half of the width of a difference's interval.
fn half_width(pair: &Pair) -> f64 {
    let interval = pair.difference.interval;
    (interval.upper - interval.lower) / 2.0
}

/// The value in the middle of several.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
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
