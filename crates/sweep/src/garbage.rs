//! Files of a runs folder that can be removed: folders without a run, checkpoints, feature caches.

mod caches;

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use self::caches::{Cache, of_caches};
use crate::{Error, FEATURES, dataset::MANIFESTS, durable, run_folder};
use ranklab_data::abandoned_parts;
use ranklab_store::{RunRow, RunStatus, Store};

/// How a SQLite database begins (<https://www.sqlite.org/fileformat.html>).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Why a part is not needed.
const HALF_WRITTEN: &str = "half-written by a process that was killed";
/// No copy of a database goes so long without a byte being written.
const COPYING: Duration = Duration::from_secs(3600);

/// Optional age and size limits; unreferenced files always count.
#[derive(Clone, Debug, Default)]
pub struct GarbageRules {
    /// Where generated images lie; what a killed process left half-written there counts as well.
    pub data_folder: Option<PathBuf>,
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
    /// Why it is not needed.
    pub reason: String,
    /// When it was last written or used.
    seen: SystemTime,
    owner: Owner,
}

/// What shows that it is in use after all.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// The run whose folder it is in, and the run's state.
    Run(i64, Option<RunStatus>),
    /// The lock of its cache.
    Lock(PathBuf),
    /// Nothing but when it was written.
    None,
}

/// Finds what can be removed. Nothing that a run in progress has used, or that a process holds locked, is among it.
///
/// # Errors
/// When the folder or the database cannot be read.
pub async fn garbage(store: &Store, runs_folder: &Path, rules: &GarbageRules) -> Result<Vec<Garbage>, Error> {
    // Files first: a run's row is there before its files are, and it is in progress before it writes more.
    let folders: Vec<RunFolder> = run_folders(runs_folder)?
        .into_iter()
        // Models of a database that was lost may be all that is left of it.
        .filter(|(_, path)| !run_folder::is_of_another_database(path, store.id()))
        .map(|(run, path)| RunFolder::seen(run, &path))
        .collect::<Result<_, Error>>()?;
    let caches = Cache::all(&runs_folder.join(FEATURES))?;
    let copies = copies(runs_folder)?;
    let parts = data_parts(runs_folder, rules)?;
    let runs = store.all_runs().await?;
    let mut found = Vec::new();
    for folder in folders {
        let status = runs.iter().find(|run| run.id == folder.run).map(|run| run.status);
        found.extend(folder.garbage(status, rules));
    }
    found.extend(of_caches(caches, rules, first_start(&runs)));
    found.extend(
        copies
            .into_iter()
            .map(|copy| copy.garbage("half a copy of the database, whose process was killed", Owner::None)),
    );
    found.extend(parts.into_iter().map(|part| {
        // Whoever writes it holds it locked.
        let owner = Owner::Lock(part.path.clone());
        part.garbage(HALF_WRITTEN, owner)
    }));
    Ok(found)
}

impl Garbage {
    /// Removes it. Says whether it did: what was changed or taken into use since it was found stays.
    ///
    /// # Errors
    /// When the database cannot be written, and when it cannot be removed.
    pub async fn remove(&self, store: &Store) -> Result<bool, Error> {
        match &self.owner {
            Owner::Run(run, status) => {
                // Nobody claims it until this is released.
                let held = store.hold(*run).await?;
                let removed =
                    if held.status() == *status { self.delete(self.was_written()) } else { Ok(false) };
                held.release().await?;
                removed
            }
            Owner::Lock(path) => {
                let lock = File::open(path).ok();
                if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
                    return Ok(false);
                }
                self.delete(modified(&self.path).max(modified(path)) > self.seen)
            }
            Owner::None => self.delete(self.was_written()),
        }
    }

    /// Whether it was written since it was found, also by a clock that was set back meanwhile.
    fn was_written(&self) -> bool {
        modified(&self.path) != self.seen
    }

    fn delete(&self, is_changed: bool) -> Result<bool, Error> {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(_) if is_changed => return Ok(false),
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
            Err(problem) => Err(problem),
        };
        match removed {
            Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { action: "removing", path: self.path.clone(), source: problem })
            }
            _ => Ok(true),
        }
    }
}

/// A file or a folder as it was seen.
struct Seen {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

impl Seen {
    fn at(path: PathBuf) -> Result<Self, Error> {
        // Whatever is written after this is newer.
        let modified = modified(&path);
        Ok(Self { bytes: size(&path)?, modified, path })
    }

    fn garbage(self, reason: &str, owner: Owner) -> Garbage {
        let Self { path, bytes, modified } = self;
        Garbage { path, bytes, reason: reason.to_owned(), seen: modified, owner }
    }
}

/// What is in a folder that is named like a run.
struct RunFolder {
    run: i64,
    whole: Seen,
    /// Whether nothing is in it that ranklab does not write.
    is_ours: bool,
    checkpoint: Option<Seen>,
    parts: Vec<Seen>,
}

impl RunFolder {
    fn seen(run: i64, path: &Path) -> Result<Self, Error> {
        let checkpoint = Some(path.join(run_folder::CHECKPOINT)).filter(|file| file.is_file());
        Ok(Self {
            run,
            whole: Seen::at(path.to_owned())?,
            is_ours: entries(path)?.iter().all(|path| run_folder::is_ours(path)),
            checkpoint: checkpoint.map(Seen::at).transpose()?,
            parts: durable::parts(path).into_iter().map(Seen::at).collect::<Result<_, Error>>()?,
        })
    }

    /// What of it is of no use, if its run has this state.
    fn garbage(self, status: Option<RunStatus>, rules: &GarbageRules) -> Vec<Garbage> {
        let owner = Owner::Run(self.run, status);
        let Some(state) = status else {
            if !self.is_ours {
                return Vec::new();
            }
            return vec![self.whole.garbage("no run of this number is in the database", owner)];
        };
        let is_old = |file: &Seen| rules.older_than.is_some_and(|age| is_older(file.modified, age));
        let mut found = Vec::new();
        match (state, self.checkpoint) {
            (RunStatus::Finished | RunStatus::Failed, Some(file)) => {
                found.push(file.garbage("a checkpoint of a run that ended", owner.clone()));
            }
            (RunStatus::Interrupted, Some(file)) if is_old(&file) => {
                let reason = "a checkpoint of a run interrupted long ago, which would start over";
                found.push(file.garbage(reason, owner.clone()));
            }
            _ => {}
        }
        if state != RunStatus::Running {
            found.extend(self.parts.into_iter().map(|part| part.garbage(HALF_WRITTEN, owner.clone())));
        }
        found
    }
}

/// Copies of the database in its folder that a killed process left half-written: NAME.PROCESS.part.
fn copies(runs_folder: &Path) -> Result<Vec<Seen>, Error> {
    let is_copy = |path: &PathBuf| {
        let mut start = [0; SQLITE.len()];
        durable::is_part(path)
            && !path.is_symlink()
            && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
            && start == *SQLITE
            && is_older(modified(path), COPYING)
    };
    entries(runs_folder)?.into_iter().filter(is_copy).map(Seen::at).collect()
}

/// Manifests and generated images that a killed process left half-written.
fn data_parts(runs_folder: &Path, rules: &GarbageRules) -> Result<Vec<Seen>, Error> {
    let manifests = runs_folder.join(MANIFESTS);
    let folders = [Some(&manifests), rules.data_folder.as_ref()];
    folders.into_iter().flatten().flat_map(|folder| abandoned_parts(folder)).map(Seen::at).collect()
}

/// Folders that are named like runs, with the runs' numbers.
pub(crate) fn run_folders(runs_folder: &Path) -> Result<Vec<(i64, PathBuf)>, Error> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let number = name.parse().ok()?;
        (path.is_dir() && !path.is_symlink() && name == format!("{number:06}")).then_some(number)
    };
    let paths = entries(runs_folder)?;
    Ok(paths.into_iter().filter_map(|path| Some((number(&path)?, path))).collect())
}

/// What is in a folder, by name; nothing where there is none.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
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

/// When the first of the runs in progress started; the beginning of time where that is not readable or yet to come,
/// as after a clock ran ahead, so that nothing counts as unused.
fn first_start(runs: &[RunRow]) -> Option<SystemTime> {
    let running = runs.iter().filter(|run| run.status == RunStatus::Running);
    let start = |run: &RunRow| {
        let seconds = run.started_at.parse::<jiff::Timestamp>().map_or(0, |moment| moment.as_second());
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        if moment > SystemTime::now() { SystemTime::UNIX_EPOCH } else { moment }
    };
    running.map(start).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn age(path: &Path, age: Duration) {
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }

    #[tokio::test]
    async fn what_changes_between_being_found_and_being_removed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ranklab.db")).await.unwrap();
        let run = ranklab_store::NewRun { config: "{}".to_owned(), ..Default::default() };
        let checkpoint = folder.path().join("000001/checkpoint");
        let part = folder.path().join("000001/model.7.part");
        let orphan = folder.path().join("000002/model.safetensors");
        let write = |path: &Path| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
            age(path, DAY);
        };
        for path in [&checkpoint, &part, &orphan] {
            write(path);
        }
        let rules = GarbageRules { older_than: Some(DAY / 2), ..GarbageRules::default() };
        let found = async || garbage(&store, folder.path(), &rules).await.unwrap();
        store.claim(&run, None).await.unwrap();
        store.interrupt_run(1).await.unwrap();
        let before = found().await;
        assert_eq!(before.len(), 3);
        // The run is continued, and one of the other number begins.
        store.claim(&run, None).await.unwrap();
        let other = ranklab_store::NewRun { config_hash: "other".to_owned(), ..run.clone() };
        store.claim(&other, None).await.unwrap();
        for garbage in &before {
            assert!(!garbage.remove(&store).await.unwrap() && garbage.path.exists(), "{garbage:?}");
        }
        // Interrupted once more, it has a younger checkpoint.
        store.interrupt_run(1).await.unwrap();
        fs::write(&checkpoint, b"later").unwrap();
        let old = before.iter().find(|garbage| garbage.path == checkpoint).unwrap();
        assert!(!old.remove(&store).await.unwrap() && checkpoint.exists());
        age(&checkpoint, DAY);
        for garbage in found().await {
            assert!(garbage.remove(&store).await.unwrap() && !garbage.path.exists(), "{garbage:?}");
        }
        assert!(orphan.exists() && !checkpoint.exists() && !part.exists());
    }
}
