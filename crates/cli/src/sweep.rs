//! `ranklab sweep`, `train` and `quickstart`: from arguments to finished runs.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use ranklab_sweep::{
    Context, DATABASE, DEFAULT_JOBS, Experiment, FEATURES, Plan, SweepEvent, SweepSummary, describe_keys,
    execute,
};
use ranklab_trainer::Event;
use serde_json::json;

use crate::{
    Folders, allocator,
    code::code,
    device::device,
    output::{print, tell},
    printable::printable,
    profile::Profiler,
    progress::Progress,
    signals::Signals,
};

/// Train every combination of the given settings that has no finished run yet.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab sweep rank=1,5,16                          three ranks, the published protocol otherwise
  ranklab sweep model=model_4,model_5 limit=3000 epochs=2
  ranklab sweep layers=block5_conv3,block5,block4+block5 rank=5 seed=0..2
  ranklab sweep -e experiments/rank_sweep.toml device=flex --dry-run
  ranklab sweep split=patient fold=0..4              whole patients, five folds
  ranklab sweep rank=1,2,4,8 jobs=2                  two trials at a time on one frozen part

Repeating a command trains nothing again, and continues what was interrupted; `ranklab sweep --resume` does
that for the sweep asked for last. Several processes may run one sweep: they share its trials. Lists are a,b,c; ranges 0..4 include both ends.
`ranklab sweep --keys` lists all keys.")]
pub(crate) struct SweepArgs {
    /// Settings as key=value, lists and ranges to vary them.
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Go on with the sweep that was asked for last.
    #[arg(long, conflicts_with_all = ["experiment", "dry_run"])]
    pub(crate) resume: bool,
    /// An experiment file to start from.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) experiment: Option<PathBuf>,
    /// Show the plan and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the plan or the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show nothing while it runs.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Show where the time went at the end.
    #[arg(long)]
    pub(crate) profile: bool,
    /// List all keys and what they may be.
    #[arg(long)]
    pub(crate) keys: bool,
}

/// Train one configuration.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab train                                      model_5 at rank 5, the published protocol
  ranklab train -e experiments/model_4.toml limit=3000
  ranklab train rank=16 preset=peft layers=block4+block5")]
pub(crate) struct TrainArgs {
    /// The same as for sweep, without lists.
    #[command(flatten)]
    pub(crate) sweep: SweepArgs,
}

impl SweepArgs {
    /// Takes `jobs=N` out of the overrides: it says how to run and is no part of what is run.
    fn without_jobs(&self) -> anyhow::Result<(Vec<&str>, usize)> {
        let mut jobs = DEFAULT_JOBS;
        let mut overrides = Vec::new();
        for setting in &self.overrides {
            match setting.strip_prefix("jobs=") {
                None => overrides.push(setting.as_str()),
                Some(value) => {
                    jobs = value.parse().ok().filter(|jobs| *jobs >= 1).with_context(|| {
                        format!("jobs: `{value}` is not a number of trials; give a whole number from 1")
                    })?;
                }
            }
        }
        Ok((overrides, jobs))
    }

    fn plan(&self, folders: &Folders) -> anyhow::Result<Plan> {
        if self.resume {
            return self.registered(folders);
        }
        let experiment = match &self.experiment {
            Some(path) => Experiment::read(path)?,
            None => Experiment::default(),
        };
        let dataset = folders.data.join("cell_images.zip");
        let experiment = experiment
            .with_overrides(self.without_jobs()?.0)?
            .with_default("dataset", &dataset.to_string_lossy())?;
        Ok(Plan::new(&experiment)?)
    }

    /// The plan of the sweep that was asked for last.
    fn registered(&self, folders: &Folders) -> anyhow::Result<Plan> {
        if let Some(setting) = self.without_jobs()?.0.first() {
            bail!("`{setting}` does not go with --resume, which takes the settings of the last sweep");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let store = crate::database::open(&folders.runs.join(DATABASE)).await?;
            let sweep = store.latest_sweep().await?;
            let sweep = sweep.context("there is no sweep to go on with; run `ranklab sweep` first")?;
            let trials = store.trials(sweep.id).await?;
            store.close().await;
            Ok(Plan::registered(&sweep, &trials)?)
        })
    }
}

/// Runs `sweep`.
pub(crate) fn sweep(folders: &Folders, arguments: &SweepArgs) -> anyhow::Result<()> {
    if arguments.keys {
        return print(&describe_keys());
    }
    let plan = arguments.plan(folders)?;
    run(folders, &plan, arguments)
}

/// Runs `train`: a sweep of exactly one trial.
pub(crate) fn train(folders: &Folders, arguments: &TrainArgs) -> anyhow::Result<()> {
    let arguments = &arguments.sweep;
    if arguments.keys {
        return print(&describe_keys());
    }
    let plan = arguments.plan(folders)?;
    if plan.trials.len() > 1 {
        bail!("these are {} trials: use `ranklab sweep`, or give one value per key", plan.trials.len());
    }
    run(folders, &plan, arguments)
}

fn run(folders: &Folders, plan: &Plan, arguments: &SweepArgs) -> anyhow::Result<()> {
    if arguments.dry_run {
        return print(&describe(plan, arguments.json)?);
    }
    for trial in &plan.trials {
        device(&trial.config.device).map_err(anyhow::Error::msg)?;
    }
    let (_, jobs) = arguments.without_jobs()?;
    let mut profiler = Profiler::default();
    let quiet = arguments.quiet || arguments.json;
    let summary = execute_plan(folders, plan, jobs, quiet, &mut |event| profiler.note(event))?;
    if arguments.profile {
        tell(profiler.table().trim_end());
    }
    if arguments.json {
        let named = |trials: &[(String, String)]| -> Vec<_> {
            trials.iter().map(|(label, reason)| json!({ "label": label, "reason": reason })).collect()
        };
        let (failed, diverged) = (named(&summary.failed), named(&summary.diverged));
        let result = json!({
            "sweep": summary.sweep,
            "trained": summary.finished,
            "skipped": summary.skipped,
            "failed": failed,
            "diverged": diverged,
        });
        print(&format!("{result}\n"))?;
    } else {
        print(&summed_up(&summary))?;
    }
    let undone: Vec<&(String, String)> = summary.failed.iter().chain(&summary.diverged).collect();
    match undone.as_slice() {
        [] => Ok(()),
        [(label, reason)] => bail!("{label}: {reason}"),
        [(label, reason), ..] => {
            bail!("{} trials have no result; the first, {label}: {reason}", undone.len())
        }
    }
}

/// One line.
fn summed_up(summary: &SweepSummary) -> String {
    let mut line = format!(
        "sweep {}: {} trained, {} finished before, {} failed",
        summary.sweep,
        summary.finished,
        summary.skipped,
        summary.failed.len()
    );
    if !summary.diverged.is_empty() {
        line += &format!(", {} diverged", summary.diverged.len());
    }
    line + "\n"
}

/// Where things are, and what can stop it.
pub(crate) fn context(folders: &Folders, jobs: usize, signals: &Signals) -> Context {
    Context {
        runs_folder: folders.runs.clone(),
        features_folder: folders.runs.join(FEATURES),
        data_folder: folders.data.clone(),
        imagenet_weights: folders.weights(),
        // Arguments need not be text.
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" "),
        jobs,
        stop: signals.stop(),
        code: code(),
    }
}

/// Runs a plan and shows its progress; a signal that ends it is an error.
pub(crate) fn execute_plan(
    folders: &Folders,
    plan: &Plan,
    jobs: usize,
    quiet: bool,
    note: &mut dyn FnMut(&SweepEvent),
) -> anyhow::Result<SweepSummary> {
    let signals = Signals::listen().context("SIGINT and SIGTERM cannot be listened to")?;
    let context = context(folders, jobs, &signals);
    let mut progress = Progress::new(quiet);
    let summary = execute(plan, &context, &device, &mut |event| {
        note(&event);
        // What features took, and what evaluation and the last checkpoint took, is not wanted again soon.
        if let SweepEvent::Training { event: Event::FeaturesReady | Event::Checkpoint(_), .. } = &event {
            allocator::release_freed_memory();
        }
        progress.show(event);
    });
    progress.finish();
    let summary = match summary {
        Err(problem) if problem.is_stopped() => {
            let how = "while images were read, before anything was trained; the same command begins anew";
            return Err(signals.ended(how.to_owned()).map_or(problem.into(), anyhow::Error::from));
        }
        summary => summary?,
    };
    match signals.interrupted(summary.left) {
        // One that came after the last trial's end changes nothing.
        Some(interrupted) if summary.left > 0 => Err(interrupted.into()),
        _ => Ok(summary),
    }
}

/// The plan for people or for a machine.
fn describe(plan: &Plan, json: bool) -> anyhow::Result<String> {
    if json {
        let trials: Vec<_> = plan
            .trials
            .iter()
            .map(|trial| json!({ "label": trial.label, "settings_hash": trial.config.hash(), "config": trial.config }))
            .collect();
        let plan = json!({ "name": plan.name, "plan_hash": plan.hash(), "trials": trials });
        return Ok(format!("{}\n", serde_json::to_string_pretty(&plan)?));
    }
    let mut text = format!("{}: {} trials\n", printable(&plan.name), plan.trials.len());
    for (place, trial) in plan.trials.iter().enumerate() {
        text += &format!("{:>4}  {}  {}\n", place + 1, &trial.config.hash()[..12], printable(&trial.label));
    }
    Ok(text)
}
