//! `ranklab verify`: trains a recorded run again and says whether it comes out the same.

use anyhow::{Context as _, bail};
use clap::Args;
use ranklab_runs::FEATURES;
use ranklab_sweep::{Verification, VerifyRules, verify as train_again};
use serde_json::json;

use crate::{
    Folders,
    device::device,
    output::{json_text, print},
    printable::printable,
    progress::Progress,
    signals::Signals,
    sweep::context,
};

/// Train a recorded run again, from its row alone, and say whether predictions and weights are identical.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab verify 3                 exit code 0 when run 3 comes out the same to the last bit, 1 when not
  ranklab verify 3 --no-cache      compute the trunk's features anew as well

The recorded run is only read. What is trained lies in a temporary folder and is removed.")]
pub(crate) struct VerifyArgs {
    /// The run.
    run: i64,
    /// Also a run of another version of ranklab.
    #[arg(long)]
    any_version: bool,
    /// Leave feature caches alone and compute the features anew.
    #[arg(long)]
    no_cache: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show nothing while it trains.
    #[arg(short, long)]
    quiet: bool,
}

/// Does what was asked.
pub(crate) fn verify(folders: &Folders, arguments: &VerifyArgs) -> anyhow::Result<()> {
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let scratch = tempfile::tempdir().context("no temporary folder can be made")?;
    let mut context = context(folders, 1, &signals);
    if arguments.no_cache {
        context.locations.features_folder = scratch.path().join(FEATURES);
    }
    let rules = VerifyRules { any_version: arguments.any_version };
    let mut progress = Progress::new(arguments.quiet || arguments.json);
    let verified = train_again(arguments.run, &rules, &context, &device, &mut |event| progress.show(event));
    progress.finish();
    let verified = match verified {
        Err(problem) if problem.is_stopped() => None,
        verified => verified?,
    };
    let Some(verified) = verified else {
        let said = format!("before run {} was trained again: nothing is known of it", arguments.run);
        let Some(interrupted) = signals.ended(said) else {
            bail!("run {} was not verified: it was stopped", arguments.run);
        };
        return Err(interrupted.into());
    };
    print(&if arguments.json { json(&verified)? } else { text(&verified) })?;
    match verified.differences.first() {
        None => Ok(()),
        Some(first) => bail!("run {} is not repeated: {} differ, {}", verified.run.id, first.what, first.how),
    }
}

fn text(verified: &Verification) -> String {
    let run = &verified.run;
    let [epochs, steps, tests, validations] = verified.compared;
    let name = format!("run {} ({})", run.id, printable(&run.start.label));
    if verified.differences.is_empty() {
        let hash = run.result.as_ref().map_or("", |result| result.model_hash.as_str());
        return format!(
            "{name} is repeated to the last bit: {epochs} epochs, {steps} metrics of steps, {validations} validation and {tests} test predictions, weights {hash}\n"
        );
    }
    let mut text = format!("{name} is NOT repeated\n");
    for difference in &verified.differences {
        text += &format!("  {}: {}\n", difference.what, printable(&difference.how));
    }
    text
}

fn json(verified: &Verification) -> anyhow::Result<String> {
    let [epochs, steps, tests, validations] = verified.compared;
    let differences: Vec<_> = verified
        .differences
        .iter()
        .map(|difference| json!({ "what": difference.what, "how": difference.how }))
        .collect();
    let value = json!({
        "run": verified.run.id,
        "identical": verified.differences.is_empty(),
        "epochs": epochs,
        "step_metrics": steps,
        "test_predictions": tests,
        "validation_predictions": validations,
        "differences": differences,
    });
    json_text(&value)
}
