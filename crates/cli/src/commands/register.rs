//! Registers a sweep for workers, and submits it to Slurm: `--register` and `--on slurm` of `ranklab sweep`.

use anyhow::Context as _;
use ranklab_runs::SweepFolder;
use ranklab_settings::SlurmSettings;
use ranklab_sweep::{Plan, RegisteredSweep, register_sweep};

use crate::{
    context::context,
    database::with_store,
    folders::Folders,
    runtime::block_on,
    signals::Signals,
    slurm::submission::{self, job},
    ui::{output::print, progress::Progress},
};

/// Stands for the number of a sweep that is not registered.
const NUMBER: &str = "SWEEP";

/// Registers a sweep and prints how to work on it.
///
/// # Errors
/// When the sweep cannot be registered, or a signal ends the command.
pub(super) fn register(folders: &Folders, plan: &Plan, jobs: usize, quiet: bool) -> anyhow::Result<()> {
    let registered = in_database(folders, plan, jobs, quiet)?;
    print(&format!("{}next: ranklab work {}\n", line(&registered), registered.sweep))
}

/// Registers a sweep, submits it to Slurm, and prints the number of the job.
///
/// # Errors
/// When the sweep cannot be registered, a signal ends the command, or Slurm refuses the job.
pub(super) fn submit(
    folders: &Folders,
    plan: &Plan,
    settings: &SlurmSettings,
    jobs: usize,
    quiet: bool,
) -> anyhow::Result<()> {
    let registered = in_database(folders, plan, jobs, quiet)?;
    let sweep = registered.sweep;
    print(&line(&registered))?;
    let database = block_on(with_store(&folders.database(), async |store| Ok(store.id().to_owned())))?;
    let folder = SweepFolder::new(&folders.runs, &database, sweep);
    let job = job(folders, sweep, &folder, settings, jobs)?;
    let id = submission::submit(folders, &folder, &job)?;
    print(&format!("job {id}: {} workers, script {}\n", job.workers(), job.script.display()))?;
    print(&format!("next: ranklab sweeps, ranklab cancel {sweep}\n"))
}

/// Prints the job script of a sweep that is not registered.
///
/// # Errors
/// When a path cannot stand in a script.
pub(super) fn print_script(folders: &Folders, settings: &SlurmSettings, jobs: usize) -> anyhow::Result<()> {
    let folder = SweepFolder::new(&folders.runs, "", NUMBER);
    print(&job(folders, NUMBER, &folder, settings, jobs)?.script()?)
}

/// Registers a sweep, with the notes of its images and weights.
fn in_database(folders: &Folders, plan: &Plan, jobs: usize, quiet: bool) -> anyhow::Result<RegisteredSweep> {
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let context = context(folders, jobs, signals.stop());
    let mut progress = Progress::of_plan(quiet, plan);
    let registered = register_sweep(plan, &context, &mut |event| progress.show(&event));
    progress.finish();
    match registered {
        Err(problem) if problem.is_stopped() => {
            let state = "before the sweep was registered; repeat the command to start again";
            Err(signals.interruption(state).map_or(problem.into(), anyhow::Error::from))
        }
        registered => Ok(registered?),
    }
}

/// A registered sweep in one line.
fn line(registered: &RegisteredSweep) -> String {
    let RegisteredSweep { sweep, trials, finished } = registered;
    format!("sweep {sweep}: {trials} trials registered, {finished} already finished\n")
}
