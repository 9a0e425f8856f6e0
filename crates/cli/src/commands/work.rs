//! `ranklab work`: trains trials of a registered sweep, on any machine that sees the database and the runs folder.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;
use ranklab_settings::{DEFAULT_JOBS, Experiment};
use ranklab_sweep::{Ending, Limits, work_on};

use super::{
    complete,
    sweep::{check_sources, refuse_without_result},
};
use crate::{
    device::device,
    execution::{Executed, work_on_plan},
    folders::Folders,
    named_sweep::{NamedSweep, SweepName, named_sweep},
    outcome::summary_line,
    time_over::TimeOver,
    ui::output::{log, print},
    worker_log::WorkerLog,
};

/// Train trials of a registered sweep beside other workers, until none is left.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab sweep rank=1,2,4,8 --register    register a sweep
  ranklab work latest                      work on it, here and on other machines
  ranklab work 3 --time 3h jobs=2          end before three hours are over
  ranklab work 3 --trials 1                train one trial
  seq 8 | parallel -S node1,node2 -N0 --wd . ranklab work 3

A worker claims trials that no other one trains, and resumes interrupted ones. It ends when no trial is left to claim: \
with exit code 0, also while other workers train the rest, or 75 if its time is nearly over. SIGINT and SIGTERM save \
the running trials.")]
pub(crate) struct WorkArgs {
    /// Number of the sweep, or latest.
    #[arg(add = complete::sweeps())]
    sweep: SweepName,
    /// Number of trials that train together, as jobs=2.
    #[arg(value_name = "jobs=N")]
    overrides: Vec<OsString>,
    /// Train at most this many trials.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// End before this time is over: 3h, 90m. The worker estimates from its epochs what it can still finish.
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,
    /// Wait while other workers train the last trials, and take over those that stop.
    #[arg(long)]
    wait: bool,
    /// End at once if the sweep was cancelled before, as jobs in a queue do.
    #[arg(long)]
    unless_cancelled: bool,
    /// Keep no log: the output goes to this file in the sweep's folder of logs.
    #[arg(long, value_name = "NAME")]
    logged_to: Option<String>,
    /// Hide progress and notes.
    #[arg(short, long)]
    quiet: bool,
}

/// Reads a time such as `3h` or `1h 30m`.
fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|problem| format!("`{text}` is not a time ({problem}); give 3h, 90m or 30s"))
}

/// Works on a sweep.
///
/// # Errors
/// When there is no such sweep, its images, weights or devices are missing, a signal ends the work, the time is over, or a
/// trial fails or diverges.
pub(crate) fn work(folders: &Folders, arguments: &WorkArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let jobs = jobs(folders, &arguments.overrides)?;
    let NamedSweep { sweep, plan, folder } = named_sweep(folders, arguments.sweep)?;
    check_sources(folders, &plan)?;
    let limits = Limits {
        trials: arguments.trials.and_then(|trials| usize::try_from(trials).ok()),
        deadline: arguments.time.and_then(|time| started.checked_add(time)),
        waits: arguments.wait,
        obeys_earlier_cancellation: arguments.unless_cancelled,
    };
    let mut worker_log = match &arguments.logged_to {
        Some(name) => WorkerLog::kept_elsewhere(folder, name)?,
        None => WorkerLog::create(folder)?,
    };
    let executed = work_on_plan(
        folders,
        &plan,
        jobs,
        arguments.quiet,
        &|context, on_event| work_on(&plan, sweep, context, &limits, &device, on_event),
        Some(&mut worker_log),
        &mut |_| {},
    )?;
    report(executed)
}

/// Number of trials that train together; other settings are refused.
fn jobs(folders: &Folders, overrides: &[OsString]) -> anyhow::Result<usize> {
    let is_jobs = |setting: &&OsString| setting.to_string_lossy().trim_start().starts_with("jobs=");
    if let Some(setting) = overrides.iter().find(|setting| !is_jobs(setting)) {
        bail!(
            "`{}` is no setting of a worker: the sweep keeps its settings; give jobs=N",
            setting.to_string_lossy()
        );
    }
    let jobs = Experiment::assemble(None, overrides)?.jobs;
    Ok(jobs.or(folders.defaults.jobs).unwrap_or(DEFAULT_JOBS))
}

/// Prints what a worker came to, and returns its error if there is one.
fn report(executed: Executed) -> anyhow::Result<()> {
    let Executed { summary, warnings, interrupted } = executed;
    let printed = print(&summary_line(&summary));
    warnings.log_summary();
    if let Some(interrupted) = interrupted {
        return Err(interrupted.into());
    }
    printed?;
    match summary.ending {
        Ending::Time if summary.left > 0 => {
            return Err(TimeOver { sweep: summary.sweep, left: summary.left }.into());
        }
        Ending::Elsewhere => {
            log(format_args!("note: other workers train the trials that are left; --wait waits for them"));
        }
        _ => {}
    }
    refuse_without_result(&summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("3h"), Ok(Duration::from_secs(10_800)));
        assert_eq!(time("0s"), Ok(Duration::ZERO));
        for text in ["", "3", "soon"] {
            assert!(time(text).unwrap_err().contains("is not a time"), "{text}");
        }
    }
}
