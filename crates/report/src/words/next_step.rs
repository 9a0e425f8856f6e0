//! What to do next with the answer of a report.

use ranklab_store::RunStatus;

use crate::analysis::{Analysis, Answer};

use super::format::count;

/// Seeds that `ranklab` proposes where one was used.
const PROPOSED_SEEDS: usize = 5;

/// One sentence.
pub(crate) fn sentence(analysis: &Analysis) -> String {
    let open = open_trials(analysis);
    if open > 0 {
        return format!("Repeat the command of the sweep: {} left to train.", are(open));
    }
    match &analysis.answer {
        Answer::NoResult { .. } => {
            "Mend the cause, listed under “Without a result”, and repeat the command.".to_owned()
        }
        Answer::Alone { .. } => {
            "Train something to compare it with, such as `model=model_4,model_5 rank=1,4,16`.".to_owned()
        }
        Answer::NotCompared if !analysis.splits.is_empty() => {
            "Take the figure by patient as the estimate for new patients.".to_owned()
        }
        Answer::NotCompared => {
            "Train the configurations on the same split: same `split`, `split_seed` and `fold`.".to_owned()
        }
        Answer::NotConverged { .. } => {
            "Train longer, or set `batch_norm_momentum=0.9`; each run's section names its reason.".to_owned()
        }
        Answer::OneSeed { .. } => {
            format!("Add seeds: repeat the sweep with `seed=0..{}`.", PROPOSED_SEEDS - 1)
        }
        Answer::Open { .. } | Answer::SomeWorse { .. } => more_data(analysis),
        _ if analysis.conformity.confirmatory => {
            "The plan was kept: look at the errors by patient before relying on it.".to_owned()
        }
        _ => "Confirm it on seeds not used yet, with an `[analysis]` plan written before.".to_owned(),
    }
}

/// Trials that have not ended.
fn open_trials(analysis: &Analysis) -> usize {
    let is_open = |status: Option<RunStatus>| {
        matches!(status, None | Some(RunStatus::Interrupted | RunStatus::Running))
    };
    let status = analysis.unfinished.iter().map(|trial| trial.run.as_ref().map(|run| run.status));
    status.filter(|status| is_open(*status)).count()
}

fn are(trials: usize) -> String {
    format!("{} {}", count(trials, "trial"), if trials == 1 { "is" } else { "are" })
}

/// More seeds where they help, else more patients.
fn more_data(analysis: &Analysis) -> String {
    let seeds = analysis.power.and_then(|power| {
        power.seeds_for_margin.filter(|seeds| *seeds > power.seeds && power.folds.is_none())
    });
    match seeds {
        Some(seeds) => format!("Add seeds: repeat the sweep with `seed=0..{}`.", seeds - 1),
        None => "More seeds do not help: test more patients, with all folds (`fold=0..4`) or more images."
            .to_owned(),
    }
}
