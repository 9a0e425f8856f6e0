//! The record of a sweep's Slurm jobs, a file beside its job script.

use anyhow::Context as _;
use ranklab_files::read_file_at_most;
use ranklab_runs::SweepFolder;
use serde::{Deserialize, Serialize};

/// Name of the file.
const FILE: &str = "slurm.json";
/// Largest file in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// The jobs of a sweep, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Jobs {
    /// The jobs.
    pub(crate) jobs: Vec<SubmittedJob>,
}

/// A job that was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubmittedJob {
    /// Its number in Slurm.
    pub(crate) id: u64,
    /// Number of its workers.
    pub(crate) workers: u32,
}

impl Jobs {
    /// The jobs of a sweep; none where none was recorded.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(crate) fn read(folder: &SweepFolder) -> anyhow::Result<Self> {
        let path = folder.file(FILE);
        if !folder.exists() || !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read_file_at_most(&path, LARGEST_FILE).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).with_context(|| {
            format!("{} is damaged; remove it to forget the sweep's Slurm jobs", path.display())
        })
    }

    /// Adds a job to the record of a sweep.
    ///
    /// # Errors
    /// When the record cannot be read or written.
    pub(crate) fn add(folder: &SweepFolder, job: SubmittedJob) -> anyhow::Result<()> {
        let mut jobs = Self::read(folder)?;
        jobs.jobs.push(job);
        folder.write(FILE, (serde_json::to_string_pretty(&jobs)? + "\n").as_bytes())?;
        Ok(())
    }

    /// The numbers of all jobs.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.jobs.iter().map(|job| job.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_added_to_the_record_and_a_damaged_one_is_named() {
        let runs = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(runs.path(), "one", 3);
        assert_eq!(Jobs::read(&folder).unwrap().ids(), [0_u64; 0]);
        for id in [12, 15] {
            Jobs::add(&folder, SubmittedJob { id, workers: 8 }).unwrap();
        }
        assert_eq!(Jobs::read(&folder).unwrap().ids(), [12, 15]);
        folder.write(FILE, b"{").unwrap();
        let damaged = Jobs::read(&folder).unwrap_err().to_string();
        assert!(damaged.contains("slurm.json is damaged"), "{damaged}");
    }
}
