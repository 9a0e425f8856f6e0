//! A run's checkpoint in its folder: what lets another process continue it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ranklab_files::{remove_parts, replace, sha256};
use ranklab_store::{ArtifactRow, RunStatus, Store};
use ranklab_trainer::{Checkpoint, Snapshot};

use crate::{
    Error,
    run_folder::{self, CHECKPOINT, MODEL},
};

/// Where a run's checkpoint is, and what makes it usable.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    relative: String,
    path: PathBuf,
    identity: String,
    database: String,
}

impl CheckpointFile {
    /// For a run of the database `database` whose trial has the identity `config_hash`, trained by `program`:
    /// another program may compute otherwise, and its run would be neither's.
    pub fn new(runs_folder: &Path, database: &str, run: i64, config_hash: &str, program: &str) -> Self {
        let relative = format!("{run:06}/{CHECKPOINT}");
        let path = runs_folder.join(&relative);
        Self { relative, path, identity: format!("{config_hash}\n{program}"), database: database.to_owned() }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Checks that the run's folder may be written into.
    ///
    /// # Errors
    /// When it belongs to another database.
    pub fn check(&self) -> Result<(), Error> {
        run_folder::check(self.folder(), &self.database)
    }

    /// Stores it: aside, synced, renamed.
    pub fn write(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let bytes = snapshot.encode(&self.identity)?;
        run_folder::enter(self.folder(), &self.database)?;
        replace(&self.path, &bytes).map_err(|reason| Error::Unsaved { path: self.path.clone(), reason })
    }

    /// The checkpoint, if there is one that can be used, or in a few words why there is none.
    pub fn read(&self) -> Result<Checkpoint, String> {
        remove_parts(self.folder());
        let bytes = fs::read(&self.path).map_err(|problem| match problem.kind() {
            io::ErrorKind::NotFound => "no epoch of it was completed".to_owned(),
            _ => format!("{} cannot be read: {problem}", self.path.display()),
        })?;
        Checkpoint::decode(&bytes, &self.identity)
            .map_err(|problem| format!("{} is of no use: {problem}", self.path.display()))
    }

    /// Whether there is one.
    pub fn exists(&self) -> bool {
        self.path.exists() && !run_folder::is_of_another_database(self.folder(), &self.database)
    }

    /// Removes it, and the folder if nothing else is in it. What is another database's stays.
    pub fn remove(&self) {
        if run_folder::is_of_another_database(self.folder(), &self.database) {
            return;
        }
        // What stays is removed by the next sweep.
        let _ = fs::remove_file(&self.path);
        remove_parts(self.folder());
        let _ = run_folder::remove_if_empty(self.folder());
    }

    /// Removes the folder of a run that is not in the database any more, with the model that it may hold.
    pub fn remove_all(&self) {
        if !run_folder::is_of_another_database(self.folder(), &self.database) {
            let _ = fs::remove_file(self.folder().join(MODEL));
            self.remove();
        }
    }

    /// Its row among the files of a run that keeps it; `None` where there is none, or a damaged one.
    pub fn artifact(&self) -> Option<ArtifactRow> {
        let bytes = fs::read(&self.path).ok()?;
        Checkpoint::decode(&bytes, &self.identity).ok()?;
        Some(ArtifactRow {
            kind: CHECKPOINT.to_owned(),
            path: self.relative.clone(),
            sha256: sha256(&bytes),
            bytes: bytes.len() as i64,
        })
    }
}

/// Removes checkpoints of runs that ended: a process can be killed between a run's end and that.
pub async fn remove_of_ended(store: &Store, runs_folder: &Path) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(runs_folder) else { return Ok(()) };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let Some(run) = run_folder::number(&folder).filter(|_| folder.join(CHECKPOINT).exists()) else {
            continue;
        };
        let Ok(rows) = store.runs(&[run]).await else { continue };
        if rows.iter().all(|row| matches!(row.status, RunStatus::Finished | RunStatus::Failed)) {
            CheckpointFile::new(runs_folder, store.id(), run, "", "").remove();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_checkpoint_is_not_kept_as_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path(), "database", 3, "trial", "program");
        assert_eq!(file.artifact(), None);
        fs::create_dir_all(folder.path().join("000003")).unwrap();
        fs::write(folder.path().join("000003").join(CHECKPOINT), b"ranklab checkpoint 1\n\0\0\0, damaged")
            .unwrap();
        assert_eq!(file.artifact(), None);
    }
}
