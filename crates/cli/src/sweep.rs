//! `ranklab sweep`, `train` and `quickstart`: from arguments to finished runs.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ranklab_runs::{DATABASE, FEATURES, Locations, missing_sources};
use ranklab_settings::{DEFAULT_JOBS, Experiment, describe_keys};
use ranklab_sweep::{Context, Plan, SweepEvent, SweepSummary, execute};
use ranklab_trainer::Event;
use serde_json::json;

use crate::{
    Folders, Problems, allocator,
    code::code,
    convergence::Warnings,
    device::device,
    output::{json_text, print, tell},
    printable::{printable, printable_json},
    profile::Profiler,
    progress::Progress,
    signals::Signals,
};

/// Train every combination of the given settings that has no finished run yet.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab sweep rank=1,5,16                          three ranks, the published protocol otherwise
  ranklab sweep model=model_4,model_5 limit=3000 epochs=4 batch_norm_momentum=0.9
  ranklab sweep layers=block5_conv3,block5,block4+block5 rank=5 seed=0..2
  ranklab sweep -e experiments/rank_sweep.toml device=flex --dry-run
  ranklab sweep split=patient fold=0..4              whole patients, five folds
  ranklab sweep rank=1,2,4,8 jobs=2                  two trials at a time on one frozen part

Repeating a command trains nothing again, and continues what was interrupted; `ranklab sweep --resume` does
that for the sweep asked for last. Several processes may run one sweep: they share its trials. Lists are a,b,c; ranges
0..4 include both ends. A path is one value: repeat the key for several (dataset=a dataset=b).
`ranklab sweep --keys` lists all keys and their limits.")]
pub(crate) struct SweepArgs {
    /// Settings as key=value, lists and ranges to vary them.
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<OsString>,
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
  ranklab train -e experiments/model_4.toml limit=3000 batch_norm_momentum=0.9
  ranklab train rank=16 preset=peft layers=block4+block5")]
pub(crate) struct TrainArgs {
    /// The same as for sweep, without lists.
    #[command(flatten)]
    pub(crate) sweep: SweepArgs,
}

impl SweepArgs {
    /// The plan, and how many trials train together.
    fn plan(&self, folders: &Folders) -> anyhow::Result<(Plan, usize)> {
        let experiment = Experiment::assemble(self.experiment.as_deref(), &self.overrides)?;
        let jobs = experiment.jobs.unwrap_or(DEFAULT_JOBS);
        if self.resume {
            return Ok((self.registered(folders)?, jobs));
        }
        let experiment = experiment.with_default("dataset", folders.images())?;
        Ok((Plan::new(&experiment)?, jobs))
    }

    /// The plan of the sweep that was asked for last.
    fn registered(&self, folders: &Folders) -> anyhow::Result<Plan> {
        let is_jobs = |setting: &&OsString| setting.to_string_lossy().trim_start().starts_with("jobs");
        if let Some(setting) = self.overrides.iter().find(|setting| !is_jobs(setting)) {
            let setting = setting.to_string_lossy();
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

/// Refuses a plan whose devices, images or weights are not there: all of them at once.
fn check(folders: &Folders, plan: &Plan) -> anyhow::Result<()> {
    let mut problems: Vec<String> = Vec::new();
    for trial in &plan.trials {
        if let Err(problem) = device(&trial.config.device)
            && !problems.contains(&problem)
        {
            problems.push(problem);
        }
    }
    problems.extend(missing_sources(plan.configurations(), &folders.runs, &folders.weights()));
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems).into()) }
}

/// Runs `sweep`.
pub(crate) fn sweep(folders: &Folders, arguments: &SweepArgs) -> anyhow::Result<()> {
    if arguments.keys {
        return print(&describe_keys());
    }
    let (plan, jobs) = arguments.plan(folders)?;
    run(folders, &plan, jobs, arguments)
}

/// Runs `train`: a sweep of exactly one trial.
pub(crate) fn train(folders: &Folders, arguments: &TrainArgs) -> anyhow::Result<()> {
    let arguments = &arguments.sweep;
    if arguments.keys {
        return print(&describe_keys());
    }
    let (plan, jobs) = arguments.plan(folders)?;
    if plan.trials.len() > 1 {
        bail!("these are {} trials: use `ranklab sweep`, or give one value per key", plan.trials.len());
    }
    run(folders, &plan, jobs, arguments)
}

fn run(folders: &Folders, plan: &Plan, jobs: usize, arguments: &SweepArgs) -> anyhow::Result<()> {
    check(folders, plan)?;
    if arguments.dry_run {
        for notice in plan.notices().into_iter().chain(plan.memory_notice()) {
            tell(format_args!("note: {}", printable(&notice)));
        }
        return print(&describe(plan, arguments.json)?);
    }
    let mut profiler = Profiler::default();
    let quiet = arguments.quiet || arguments.json;
    let (summary, warnings) = execute_plan(folders, plan, jobs, quiet, &mut |event| profiler.note(event))?;
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
            "not_converged": warnings.json(),
        });
        print(&format!("{}\n", printable_json(&result.to_string())))?;
    } else {
        print(&summed_up(&summary))?;
        warnings.tell();
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
pub(crate) fn locations(folders: &Folders) -> Locations {
    Locations {
        runs_folder: folders.runs.clone(),
        features_folder: folders.runs.join(FEATURES),
        data_folder: folders.data.clone(),
        imagenet_weights: folders.weights(),
    }
}

pub(crate) fn context(folders: &Folders, jobs: usize, signals: &Signals) -> Context {
    Context {
        locations: locations(folders),
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

/// Runs a plan and shows its progress; a signal that ends it is an error. Gives the summary and the runs that did not
/// converge.
pub(crate) fn execute_plan(
    folders: &Folders,
    plan: &Plan,
    jobs: usize,
    quiet: bool,
    note: &mut dyn FnMut(&SweepEvent),
) -> anyhow::Result<(SweepSummary, Warnings)> {
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let context = context(folders, jobs, &signals);
    let mut progress = Progress::new(quiet);
    let mut warnings = Warnings::default();
    let summary = execute(plan, &context, &device, &mut |event| {
        note(&event);
        // What features took, and what evaluation and the last checkpoint took, is not wanted again soon.
        if let SweepEvent::Training { event: Event::FeaturesReady | Event::Checkpoint(_), .. } = &event {
            allocator::release_freed_memory();
        }
        let not_converged = warnings.note(folders, &event);
        progress.show(event);
        not_converged.iter().for_each(|line| progress.line(line));
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
        _ => Ok((summary, warnings)),
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
        return json_text(&plan);
    }
    let mut text = format!("{}: {} trials\n", printable(&plan.name), plan.trials.len());
    for (place, trial) in plan.trials.iter().enumerate() {
        text += &format!("{:>4}  {}  {}\n", place + 1, &trial.config.hash()[..12], printable(&trial.label));
    }
    Ok(text)
}
