//! Finds removable files in a runs folder: folders without a run, checkpoints of ended runs, feature caches.

mod caches;
mod item;
mod rules;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ranklab_files::{abandoned_parts, is_part, parts};
use ranklab_store::{RunRow, RunStatus, Store};

use self::{
    caches::{Cache, removable},
    item::{FoundFile, Owner},
};
pub use self::{item::Garbage, rules::GarbageRules};
use crate::{
    Error,
    entries::{entries, is_older, modified, run_folders},
    locations::{FEATURES, MANIFESTS},
    run_folder,
};

/// First bytes of a SQLite database (<https://www.sqlite.org/fileformat.html>).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Reason for the removal of a part file.
const HALF_WRITTEN: &str = "half-written by a process that was killed";
/// Age after which an unfinished copy of a database counts as abandoned.
const COPYING: Duration = Duration::from_secs(3600);

/// Finds removable files. Files that a run in progress uses or a process has locked are never among them.
///
/// # Errors
/// When the folder or the database cannot be read.
pub async fn garbage(store: &Store, runs_folder: &Path, rules: &GarbageRules) -> Result<Vec<Garbage>, Error> {
    // Files before rows: a run has its row before its files, and is in progress before it writes more.
    let folders: Vec<RunFolder> = run_folders(runs_folder)?
        .into_iter()
        // Models may be all that remains of a lost database.
        .filter(|(_, path)| !run_folder::is_of_another_database(path, store.id()))
        .map(|(run, path)| RunFolder::read(run, &path))
        .collect::<Result<_, Error>>()?;
    let caches = Cache::all(&runs_folder.join(FEATURES))?;
    let copies = copies(runs_folder, store.location().as_file())?;
    let unfinished = data_parts(runs_folder, rules)?;
    let runs = store.all_runs().await?;
    let mut found = Vec::new();
    for folder in folders {
        let status = runs.iter().find(|run| run.id == folder.run).map(|run| run.status);
        found.extend(folder.garbage(status, rules));
    }
    found.extend(removable(caches, rules, first_start(&runs)));
    found.extend(copies.into_iter().map(|copy| {
        copy.garbage("half a copy of the database, left by a process that was killed", Owner::None)
    }));
    found.extend(unfinished.into_iter().map(|part| {
        // The writing process holds a lock.
        let owner = Owner::Lock(part.path.clone());
        part.garbage(HALF_WRITTEN, owner)
    }));
    Ok(found)
}

/// The contents of a run's folder.
struct RunFolder {
    run: i64,
    whole: FoundFile,
    /// Whether ranklab wrote all files in it.
    is_from_ranklab: bool,
    checkpoint: Option<FoundFile>,
    parts: Vec<FoundFile>,
}

impl RunFolder {
    fn read(run: i64, path: &Path) -> Result<Self, Error> {
        let checkpoint = Some(path.join(run_folder::CHECKPOINT)).filter(|file| file.is_file());
        Ok(Self {
            run,
            whole: FoundFile::at(path.to_owned())?,
            is_from_ranklab: entries(path)?.iter().all(|path| run_folder::is_from_ranklab(path)),
            checkpoint: checkpoint.map(FoundFile::at).transpose()?,
            parts: parts(path).into_iter().map(FoundFile::at).collect::<Result<_, Error>>()?,
        })
    }

    /// The removable files in it, if its run has this status.
    fn garbage(self, status: Option<RunStatus>, rules: &GarbageRules) -> Vec<Garbage> {
        let owner = Owner::Run(self.run, status);
        let Some(state) = status else {
            if !self.is_from_ranklab {
                return Vec::new();
            }
            return vec![self.whole.garbage("no run of this number is in the database", owner)];
        };
        let is_old = |file: &FoundFile| rules.older_than.is_some_and(|age| is_older(file.modified, age));
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

/// Copies of the database that a killed process left half-written, NAME.PROCESS.part: all in the runs folder, and beside a
/// database that lies elsewhere those with its name, as other databases may lie there.
fn copies(runs_folder: &Path, database: Option<&Path>) -> Result<Vec<FoundFile>, Error> {
    let is_copy = |path: &PathBuf| {
        let mut start = [0; SQLITE.len()];
        is_part(path)
            && !path.is_symlink()
            && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
            && start == *SQLITE
            && is_older(modified(path), COPYING)
    };
    let mut paths = entries(runs_folder)?;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(database) = database {
        let folder =
            database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if real(folder) != real(runs_folder) {
            paths.extend(entries(folder)?.into_iter().filter(|path| has_name_of(path, database)));
        }
    }
    paths.into_iter().filter(is_copy).map(FoundFile::at).collect()
}

/// Whether the name of a file begins with that of the database.
fn has_name_of(path: &Path, database: &Path) -> bool {
    let bytes =
        |path: &Path| path.file_name().map(|name| name.as_encoded_bytes().to_owned()).unwrap_or_default();
    let name = bytes(database);
    !name.is_empty() && bytes(path).strip_prefix(name.as_slice()).is_some_and(|rest| rest.starts_with(b"."))
}

/// Manifests and generated images that a killed process left half-written.
fn data_parts(runs_folder: &Path, rules: &GarbageRules) -> Result<Vec<FoundFile>, Error> {
    let manifests = runs_folder.join(MANIFESTS);
    let folders = [Some(&manifests), rules.data_folder.as_ref()];
    folders.into_iter().flatten().flat_map(|folder| abandoned_parts(folder)).map(FoundFile::at).collect()
}

/// Start of the earliest run in progress. An unreadable time or one in the future counts as the start of 1970, so that
/// no cache counts as unused.
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
    use std::fs;

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
