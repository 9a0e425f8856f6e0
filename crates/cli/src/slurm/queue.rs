//! The state of jobs in Slurm's queue, and their cancellation.

use std::{collections::BTreeMap, process::Command};

use super::call::{Failure, call};

/// Tasks of a sweep's jobs in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tasks {
    /// Tasks that wait.
    pub(crate) pending: usize,
    /// Tasks that run.
    pub(crate) running: usize,
    /// Tasks in another state, such as one that ends.
    pub(crate) other: usize,
}

impl Tasks {
    /// The counts in words; `-` without any.
    pub(crate) fn describe(&self) -> String {
        let parts = [(self.pending, "pending"), (self.running, "running"), (self.other, "ending")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
    }

    /// The sum with other counts.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            pending: self.pending + other.pending,
            running: self.running + other.running,
            other: self.other + other.other,
        }
    }
}

/// The tasks of these jobs that are in the queue, by job. Jobs that have ended are absent.
///
/// # Errors
/// When the queue cannot be asked, with the reason in one line.
pub(crate) fn tasks(ids: &[u64]) -> Result<BTreeMap<u64, Tasks>, String> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let jobs = format!("--jobs={}", joined(ids));
    match call(Command::new("squeue").args(["--noheader", "--array", "--format=%F %T", &jobs])) {
        Ok(lines) => Ok(counted(&lines)),
        // Slurm forgets jobs minutes after their end.
        Err(Failure::Refused(reason)) if reason.contains("Invalid job id") => Ok(BTreeMap::new()),
        Err(Failure::Refused(reason)) => Err(format!("squeue failed: {reason}")),
        Err(Failure::Missing) => Err("squeue is not on this machine".to_owned()),
    }
}

/// Cancels jobs; those that have ended stay as they are.
///
/// # Errors
/// When Slurm cannot be asked, with the reason in one line.
pub(crate) fn cancel(ids: &[u64]) -> Result<(), String> {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    match call(Command::new("scancel").args(&ids)) {
        Ok(_) => Ok(()),
        Err(Failure::Refused(reason)) if reason.contains("Invalid job id") => Ok(()),
        Err(Failure::Refused(reason)) => Err(format!("scancel failed: {reason}")),
        Err(Failure::Missing) => Err("scancel is not on this machine".to_owned()),
    }
}

fn joined(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// Counts lines of a job's number and the state of a task.
fn counted(lines: &str) -> BTreeMap<u64, Tasks> {
    let mut found: BTreeMap<u64, Tasks> = BTreeMap::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let (Some(Ok(id)), Some(state)) = (words.next().map(str::parse), words.next()) else { continue };
        let tasks = found.entry(id).or_default();
        match state {
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" => tasks.pending += 1,
            "RUNNING" | "CONFIGURING" | "SUSPENDED" => tasks.running += 1,
            _ => tasks.other += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_counted_by_job_and_state() {
        let found = counted("12 RUNNING\n12 PENDING\n12 PENDING\n15 COMPLETING\n\nodd\n");
        assert_eq!(found[&12].describe(), "2 pending, 1 running");
        assert_eq!(found[&12].and(found[&15]).describe(), "2 pending, 1 running, 1 ending");
        assert_eq!(Tasks::default().describe(), "-");
        assert_eq!(tasks(&[]), Ok(BTreeMap::new()));
    }
}
