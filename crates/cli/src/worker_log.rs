//! Logs of workers, and the parts of them that belong to each run: a file for each run lists them.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use anyhow::Context as _;
use ranklab_runs::{SweepFolder, host};
use ranklab_sweep::SweepEvent;
use serde::{Deserialize, Serialize};

use crate::ui::output::{keep_log, log};

/// Name of the folder of lists, in the folder of logs.
const LISTS: &str = "runs";

/// A mark in a worker's log, where a run begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Name of the log.
    log: String,
    /// Bytes before the mark.
    at: u64,
    /// Whether the run ends here, instead of beginning.
    ends: bool,
}

/// A part of a log, in bytes; without an end where the worker did not end the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPart {
    /// Path of the log.
    pub(crate) path: PathBuf,
    /// First byte.
    pub(crate) from: u64,
    /// Byte after the last one.
    pub(crate) to: Option<u64>,
}

/// The log of this worker.
pub(crate) struct WorkerLog {
    folder: SweepFolder,
    name: String,
    /// Run of each trial in training, by position.
    runs: HashMap<usize, i64>,
}

impl WorkerLog {
    /// The log of a worker whose output somebody else keeps in the file `name` of the folder of logs.
    ///
    /// # Errors
    /// When the folder of logs cannot be created.
    pub(crate) fn kept_elsewhere(folder: SweepFolder, name: &str) -> anyhow::Result<Self> {
        folder.create()?;
        fs::create_dir_all(folder.logs().join(LISTS))?;
        Ok(Self { folder, name: name.to_owned(), runs: HashMap::new() })
    }

    /// Creates the log of a worker, named by its host and process. Later logged lines go there as well.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(crate) fn create(folder: SweepFolder) -> anyhow::Result<Self> {
        let host = host().replace(['/', '\\'], "-");
        let created = Self::kept_elsewhere(folder, &format!("{host}-{}.log", std::process::id()))?;
        let path = created.folder.logs().join(&created.name);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        keep_log(file.with_context(|| format!("creating the log {} failed", path.display()))?);
        Ok(created)
    }

    /// Marks the begin of a run, before its first line.
    pub(crate) fn before(&mut self, event: &SweepEvent) {
        if let SweepEvent::TrialStarted { position, run, label } = event {
            self.runs.insert(*position, *run);
            self.mark(*run, false);
            log(format_args!("run {run}: process {} on {} trains {label}", std::process::id(), host()));
        }
    }

    /// Marks the end of a run, after its last line.
    pub(crate) fn after(&mut self, event: &SweepEvent) {
        if let SweepEvent::TrialFinished { position, .. }
        | SweepEvent::TrialDiverged { position, .. }
        | SweepEvent::TrialInterrupted { position, .. }
        | SweepEvent::TrialFailed { position, .. } = event
            && let Some(run) = self.runs.remove(position)
        {
            self.mark(run, true);
        }
    }

    /// Adds a mark to the list of a run. Without it the log stays, but is not found by the run.
    fn mark(&self, run: i64, ends: bool) {
        let logs = self.folder.logs();
        let at = fs::metadata(logs.join(&self.name)).map_or(0, |metadata| metadata.len());
        let mark = Mark { log: self.name.clone(), at, ends };
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(list(&self.folder, run))
            .and_then(|mut file| writeln!(file, "{}", serde_json::to_string(&mark)?));
        if let Err(problem) = written {
            log(format_args!("note: `ranklab logs {run}` will not find this log: {problem}"));
        }
    }
}

/// The list of the parts of logs that belong to a run.
fn list(folder: &SweepFolder, run: i64) -> PathBuf {
    folder.logs().join(LISTS).join(run.to_string())
}

/// The parts of logs that belong to a run, in the order of its workers.
///
/// # Errors
/// When the list exists and cannot be read.
pub(crate) fn parts(folder: &SweepFolder, run: i64) -> anyhow::Result<Vec<LogPart>> {
    let path = list(folder, run);
    if !folder.exists() || !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {} failed", path.display()))?;
    let mut found: Vec<LogPart> = Vec::new();
    // A killed worker may leave half a line.
    for mark in text.lines().filter_map(|line| serde_json::from_str::<Mark>(line).ok()) {
        let path = folder.logs().join(&mark.log);
        match found.last_mut() {
            Some(last) if mark.ends && last.path == path && last.to.is_none() => last.to = Some(mark.at),
            _ if mark.ends => {}
            _ => found.push(LogPart { path, from: mark.at, to: None }),
        }
    }
    Ok(found)
}

impl LogPart {
    /// Opens the log at the first byte of the part, and returns it with the number of bytes to read.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub(crate) fn open(&self) -> anyhow::Result<(File, u64)> {
        use std::io::Seek as _;
        let opened = || -> std::io::Result<_> {
            let mut file = File::open(&self.path)?;
            let end = file.metadata()?.len();
            file.seek(std::io::SeekFrom::Start(self.from))?;
            Ok((file, self.to.unwrap_or(end).min(end).saturating_sub(self.from)))
        };
        opened().with_context(|| format!("reading the log {} failed", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_run_are_found_in_the_logs_of_all_its_workers() {
        let runs = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(runs.path(), "one", 3);
        let label = "model_4".to_owned();
        for (worker, ends) in [("a.log", false), ("b.log", true)] {
            let mut kept = WorkerLog::kept_elsewhere(folder.clone(), worker).unwrap();
            let path = folder.logs().join(worker);
            fs::write(&path, "before\n").unwrap();
            kept.before(&SweepEvent::TrialStarted { position: 1, label: label.clone(), run: 7 });
            fs::write(&path, "before\nof run 7\n").unwrap();
            if ends {
                kept.after(&SweepEvent::TrialInterrupted { position: 1, label: label.clone(), run: 7 });
            }
            fs::write(&path, "before\nof run 7\nafter\n").unwrap();
        }
        let part = |name: &str, to| LogPart { path: folder.logs().join(name), from: 7, to };
        let found = parts(&folder, 7).unwrap();
        assert_eq!(found, [part("a.log", None), part("b.log", Some(16))]);
        assert_eq!(found[0].open().unwrap().1, 15);
        assert_eq!(found[1].open().unwrap().1, 9);
        assert_eq!(parts(&folder, 8).unwrap(), []);
        assert_eq!(parts(&SweepFolder::new(runs.path(), "two", 3), 7).unwrap(), []);
    }
}
