//! `ranklab sweep`: trains every combination of settings that has no finished run.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use ranklab_data::unwatched;
use ranklab_runs::missing_sources;
use ranklab_settings::{AnalysisPlan, DEFAULT_JOBS, Experiment, Nouns, SlurmSettings, describe_keys, family};
use ranklab_sweep::{Ending, Plan, SweepSummary};
use serde_json::json;

use super::{complete, power, register};
use crate::{
    device::device,
    execution::{Executed, execute_plan},
    folders::Folders,
    named_sweep::{SweepName, named_sweep},
    outcome::{print_outcome, summary_line},
    ui::{
        errors::Problems,
        output::{json_text, log, print, print_fitted},
        printable::{printable, printable_json},
        profile::Profiler,
    },
};

/// Train every combination of the given settings that has no finished run yet.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab sweep rank=1,5,16                train three ranks
  ranklab sweep model=model_4,model_5 epochs=4 batch_norm_momentum=0.9
  ranklab sweep layers=block5_conv3,block5,block4+block5 rank=5 seed=0..2
  ranklab sweep -e experiments/rank_sweep.toml device=flex --dry-run
  ranklab sweep split=patient fold=0..4    train five folds of whole patients
  ranklab sweep rank=1,2,4,8 jobs=2        train two trials at a time
  ranklab sweep model=model_4,model_5 lr=auto baseline=model_4 margin=0.5
  ranklab sweep rank=1,2,4,8 --on slurm workers=8 time=3h

Settings that are not given follow the published protocol. Lists are a,b,c; ranges 0..4 include both ends. A path \
is one value: repeat the key for several (dataset=a dataset=b). `ranklab sweep --keys` lists all keys and their \
limits.

Repeat a command to resume interrupted runs; finished runs are not trained again. `ranklab sweep --resume` resumes \
the most recent sweep. Several processes can share the trials of one sweep.")]
pub(crate) struct SweepArgs {
    /// Settings; a list or a range gives one trial per value.
    #[arg(value_name = "KEY=VALUE", add = complete::settings())]
    pub(crate) overrides: Vec<OsString>,
    /// Resume the most recent sweep.
    #[arg(long, conflicts_with_all = ["experiment", "dry_run"])]
    pub(crate) resume: bool,
    /// Experiment file with settings; KEY=VALUE arguments override it.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) experiment: Option<PathBuf>,
    /// Print the plan, or the job script, and exit.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Register the sweep for `ranklab work` and exit.
    #[arg(long, conflicts_with_all = ["resume", "dry_run", "json", "profile"])]
    pub(crate) register: bool,
    /// Register the sweep, submit it to a batch system (slurm) and exit.
    #[arg(long, value_name = "SYSTEM", hide_possible_values = true, conflicts_with_all = ["register", "resume", "json", "profile"])]
    pub(crate) on: Option<BatchSystem>,
    /// Print the plan or the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Hide progress and notes.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print how long each part took, after the sweep.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Print all keys with their limits and exit.
    #[arg(long)]
    pub(crate) keys: bool,
}

/// A batch system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BatchSystem {
    /// Slurm, through `sbatch`.
    Slurm,
}

/// What the arguments of a sweep give.
pub(super) struct Given {
    /// The trials.
    pub(super) plan: Plan,
    /// Number of trials that train together.
    pub(super) jobs: usize,
    /// The Slurm job.
    pub(super) slurm: SlurmSettings,
}

impl SweepArgs {
    /// The plan of the settings, how many trials train together, and the Slurm job.
    ///
    /// # Errors
    /// When a setting is wrong, or when there is no sweep to resume.
    pub(super) fn plan(&self, folders: &Folders) -> anyhow::Result<Given> {
        let experiment = Experiment::assemble(self.experiment.as_deref(), &self.overrides)?;
        let jobs = experiment.jobs.or(folders.defaults.jobs).unwrap_or(DEFAULT_JOBS);
        if let Some(name) = experiment.slurm_given.first().filter(|_| self.on.is_none()) {
            bail!("`{name}` is a setting of a Slurm job: add --on slurm, or leave it out");
        }
        let slurm = experiment.slurm.clone();
        if self.resume {
            return Ok(Given { plan: self.latest_plan(folders)?, jobs, slurm });
        }
        let experiment = folders.defaults.apply(experiment)?.with_default("dataset", folders.images())?;
        let mut plan = Plan::new(&experiment)?;
        plan.name_negative_classes(&unwatched)?;
        Ok(Given { plan, jobs, slurm })
    }

    /// The plan of the most recent sweep in the database.
    fn latest_plan(&self, folders: &Folders) -> anyhow::Result<Plan> {
        let is_jobs = |setting: &&OsString| setting.to_string_lossy().trim_start().starts_with("jobs");
        if let Some(setting) = self.overrides.iter().find(|setting| !is_jobs(setting)) {
            let setting = setting.to_string_lossy();
            bail!(
                "`{setting}` cannot be combined with --resume, which keeps the settings of the most recent sweep"
            );
        }
        Ok(named_sweep(folders, SweepName::Latest)?.plan)
    }
}

/// Refuses a plan whose devices, images or weights are missing, and names all of them at once.
pub(super) fn check_sources(folders: &Folders, plan: &Plan) -> anyhow::Result<()> {
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

/// Trains the trials of the settings, or prints the keys.
pub(crate) fn sweep(folders: &Folders, arguments: &SweepArgs) -> anyhow::Result<()> {
    if arguments.keys {
        return print_fitted(&describe_keys());
    }
    run_plan(folders, &arguments.plan(folders)?, arguments)
}

/// Executes a plan, registers it for workers, or prints it for `--dry-run`.
///
/// # Errors
/// When images, weights or devices are missing, a signal ends the sweep, or a trial fails or diverges.
pub(super) fn run_plan(
    folders: &Folders,
    Given { plan, jobs, slurm }: &Given,
    arguments: &SweepArgs,
) -> anyhow::Result<()> {
    check_sources(folders, plan)?;
    match arguments.on {
        Some(BatchSystem::Slurm) if arguments.dry_run => {
            return register::print_script(folders, slurm, *jobs);
        }
        Some(BatchSystem::Slurm) => {
            return register::submit(folders, plan, slurm, *jobs, arguments.quiet);
        }
        None if arguments.register => return register::register(folders, plan, *jobs, arguments.quiet),
        None => {}
    }
    if arguments.dry_run {
        if let Some(defaults) = folders.defaults.describe() {
            log(format_args!("note: {}", printable(&defaults)));
        }
        for notice in plan.notices().into_iter().chain(plan.memory_notice()) {
            log(format_args!("note: {}", printable(&notice)));
        }
        let text = plan_text(plan, arguments.json)?;
        return if arguments.json { print(&text) } else { print_fitted(&text) };
    }
    let mut profiler = Profiler::default();
    let quiet = arguments.quiet || arguments.json;
    let executed = execute_plan(folders, plan, *jobs, quiet, &mut |event| profiler.observe(event))?;
    if arguments.profile {
        log(profiler.table().trim_end());
    }
    let printed = print_executed(folders, &executed, arguments);
    if let Some(interrupted) = executed.interrupted {
        // The exit code is that of the signal, also where a closed terminal takes no table.
        return Err(interrupted.into());
    }
    printed?;
    refuse_without_result(&executed.summary)
}

/// The error of a sweep that was cancelled, or that has trials without a result.
pub(super) fn refuse_without_result(summary: &SweepSummary) -> anyhow::Result<()> {
    let (sweep, left) = (summary.sweep, summary.left);
    if summary.ending == Ending::Cancelled && left > 0 {
        bail!(
            "sweep {sweep} was cancelled with {left} trials left, saved up to the last completed epoch; to resume, run `ranklab work {sweep}`"
        );
    }
    let without_result: Vec<&(String, String)> = summary.failed.iter().chain(&summary.diverged).collect();
    match without_result.as_slice() {
        [] => Ok(()),
        [(label, reason)] => bail!("{label}: {reason}"),
        [(label, reason), ..] => {
            bail!("{} trials have no result; the first is {label}: {reason}", without_result.len())
        }
    }
}

/// Prints what a sweep came to: as JSON, as counts, or for people.
fn print_executed(folders: &Folders, executed: &Executed, arguments: &SweepArgs) -> anyhow::Result<()> {
    let Executed { summary, warnings, .. } = executed;
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
            "left": summary.left,
            "not_converged": warnings.json(),
        });
        print(&format!("{}\n", printable_json(&result.to_string())))
    } else if arguments.quiet {
        print(&summary_line(summary))?;
        warnings.log_summary();
        Ok(())
    } else {
        print_outcome(folders, summary, warnings)
    }
}

/// What the sweep could show, in one line; `None` of a single configuration.
fn forecast(plan: &Plan) -> anyhow::Result<Option<String>> {
    let configurations: BTreeSet<String> =
        plan.configurations().map(|config| family(config, &config.model.weights)).collect();
    let seeds: BTreeSet<u64> = plan.configurations().map(|config| config.training.seed).collect();
    if configurations.len() < 2 {
        return Ok(None);
    }
    let analysis = plan.analysis.clone().unwrap_or_default();
    let nouns = Nouns::shared(plan.configurations().map(|config| config.data.nouns()));
    power::forecast(configurations.len(), seeds.len(), &analysis, &nouns).map(Some)
}

/// The plan as text or as JSON.
fn plan_text(plan: &Plan, json: bool) -> anyhow::Result<String> {
    if json {
        let trials: Vec<_> = plan
            .trials
            .iter()
            .map(|trial| json!({ "label": trial.label, "settings_hash": trial.config.hash(), "config": trial.config }))
            .collect();
        let plan = json!({
            "name": plan.name,
            "plan_hash": plan.hash(),
            "analysis_plan": plan.analysis,
            "analysis_plan_hash": plan.analysis.as_ref().map(AnalysisPlan::hash),
            "trials": trials,
        });
        return json_text(&plan);
    }
    let mut text = format!("{}: {} trials\n", printable(&plan.name), plan.trials.len());
    for (position, trial) in plan.trials.iter().enumerate() {
        text +=
            &format!("{:>4}  {}  {}\n", position + 1, &trial.config.hash()[..12], printable(&trial.label));
    }
    if let Some(forecast) = forecast(plan)? {
        text += &format!("{forecast}\n");
    }
    if let Some(analysis) = &plan.analysis {
        text += &format!("analysis plan {}: {}\n", &analysis.hash()[..12], printable(&analysis.to_string()));
    }
    Ok(text)
}
