//! What of a runs folder nobody needs any more: folders without a run, checkpoints, feature caches.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ranklab_store::{RunRow, RunStatus, Store};

use crate::{Error, FEATURES, checkpoint_file, durable};

/// What counts as garbage besides what is of no use to anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageRules {
    /// Feature caches that were not used for so long, and checkpoints of runs that were interrupted so long ago.
    pub older_than: Option<Duration>,
    /// Feature caches beyond so many bytes in all, the least recently used first.
    pub keep_bytes: Option<u64>,
}

/// Something to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// A file, or a folder with all that is in it.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Why nobody needs it.
    pub reason: String,
    /// Its cache's lock.
    lock: Option<PathBuf>,
}

/// Finds what can be removed. Nothing that a run in progress has used, or that a process holds locked, is among it.
///
/// # Errors
/// When the folder or the database cannot be read.
pub async fn garbage(store: &Store, runs_folder: &Path, rules: &GarbageRules) -> Result<Vec<Garbage>, Error> {
    // Files first: a run's row is there before its folder is.
    let folders = run_folders(runs_folder)?;
    let caches = Cache::all(&runs_folder.join(FEATURES))?;
    let runs = store.all_runs().await?;
    let mut found = Vec::new();
    for (id, path) in folders {
        match runs.iter().find(|run| run.id == id) {
            None => found.push(Garbage::new(&path, "no run of this number is in the database")?),
            Some(run) => found.extend(of_run(run, &path, rules)?),
        }
    }
    found.extend(of_caches(caches, rules, first_start(&runs)));
    Ok(found)
}

impl Garbage {
    fn new(path: &Path, reason: &str) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), bytes: size(path)?, reason: reason.to_owned(), lock: None })
    }

    /// Removes it. Says whether it did: what a process has taken into use meanwhile stays.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<bool, Error> {
        let lock = self.lock.as_ref().map(File::open).transpose().ok().flatten();
        if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
            return Ok(false);
        }
        let removed =
            if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        match removed {
            Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { action: "removing", path: self.path.clone(), source: problem })
            }
            _ => Ok(true),
        }
    }
}

/// What of a known run's folder is of no use.
fn of_run(run: &RunRow, folder: &Path, rules: &GarbageRules) -> Result<Vec<Garbage>, Error> {
    let mut found = Vec::new();
    let checkpoint = folder.join(checkpoint_file::NAME);
    if checkpoint.is_file() {
        let ended = matches!(run.status, RunStatus::Finished | RunStatus::Failed);
        let interrupted = run.status == RunStatus::Interrupted;
        let old = rules.older_than.filter(|age| interrupted && is_older(modified(&checkpoint), *age));
        if ended {
            found.push(Garbage::new(&checkpoint, "a checkpoint of a run that ended")?);
        } else if old.is_some() {
            let reason = "a checkpoint of a run interrupted long ago, which would start over";
            found.push(Garbage::new(&checkpoint, reason)?);
        }
    }
    if run.status != RunStatus::Running {
        for part in durable::parts(folder) {
            found.push(Garbage::new(&part, "half-written by a process that was killed")?);
        }
    }
    Ok(found)
}

/// Caches by the rules, without those used since `first_start`, when the first run in progress began.
fn of_caches(mut caches: Vec<Cache>, rules: &GarbageRules, first_start: Option<SystemTime>) -> Vec<Garbage> {
    // The least recently used first.
    caches.sort_by_key(|cache| cache.used);
    let mut total: u64 = caches.iter().map(|cache| cache.bytes).sum();
    let mut found = Vec::new();
    for cache in caches {
        let reason = if rules.older_than.is_some_and(|age| is_older(cache.used, age)) {
            "a feature cache that was not used for long"
        } else if rules.keep_bytes.is_some_and(|most| total > most) {
            "a feature cache beyond the bytes to keep"
        } else {
            continue;
        };
        if cache.is_locked() || first_start.is_some_and(|start| cache.used >= start) {
            continue;
        }
        total -= cache.bytes;
        found.extend(cache.files.into_iter().map(|(path, bytes)| Garbage {
            path,
            bytes,
            reason: reason.to_owned(),
            lock: Some(cache.lock.clone()),
        }));
    }
    found
}

/// The files of one feature cache: the finished one, or one under construction and its log.
struct Cache {
    files: Vec<(PathBuf, u64)>,
    bytes: u64,
    used: SystemTime,
    lock: PathBuf,
}

impl Cache {
    fn all(folder: &Path) -> Result<Vec<Self>, Error> {
        let mut caches: Vec<Self> = Vec::new();
        for path in entries(folder)? {
            let lock = path.with_extension("lock");
            if path == lock || !path.is_file() {
                continue;
            }
            let (bytes, used) = (size(&path)?, modified(&path).max(modified(&lock)));
            match caches.iter_mut().find(|cache| cache.lock == lock) {
                Some(cache) => {
                    cache.files.push((path, bytes));
                    cache.bytes += bytes;
                    cache.used = cache.used.max(used);
                }
                None => caches.push(Self { files: vec![(path, bytes)], bytes, used, lock }),
            }
        }
        Ok(caches)
    }

    fn is_locked(&self) -> bool {
        File::open(&self.lock).is_ok_and(|lock| lock.try_lock().is_err())
    }
}

/// Folders that are named like runs, with the runs' numbers.
fn run_folders(runs_folder: &Path) -> Result<Vec<(i64, PathBuf)>, Error> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let number = name.parse().ok()?;
        (path.is_dir() && !path.is_symlink() && name == format!("{number:06}")).then_some(number)
    };
    let paths = entries(runs_folder)?;
    Ok(paths.into_iter().filter_map(|path| Some((number(&path)?, path))).collect())
}

/// What is in a folder, by name; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io { action: "listing", path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Bytes of a file, or of all files below a folder.
fn size(path: &Path) -> Result<u64, Error> {
    if path.is_dir() && !path.is_symlink() {
        return entries(path)?.iter().map(|path| size(path)).sum();
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        // It went meanwhile.
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(Error::Io { action: "looking at", path: path.to_owned(), source }),
    }
}

/// When a file was last written; long ago where that cannot be told.
fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn is_older(moment: SystemTime, age: Duration) -> bool {
    SystemTime::now().duration_since(moment).is_ok_and(|passed| passed >= age)
}

/// When the first of the runs in progress started; the beginning of time where that is not readable, so that
/// nothing counts as unused.
fn first_start(runs: &[RunRow]) -> Option<SystemTime> {
    let running = runs.iter().filter(|run| run.status == RunStatus::Running);
    let start = |run: &RunRow| {
        let seconds = run.started_at.parse::<jiff::Timestamp>().map_or(0, |moment| moment.as_second());
        SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    };
    running.map(start).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A cache of 100 bytes that was used so many days ago.
    fn cache(folder: &Path, name: &str, days: u32) -> PathBuf {
        let path = folder.join(format!("{name}.features"));
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, [0; 100]).unwrap();
        fs::write(path.with_extension("lock"), "").unwrap();
        for path in [&path, &path.with_extension("lock")] {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - DAY * days).unwrap();
        }
        path
    }

    fn names(found: Vec<Garbage>) -> Vec<String> {
        found.iter().map(|garbage| garbage.path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn caches_go_by_age_and_size_the_least_recently_used_first_and_locked_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        for (name, days) in [("old", 40), ("held", 50), ("middle", 20), ("new", 1)] {
            cache(folder.path(), name, days);
        }
        let held = File::open(folder.path().join("held.lock")).unwrap();
        held.lock().unwrap();
        let found = |older_than: Option<u32>, keep_bytes, start| {
            let rules = GarbageRules { older_than: older_than.map(|days| DAY * days), keep_bytes };
            names(of_caches(Cache::all(folder.path()).unwrap(), &rules, start))
        };
        assert_eq!(found(None, None, None), [] as [&str; 0]);
        assert_eq!(found(Some(30), None, None), ["old"]);
        assert_eq!(found(None, Some(250), None), ["old", "middle"]);
        assert_eq!(found(None, Some(0), None), ["old", "middle", "new"]);
        // A run that began ten days ago may come back to what was used since.
        assert_eq!(found(None, Some(0), Some(SystemTime::now() - DAY * 10)), ["old", "middle"]);
        // One is taken into use between being found and being removed.
        let rules = GarbageRules { older_than: Some(DAY * 30), keep_bytes: None };
        let old = of_caches(Cache::all(folder.path()).unwrap(), &rules, None).remove(0);
        let taken = File::open(folder.path().join("old.lock")).unwrap();
        taken.lock().unwrap();
        assert!(!old.remove().unwrap() && old.path.exists());
        drop(taken);
        assert!(old.remove().unwrap() && !old.path.exists());
    }
}
