//! `ranklab verify`: trains a recorded run again and compares the two bit for bit.

use anyhow::{Context as _, bail};
use clap::Args;
use ranklab_runs::FEATURES;
use ranklab_sweep::{Verification, VerifyRules, verify as train_again};
use serde_json::json;

use crate::{
    context::context,
    database::with_store,
    device::device,
    folders::Folders,
    runtime::block_on,
    signals::Signals,
    ui::{
        output::{json_text, print},
        printable::printable,
        progress::Progress,
    },
};

/// Train a recorded run again from its database row, and compare predictions and weights bit for bit.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab verify 3               train run 3 again and compare
  ranklab verify 3 --no-cache    compute the features of the trunk again as well

The exit code is 0 if the run is reproduced bit for bit, otherwise 1. The command only reads the recorded \
run. It trains in a temporary folder and \
removes that folder.")]
pub(crate) struct VerifyArgs {
    /// Number of the run.
    run: i64,
    /// Also verify a run that another version of ranklab trained.
    #[arg(long)]
    any_version: bool,
    /// Compute the features again instead of using the caches.
    #[arg(long)]
    no_cache: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Hide the progress.
    #[arg(short, long)]
    quiet: bool,
}

/// Trains the run again and prints the comparison; a difference is an error.
pub(crate) fn verify(folders: &Folders, arguments: &VerifyArgs) -> anyhow::Result<()> {
    // A database of an earlier schema is migrated.
    block_on(with_store(&folders.database(), async |_| Ok(())))?;
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    let mut context = context(folders, 1, signals.stop());
    if arguments.no_cache {
        context.locations.features_folder = scratch.path().join(FEATURES);
    }
    let rules = VerifyRules { any_version: arguments.any_version };
    let mut progress = Progress::new(arguments.quiet || arguments.json);
    let verified = train_again(arguments.run, &rules, &context, &device, &mut |event| progress.show(&event));
    progress.finish();
    let verified = match verified {
        Err(problem) if problem.is_stopped() => None,
        verified => verified?,
    };
    let Some(verified) = verified else {
        let state =
            format!("before run {} was trained again; repeat the command to verify it", arguments.run);
        let Some(interrupted) = signals.interruption(&state) else {
            bail!("run {} was not verified: its training stopped; repeat the command", arguments.run);
        };
        return Err(interrupted.into());
    };
    print(&if arguments.json { json(&verified)? } else { text(&verified) })?;
    match verified.differences.first() {
        None => Ok(()),
        Some(first) => {
            bail!("run {} is not reproduced: {} differ, {}", verified.run.id, first.what, first.how)
        }
    }
}

fn text(verified: &Verification) -> String {
    let run = &verified.run;
    let [epochs, steps, tests, validations] = verified.compared;
    let name = format!("run {} ({})", run.id, printable(&run.start.label));
    if verified.differences.is_empty() {
        let hash = run.result.as_ref().map_or("", |result| result.model_hash.as_str());
        return format!(
            "{name} is reproduced bit for bit: {epochs} epochs, {steps} step metrics, {validations} validation and {tests} test predictions, weights {hash}\n"
        );
    }
    let mut text = format!("{name} is NOT reproduced\n");
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
