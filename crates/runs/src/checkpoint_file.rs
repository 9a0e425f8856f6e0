//! The checkpoint file of a run, from which any process can resume it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ranklab_files::{remove_parts, replace, sha256};
use ranklab_store::{ArtifactRow, RunStatus, Store};
use ranklab_trainer::{ARITHMETIC, Checkpoint, Snapshot};

use crate::{
    Error,
    run_folder::{self, CHECKPOINT, MODEL},
};

/// The path of a run's checkpoint, with the identity that makes it usable.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    relative: String,
    path: PathBuf,
    config_hash: String,
    database: String,
}

impl CheckpointFile {
    /// The checkpoint file of a run in the database `database`, whose trial has the identity `config_hash`. Checkpoints
    /// of another arithmetic are not accepted, since a run must not mix two.
    pub fn new(runs_folder: &Path, database: &str, run: i64, config_hash: &str) -> Self {
        let relative = format!("{run:06}/{CHECKPOINT}");
        let path = runs_folder.join(&relative);
        Self { relative, path, config_hash: config_hash.to_owned(), database: database.to_owned() }
    }

    fn identity(&self) -> String {
        format!("{}\narithmetic {ARITHMETIC}", self.config_hash)
    }

    /// Whether a checkpoint with this identity belongs to this trial and this arithmetic.
    fn accepts(&self, found: &str) -> bool {
        found == self.identity() || self.is_of_former_program(found)
    }

    /// Whether a program from before the arithmetic version wrote this identity. Such an identity holds the program's
    /// version and checksum instead. Programs with the present configuration hashes use arithmetic 1.
    fn is_of_former_program(&self, found: &str) -> bool {
        let checksum = found
            .strip_prefix(&self.config_hash)
            .and_then(|rest| rest.strip_prefix("\n0.1.0 "))
            .filter(|checksum| checksum.len() == 8);
        ARITHMETIC == 1
            && checksum.is_some_and(|checksum| checksum.bytes().all(|digit| digit.is_ascii_hexdigit()))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Checks that this database may write into the run's folder.
    ///
    /// # Errors
    /// When the folder belongs to another database.
    pub fn check(&self) -> Result<(), Error> {
        run_folder::check(self.folder(), &self.database)
    }

    /// Writes a checkpoint through a part file that is synced and renamed.
    ///
    /// # Errors
    /// When the folder belongs to another database or the file cannot be written.
    pub fn write(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let bytes = snapshot.encode(&self.identity())?;
        run_folder::enter(self.folder(), &self.database)?;
        replace(&self.path, &bytes).map_err(|reason| Error::Unsaved { path: self.path.clone(), reason })
    }

    /// Reads the checkpoint.
    ///
    /// # Errors
    /// When there is no usable checkpoint, with the reason.
    pub fn read(&self) -> Result<Checkpoint, String> {
        remove_parts(self.folder());
        let bytes = fs::read(&self.path).map_err(|problem| match problem.kind() {
            io::ErrorKind::NotFound => "no epoch of it was completed".to_owned(),
            _ => format!("{} cannot be read: {problem}", self.path.display()),
        })?;
        Checkpoint::decode(&bytes, |found| self.accepts(found))
            .map_err(|problem| format!("{} is not usable: {problem}", self.path.display()))
    }

    /// Whether the run has a checkpoint in this database's folder.
    pub fn exists(&self) -> bool {
        self.path.exists() && !run_folder::is_of_another_database(self.folder(), &self.database)
    }

    /// Removes the checkpoint, and the folder if it is empty. A folder of another database stays unchanged.
    pub fn remove(&self) {
        if run_folder::is_of_another_database(self.folder(), &self.database) {
            return;
        }
        // The next sweep removes a file that stays.
        let _ = fs::remove_file(&self.path);
        remove_parts(self.folder());
        let _ = run_folder::remove_if_empty(self.folder());
    }

    /// Removes checkpoint and model of a run that was deleted from the database, and the folder if it is empty.
    pub fn remove_all(&self) {
        if !run_folder::is_of_another_database(self.folder(), &self.database) {
            let _ = fs::remove_file(self.folder().join(MODEL));
            self.remove();
        }
    }

    /// The checkpoint's row in the table of a run's files; `None` if it is absent or damaged.
    pub fn artifact(&self) -> Option<ArtifactRow> {
        let bytes = fs::read(&self.path).ok()?;
        Checkpoint::decode(&bytes, |found| self.accepts(found)).ok()?;
        Some(ArtifactRow {
            kind: CHECKPOINT.to_owned(),
            path: self.relative.clone(),
            sha256: sha256(&bytes),
            bytes: bytes.len() as i64,
        })
    }
}

/// Removes checkpoints of ended runs, which a killed process may have left.
pub async fn remove_of_ended(store: &Store, runs_folder: &Path) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(runs_folder) else { return Ok(()) };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let Some(run) = run_folder::number(&folder).filter(|_| folder.join(CHECKPOINT).exists()) else {
            continue;
        };
        let Ok(rows) = store.runs(&[run]).await else { continue };
        if rows.iter().all(|row| matches!(row.status, RunStatus::Finished | RunStatus::Failed)) {
            CheckpointFile::new(runs_folder, store.id(), run, "").remove();
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
        let file = CheckpointFile::new(folder.path(), "database", 3, "trial");
        assert_eq!(file.artifact(), None);
        fs::create_dir_all(folder.path().join("000003")).unwrap();
        fs::write(folder.path().join("000003").join(CHECKPOINT), b"ranklab checkpoint 1\n\0\0\0, damaged")
            .unwrap();
        assert_eq!(file.artifact(), None);
    }
}
