//! What of a runs folder nobody needs any more: folders without a run, checkpoints, feature caches.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ranklab_data::abandoned_parts;
use ranklab_store::{RunRow, RunStatus, Store};
use ranklab_trainer::is_features_of_another_version;

use crate::{Error, FEATURES, checkpoint_file, dataset::MANIFESTS, durable, run_folder};

/// How a SQLite database begins (<https://www.sqlite.org/fileformat.html>).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Why a part is not needed.
const HALF_WRITTEN: &str = "half-written by a process that was killed";
/// No copy of a database goes so long without a byte being written.
const COPYING: Duration = Duration::from_secs(3600);

/// What counts as garbage besides what is of no use to anybody.
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
    /// Why nobody needs it.
    pub reason: String,
    /// When it was last written or used.
    seen: SystemTime,
    owner: Owner,
}

/// What tells whether somebody needs it after all.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// The run whose folder it is in, and the run's state.
    Run(i64, Option<RunStatus>),
    /// The lock of its cache.
    Lock(PathBuf),
    /// Nothing but when it was written.
    Nobody,
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
            .map(|copy| copy.garbage("half a copy of the database, whose process was killed", Owner::Nobody)),
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
            Owner::Nobody => self.delete(self.was_written()),
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
    checkpoint: Option<Seen>,
    parts: Vec<Seen>,
}

impl RunFolder {
    fn seen(run: i64, path: &Path) -> Result<Self, Error> {
        let checkpoint = Some(path.join(checkpoint_file::NAME)).filter(|file| file.is_file());
        Ok(Self {
            run,
            whole: Seen::at(path.to_owned())?,
            checkpoint: checkpoint.map(Seen::at).transpose()?,
            parts: durable::parts(path).into_iter().map(Seen::at).collect::<Result<_, Error>>()?,
        })
    }

    /// What of it is of no use, if its run has this state.
    fn garbage(self, status: Option<RunStatus>, rules: &GarbageRules) -> Vec<Garbage> {
        let owner = Owner::Run(self.run, status);
        let Some(state) = status else {
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

/// Caches by the rules, without those used since `first_start`, when the first run in progress began.
fn of_caches(mut caches: Vec<Cache>, rules: &GarbageRules, first_start: Option<SystemTime>) -> Vec<Garbage> {
    // The least recently used first.
    caches.sort_by_key(|cache| cache.used);
    let mut total: u64 = caches.iter().map(|cache| cache.bytes).sum();
    let mut found = Vec::new();
    for cache in caches {
        let reason = if cache.is_of_another_version() {
            "a feature cache of another version, which this one does not use"
        } else if rules.older_than.is_some_and(|age| is_older(cache.used, age)) {
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
            seen: cache.used,
            owner: Owner::Lock(cache.lock.clone()),
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
            if path == lock || !is_cache(&path) || path.is_symlink() || !path.is_file() {
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

    fn is_of_another_version(&self) -> bool {
        self.files.iter().any(|(path, _)| is_features_of_another_version(path))
    }

    fn is_locked(&self) -> bool {
        File::open(&self.lock).is_ok_and(|lock| lock.try_lock().is_err())
    }
}

/// Whether a file is named as the trainer names caches: the layer that they reach to, 16 digits of their key, and
/// what they are.
pub(crate) fn is_cache(path: &Path) -> bool {
    let of = |part: Option<&OsStr>| part.and_then(OsStr::to_str).unwrap_or_default().to_owned();
    let (stem, extension) = (of(path.file_stem()), of(path.extension()));
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_named =
        |(layer, key): (&str, &str)| !layer.is_empty() && key.len() == 16 && key.bytes().all(digit);
    ["features", "part", "log"].contains(&extension.as_str()) && stem.rsplit_once('-').is_some_and(is_named)
}

/// Copies of the database in its folder that a killed process left half-written: NAME.PROCESS.part.
fn copies(runs_folder: &Path) -> Result<Vec<Seen>, Error> {
    let is_copy = |path: &PathBuf| {
        let process = path.file_stem().map(Path::new).and_then(Path::extension).and_then(OsStr::to_str);
        let mut start = [0; SQLITE.len()];
        path.extension().is_some_and(|extension| extension == "part")
            && process.is_some_and(|process| process.parse::<u32>().is_ok())
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

    /// A cache of 100 bytes that was used so many days ago.
    fn cache(folder: &Path, name: &str, days: u32) -> PathBuf {
        let path = folder.join(format!("{name}-0123456789abcdef.features"));
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, [0; 100]).unwrap();
        fs::write(path.with_extension("lock"), "").unwrap();
        for path in [&path, &path.with_extension("lock")] {
            age(path, DAY * days);
        }
        path
    }

    fn age(path: &Path, age: Duration) {
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }

    fn names(found: Vec<Garbage>) -> Vec<String> {
        let name = |garbage: &Garbage| garbage.path.file_stem().unwrap().to_string_lossy().into_owned();
        found.iter().map(|garbage| name(garbage).replace("-0123456789abcdef", "")).collect()
    }

    #[tokio::test]
    async fn caches_go_by_age_and_size_the_least_recently_used_first_and_locked_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ranklab.db")).await.unwrap();
        let features = folder.path().join(FEATURES);
        for (name, days) in [("old", 40), ("held", 50), ("middle", 20), ("new", 1)] {
            cache(&features, name, days);
        }
        let of = |name: &str| features.join(format!("{name}-0123456789abcdef.lock"));
        let held = File::open(of("held")).unwrap();
        held.lock().unwrap();
        let found = |older_than: Option<u32>, keep_bytes, start| {
            let rules = GarbageRules {
                older_than: older_than.map(|days| DAY * days),
                keep_bytes,
                ..GarbageRules::default()
            };
            names(of_caches(Cache::all(&features).unwrap(), &rules, start))
        };
        assert_eq!(found(None, None, None), [] as [&str; 0]);
        assert_eq!(found(Some(30), None, None), ["old"]);
        assert_eq!(found(None, Some(250), None), ["old", "middle"]);
        assert_eq!(found(None, Some(0), None), ["old", "middle", "new"]);
        // One that this version does not use goes without being asked for.
        fs::write(
            features.join("new-0123456789abcdef.features"),
            b"ranklab features 3\nand so on, as it was",
        )
        .unwrap();
        assert_eq!(found(None, None, None), ["new"]);
        cache(&features, "new", 1);
        // A run that began ten days ago may come back to what was used since.
        assert_eq!(found(None, Some(0), Some(SystemTime::now() - DAY * 10)), ["old", "middle"]);
        // One is taken into use between being found and being removed; another was used and is free again.
        let rules = GarbageRules { older_than: Some(DAY * 15), ..GarbageRules::default() };
        let [old, middle] = of_caches(Cache::all(&features).unwrap(), &rules, None).try_into().unwrap();
        let taken = File::open(of("old")).unwrap();
        taken.lock().unwrap();
        assert!(!old.remove(&store).await.unwrap() && old.path.exists());
        drop(taken);
        assert!(old.remove(&store).await.unwrap() && !old.path.exists());
        age(&of("middle"), Duration::ZERO);
        assert!(!middle.remove(&store).await.unwrap() && middle.path.exists());
    }

    #[test]
    fn only_what_the_trainer_names_so_is_a_cache() {
        for name in [
            "block4_pool-0123456789abcdef",
            "block4_pool-block5_conv1-00000000000000ff",
            "input-0123456789abcdef",
        ] {
            for extension in ["features", "part", "log"] {
                assert!(is_cache(Path::new(&format!("{name}.{extension}"))), "{name}.{extension}");
            }
        }
        for name in [
            "notes.txt",
            "mine.features",
            "mine-0123456789abcde.features",
            "mine-0123456789ABCDEF.features",
            "-0123456789abcdef.features",
            "block4_pool-0123456789abcdef.npy",
            "block4_pool-0123456789abcdef",
        ] {
            assert!(!is_cache(Path::new(name)), "{name}");
        }
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
