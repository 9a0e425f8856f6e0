//! `ranklab cancel`: ends the work on a sweep, in Slurm's queue and in every worker.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use ranklab_runs::SweepFolder;
use ranklab_store::Value;

use super::complete;
use crate::{
    database::with_store,
    folders::Folders,
    named_sweep::SweepName,
    runtime::block_on,
    slurm::{job::Jobs, queue},
    ui::output::{log, print},
};

/// Time between two looks at the sweep's runs.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// End the work on a sweep: cancel its Slurm jobs and stop its workers, which save their trials.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab cancel latest
  ranklab cancel 3 --wait 5m

Workers look for the request twice a second; a network file system may show it a minute later. Another `ranklab sweep` \
or `ranklab work` resumes the sweep.")]
pub(crate) struct CancelArgs {
    /// Number of the sweep, or latest.
    #[arg(add = complete::sweeps())]
    sweep: SweepName,
    /// Wait this long until no worker trains a trial.
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = humantime::parse_duration)]
    wait: Duration,
}

/// Cancels a sweep, and prints what is left of it.
///
/// # Errors
/// When there is no such sweep, or the request to stop cannot be written.
pub(crate) fn cancel(folders: &Folders, arguments: &CancelArgs) -> anyhow::Result<()> {
    let (sweep, folder) = block_on(with_store(&folders.database(), async |store| {
        let row = arguments.sweep.find(store).await?;
        Ok((row.id, SweepFolder::new(&folders.runs, store.id(), row.id)))
    }))?;
    folder.cancel()?;
    let ids = Jobs::read(&folder)?.ids();
    if !ids.is_empty()
        && let Err(problem) = queue::cancel(&ids)
    {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        log(format_args!(
            "note: {problem}; the workers stop all the same; end the jobs with `scancel {}` where Slurm is",
            ids.join(" ")
        ));
    }
    let deadline = Instant::now() + arguments.wait;
    let mut states = states(folders, sweep)?;
    while states.contains_key("running") && Instant::now() < deadline {
        thread::sleep(LOOK_AGAIN);
        states = self::states(folders, sweep)?;
    }
    print(&format!("sweep {sweep} cancelled: {}\n", describe(&states)))?;
    if states.contains_key("running") {
        log(format_args!(
            "note: trials are still in training; their workers stop when they see the request, or lose their runs when their leases lapse"
        ));
    }
    if states.keys().any(|state| !["finished", "diverged"].contains(&state.as_str())) {
        print(&format!("next: ranklab work {sweep}\n"))?;
    }
    Ok(())
}

/// Number of trials in each state. Runs whose process is gone are marked as interrupted.
fn states(folders: &Folders, sweep: i64) -> anyhow::Result<BTreeMap<String, i64>> {
    let sql = format!("SELECT status, COUNT(*) FROM trial_states WHERE sweep = {sweep} GROUP BY status");
    let counted = block_on(with_store(&folders.database(), async |store| Ok(store.query(&sql).await?)))?;
    let state = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
        Ok([Value::Text(state), Value::Integer(count)]) => Some((state, count)),
        _ => None,
    };
    Ok(counted.rows.into_iter().filter_map(state).collect())
}

/// The states in words.
fn describe(states: &BTreeMap<String, i64>) -> String {
    let names = [
        ("finished", "finished"),
        ("interrupted", "interrupted"),
        ("planned", "not started"),
        ("running", "still in training"),
        ("failed", "failed"),
        ("diverged", "diverged"),
    ];
    let parts: Vec<String> = names
        .iter()
        .filter_map(|(state, name)| states.get(*state).map(|count| format!("{count} {name}")))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_counted_in_words() {
        let states = [("planned", 19), ("finished", 5)].map(|(state, count)| (state.to_owned(), count));
        assert_eq!(describe(&BTreeMap::from(states)), "5 finished, 19 not started");
    }
}
