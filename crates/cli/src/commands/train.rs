//! `ranklab train`: a sweep of exactly one trial.

use anyhow::bail;
use clap::Args;

use super::sweep::{SweepArgs, run_plan};
use crate::{folders::Folders, ui::output::print};

/// Train one configuration.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab train                            train model_5 at rank 5
  ranklab train -e experiments/model_4.toml limit=3000 batch_norm_momentum=0.9
  ranklab train rank=16 preset=peft layers=block4+block5

Settings that are not given follow the published protocol. `ranklab train --keys` lists all keys and their limits.")]
pub(crate) struct TrainArgs {
    /// The arguments of `ranklab sweep`, without lists.
    #[command(flatten)]
    sweep: SweepArgs,
}

/// Trains the one trial of the settings.
pub(crate) fn train(folders: &Folders, arguments: &TrainArgs) -> anyhow::Result<()> {
    let arguments = &arguments.sweep;
    if arguments.keys {
        return print(&ranklab_settings::describe_keys());
    }
    let given = arguments.plan(folders)?;
    if given.plan.trials.len() > 1 {
        bail!(
            "these settings give {} trials and `ranklab train` trains one: use `ranklab sweep`, or give one value per key",
            given.plan.trials.len()
        );
    }
    run_plan(folders, &given, arguments)
}
