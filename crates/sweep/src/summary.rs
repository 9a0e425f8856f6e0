//! The summary of a sweep.

/// The summary of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSummary {
    /// Number of the sweep.
    pub sweep: i64,
    /// Number of trials that finished now.
    pub finished: usize,
    /// Number of trials that already had a finished run.
    pub skipped: usize,
    /// Label and reason of trials that failed.
    pub failed: Vec<(String, String)>,
    /// Label and reason of trials that diverged, now or in an earlier run.
    pub diverged: Vec<(String, String)>,
    /// Number of trials that remain.
    pub left: usize,
    /// Why the work ended.
    pub ending: Ending,
}

/// Why the work on a sweep ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Every trial has ended.
    #[default]
    Complete,
    /// A stop was requested, as by a signal.
    Stopped,
    /// As many trials as were asked for are done.
    Enough,
    /// The rest of the time was too short.
    Time,
    /// Other live processes train all trials that remain.
    Elsewhere,
    /// The sweep was cancelled.
    Cancelled,
}

impl SweepSummary {
    /// The summary before any trial ended.
    pub(crate) fn begin(sweep: i64) -> Self {
        Self {
            sweep,
            finished: 0,
            skipped: 0,
            failed: Vec::new(),
            diverged: Vec::new(),
            left: 0,
            ending: Ending::Complete,
        }
    }
}
