//! A run's checkpoint in its folder: what lets another process continue it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ranklab_store::{ArtifactRow, RunStatus, Store};
use ranklab_trainer::{Checkpoint, Snapshot};
use sha2::{Digest, Sha256};

use crate::{Error, durable, trial::hexadecimal};

/// The file's name in a run's folder.
pub(crate) const NAME: &str = "checkpoint";

/// Where a run's checkpoint is, and what makes it usable.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointFile {
    relative: String,
    path: PathBuf,
    identity: String,
}

impl CheckpointFile {
    /// For a run whose trial has the identity `config_hash`, trained by `program`: another program may
    /// compute otherwise, and its run would be neither's.
    pub(crate) fn new(runs_folder: &Path, run: i64, config_hash: &str, program: &str) -> Self {
        let relative = format!("{run:06}/{NAME}");
        let path = runs_folder.join(&relative);
        Self { relative, path, identity: format!("{config_hash}\n{program}") }
    }

    /// Stores it: aside, synced, renamed.
    pub(crate) fn write(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let bytes = snapshot.encode(&self.identity)?;
        durable::replace(&self.path, &bytes)
            .map_err(|source| Error::Unsaved { path: self.path.clone(), source })
    }

    /// The checkpoint, if there is one that can be used, or in a few words why there is none.
    pub(crate) fn read(&self) -> Result<Checkpoint, String> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        durable::remove_parts(folder);
        let bytes = fs::read(&self.path).map_err(|problem| match problem.kind() {
            io::ErrorKind::NotFound => "no epoch of it was completed".to_owned(),
            _ => format!("{} cannot be read: {problem}", self.path.display()),
        })?;
        Checkpoint::decode(&bytes, &self.identity)
            .map_err(|problem| format!("{} is of no use: {problem}", self.path.display()))
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Removes it, and the folder if nothing else is in it.
    pub(crate) fn remove(&self) {
        // What stays is removed by the next sweep.
        let _ = fs::remove_file(&self.path);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        durable::remove_parts(folder);
        let _ = fs::remove_dir(folder);
    }

    /// Its row among the files of a run that keeps it; `None` where there is none, or a damaged one.
    pub(crate) fn artifact(&self) -> Option<ArtifactRow> {
        let bytes = fs::read(&self.path).ok()?;
        Checkpoint::decode(&bytes, &self.identity).ok()?;
        Some(ArtifactRow {
            kind: NAME.to_owned(),
            path: self.relative.clone(),
            sha256: hexadecimal(&Sha256::digest(&bytes)),
            bytes: bytes.len() as i64,
        })
    }
}

/// Removes checkpoints of runs that ended: a process can be killed between a run's end and that.
pub(crate) async fn remove_of_ended(store: &Store, runs_folder: &Path) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(runs_folder) else { return Ok(()) };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let run = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        let Some(run) = run.filter(|_| folder.join(NAME).exists()) else { continue };
        let Ok(rows) = store.runs(&[run]).await else { continue };
        if rows.iter().all(|row| matches!(row.status, RunStatus::Finished | RunStatus::Failed)) {
            CheckpointFile::new(runs_folder, run, "", "").remove();
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
        let file = CheckpointFile::new(folder.path(), 3, "trial", "program");
        assert_eq!(file.artifact(), None);
        fs::create_dir_all(folder.path().join("000003")).unwrap();
        fs::write(folder.path().join("000003").join(NAME), b"ranklab checkpoint 1\n\0\0\0, damaged").unwrap();
        assert_eq!(file.artifact(), None);
    }
}
