//! What to do next with the answer of a report.

use std::collections::BTreeSet;

use ranklab_settings::Words;
use ranklab_stats::Scope;
use ranklab_store::RunStatus;

use crate::analysis::{Analysis, Answer, NotCompared};

use super::format::count;

/// Seeds that are proposed where one was used.
const PROPOSED_SEEDS: usize = 5;
/// Seeds that are proposed at most: of more, patients help sooner.
const MOST_SEEDS: usize = 20;

/// One sentence.
pub(crate) fn sentence(analysis: &Analysis) -> String {
    if let Some(open) = open_trials(analysis) {
        return open;
    }
    let some_did_not_converge = analysis.configurations.iter().any(|one| !one.not_converged.is_empty());
    match &analysis.answer {
        Answer::NoResult { trials: 0, .. } => {
            "Train runs that are tested: none has a test accuracy.".to_owned()
        }
        Answer::NoResult { .. } => {
            "Mend the cause, listed under “Without a result”, and repeat the command.".to_owned()
        }
        Answer::Alone { .. } => {
            "Train something to compare it with, such as `model=model_4,model_5 rank=1,4,16`.".to_owned()
        }
        Answer::NotCompared { reason } => not_compared(analysis, reason),
        Answer::NotConverged { .. } => {
            "Train again as the section of each run advises: epochs, learning rate or batch norm.".to_owned()
        }
        Answer::OneSeed { .. } | Answer::Open { .. } | Answer::SomeWorse { .. } if some_did_not_converge => {
            "First train again what did not converge: the section of each run says how.".to_owned()
        }
        Answer::OneSeed { .. } => add_seeds(PROPOSED_SEEDS),
        Answer::Open { .. } | Answer::SomeWorse { .. } => more_data(analysis),
        _ if analysis.conformity.confirmatory => {
            let group = &analysis.nouns.group.one;
            format!("The plan was kept: look at the errors by {group} before relying on it.")
        }
        _ => "Confirm it on seeds not used yet, with an `[analysis]` plan written before.".to_owned(),
    }
}

/// What to do about trials that have not ended; `None` where all have.
fn open_trials(analysis: &Analysis) -> Option<String> {
    let status = || analysis.unfinished.iter().map(|trial| trial.run.as_ref().map(|run| run.status));
    let running = status().filter(|status| *status == Some(RunStatus::Running)).count();
    let left = status().filter(|status| matches!(status, None | Some(RunStatus::Interrupted))).count();
    let are =
        |trials: usize| format!("{} {}", count(trials, "trial"), if trials == 1 { "is" } else { "are" });
    match (left, running) {
        (0, 0) => None,
        (0, running) => Some(format!("Wait: {} still training.", are(running))),
        (left, _) if analysis.sweep.is_some() => {
            Some(format!("Repeat the command of the sweep: {} left to train.", are(left)))
        }
        (left, _) => Some(format!("Resume their sweep: {} left to train.", are(left))),
    }
}

fn not_compared(analysis: &Analysis, reason: &NotCompared) -> String {
    let said = match reason {
        NotCompared::OnThisSet => "Read the comparisons of the other test sets, below.",
        _ if !analysis.splits.is_empty() => {
            let Words { group, groups, .. } = analysis.nouns.words();
            return format!("Take the figure by {group} as the estimate for new {groups}.");
        }
        NotCompared::Refused(_) => "Mend what the comparisons, below, are refused for.",
        NotCompared::OtherCells => {
            "Train the configurations on the same split: same `split`, `split_seed` and `fold`."
        }
        NotCompared::NoPredictions => "Train the runs again: their predictions cannot be put together.",
    };
    said.to_owned()
}

fn add_seeds(seeds: usize) -> String {
    format!("Add seeds: repeat the sweep with `seed=0..{}`.", seeds - 1)
}

/// More seeds where they are known to help, else more patients.
fn more_data(analysis: &Analysis) -> String {
    let pairs = &analysis.comparisons.pairs;
    if pairs.iter().any(|pair| pair.difference.scope == Scope::Networks) {
        return add_seeds(PROPOSED_SEEDS);
    }
    let folds: BTreeSet<i64> = analysis.runs.iter().filter_map(|run| run.row.start.fold).collect();
    let groups = &analysis.nouns.group.many;
    let more = match folds.len() {
        0 | 1 => format!("test more {groups}, with all folds (`fold=0..4`) or more images."),
        _ => format!("test more {groups}, with images of others."),
    };
    match analysis.power {
        Some(power) if power.folds.is_none() => match power.seeds_for_margin {
            Some(seeds) if seeds > power.seeds && seeds <= MOST_SEEDS => add_seeds(seeds),
            Some(seeds) if seeds <= power.seeds => format!("The seeds are enough: {more}"),
            _ => format!("More seeds help little: {more}"),
        },
        _ => format!("To learn more, {more}"),
    }
}
