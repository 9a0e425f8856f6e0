//! How a sweep ended.

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSummary {
    /// The sweep in the database.
    pub sweep: i64,
    /// Trials that were trained now.
    pub finished: usize,
    /// Trials that had a finished run.
    pub skipped: usize,
    /// Label and reason of trials that failed.
    pub failed: Vec<(String, String)>,
    /// Label and reason of trials that diverged, now or in an earlier run.
    pub diverged: Vec<(String, String)>,
    /// Trials that are left because a stop was requested.
    pub left: usize,
}

impl SweepSummary {
    /// A sweep of which nothing ended yet.
    pub(crate) fn begin(sweep: i64) -> Self {
        Self { sweep, finished: 0, skipped: 0, failed: Vec::new(), diverged: Vec::new(), left: 0 }
    }
}
