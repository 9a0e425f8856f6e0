//! Finds removable feature caches.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use ranklab_trainer::{features_lock, is_features_cache, is_features_of_another_version};

use super::{
    item::{Garbage, Owner, is_locked},
    rules::GarbageRules,
};
use crate::{
    Error,
    entries::{entries, is_older, modified, size},
};

/// The removable caches by the rules. Caches used since `first_start`, the start of the earliest run in progress, stay.
pub(super) fn removable(
    mut caches: Vec<Cache>,
    rules: &GarbageRules,
    first_start: Option<SystemTime>,
) -> Vec<Garbage> {
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
            "a feature cache over the limit of --keep-bytes"
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
            last_used: cache.used,
            owner: Owner::Lock(cache.lock.clone()),
        }));
    }
    found
}

/// The files of one feature cache: a finished one, or an unfinished one with its log.
pub(super) struct Cache {
    files: Vec<(PathBuf, u64)>,
    bytes: u64,
    used: SystemTime,
    lock: PathBuf,
}

impl Cache {
    /// All caches in a folder. A link to a folder has none, since other runs folders may use its caches.
    pub(super) fn all(folder: &Path) -> Result<Vec<Self>, Error> {
        if folder.is_symlink() {
            return Ok(Vec::new());
        }
        let mut caches: Vec<Self> = Vec::new();
        for path in entries(folder)? {
            let lock = features_lock(&path);
            if path == lock || !is_features_cache(&path) {
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
        is_locked(&self.lock)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        time::Duration,
    };

    use ranklab_store::Store;

    use super::*;
    use crate::FEATURES;

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
            names(removable(Cache::all(&features).unwrap(), &rules, start))
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
        let [old, middle] = removable(Cache::all(&features).unwrap(), &rules, None).try_into().unwrap();
        let taken = File::open(of("old")).unwrap();
        taken.lock().unwrap();
        assert!(!old.remove(&store).await.unwrap() && old.path.exists());
        drop(taken);
        assert!(old.remove(&store).await.unwrap() && !old.path.exists());
        age(&of("middle"), Duration::ZERO);
        assert!(!middle.remove(&store).await.unwrap() && middle.path.exists());
    }
}
