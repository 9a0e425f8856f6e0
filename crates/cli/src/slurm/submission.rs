//! The submission of a registered sweep to Slurm.

use std::{
    fmt::Display,
    path::{Path, absolute},
    process::Command,
};

use anyhow::{Context as _, anyhow};
use ranklab_runs::SweepFolder;
use ranklab_settings::SlurmSettings;
use ranklab_store::Location;

use super::{
    call::{Failure, call},
    job::{Jobs, SubmittedJob},
    queue,
    script::Job,
};
use crate::{folders::Folders, ui::output::log};

/// Name of the script in the sweep's folder.
const SCRIPT: &str = "slurm.sh";

/// The job of a sweep; `sweep` is its number.
///
/// # Errors
/// When a path cannot be made absolute.
pub(crate) fn job(
    folders: &Folders,
    sweep: impl Display,
    folder: &SweepFolder,
    settings: &SlurmSettings,
    jobs: usize,
) -> anyhow::Result<Job> {
    let whole = |path: &Path| absolute(path).with_context(|| format!("finding {} failed", path.display()));
    Ok(Job {
        sweep: sweep.to_string(),
        settings: settings.clone(),
        program: std::env::current_exe().context("finding this program's file failed")?,
        runs: whole(&folders.runs)?,
        data: whole(&folders.data)?,
        database: written_name(&folders.database())?,
        script: whole(&folder.file(SCRIPT))?,
        logs: whole(&folder.logs())?,
        jobs,
    })
}

/// The database as a script names it; `None` of a URL with a password, which only the environment passes on.
fn written_name(database: &Location) -> anyhow::Result<Option<String>> {
    let shown = database.to_string();
    match database.url() {
        Some(url) => Ok((url == shown).then_some(shown)),
        None => Ok(Some(absolute(Path::new(&shown))?.to_string_lossy().into_owned())),
    }
}

/// Writes the script of a job and submits it. Returns the job's number.
///
/// # Errors
/// When the script cannot be written, or Slurm is missing or refuses it. The sweep stays registered.
pub(crate) fn submit(folders: &Folders, folder: &SweepFolder, job: &Job) -> anyhow::Result<u64> {
    folder.create()?;
    folder.write(SCRIPT, job.script()?.as_bytes())?;
    note_active_jobs(folder)?;
    let mut command = Command::new("sbatch");
    command.arg("--parsable").arg(&job.script);
    if job.database.is_none()
        && let Some(url) = folders.database().url()
    {
        command.env("RANKLAB_DATABASE", url);
    }
    let (sweep, script) = (&job.sweep, job.script.display());
    let printed = call(&mut command).map_err(|failure| match failure {
        Failure::Missing => anyhow!(
            "sbatch is not on this machine; sweep {sweep} is registered: submit it where Slurm is (`sbatch {script}`), or train it with `ranklab work {sweep}`"
        ),
        Failure::Refused(reason) => anyhow!(
            "sbatch refused sweep {sweep}: {reason}; the sweep is registered: repeat the command with other settings, or train it with `ranklab work {sweep}`"
        ),
    })?;
    // `NUMBER`, or `NUMBER;CLUSTER`.
    let id = printed.trim().split(';').next().and_then(|id| id.parse().ok());
    let id = id.with_context(|| format!("sbatch printed no number of a job: `{}`", printed.trim()))?;
    Jobs::add(folder, SubmittedJob { id, workers: job.workers() })?;
    Ok(id)
}

/// Logs which earlier jobs of the sweep are still in the queue: they and the new one share the trials.
fn note_active_jobs(folder: &SweepFolder) -> anyhow::Result<()> {
    for (id, tasks) in queue::tasks(&Jobs::read(folder)?.ids()).unwrap_or_default() {
        log(format_args!("note: job {id} of this sweep is still in the queue: {}", tasks.describe()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_a_database_unless_its_url_holds_a_password() {
        let written = |name: &str| written_name(&Location::parse(Path::new(name)).unwrap()).unwrap();
        for url in ["postgres://me:secret@host/runs", "postgres://host/runs?user=me&password=secret"] {
            assert_eq!(written(url), None, "{url}");
        }
        for url in ["postgres://me@host:5432/runs", "postgres:///runs?host=/var/run"] {
            assert_eq!(written(url).as_deref(), Some(url));
        }
        assert!(Path::new(&written("runs/ranklab.db").unwrap()).is_absolute());
    }
}
