//! The end of a worker whose time is nearly over, with an exit code of its own: batch systems start it again.

use std::fmt;

/// Exit code of a worker that leaves trials because its time is nearly over: the code that sysexits.h has for a temporary
/// failure.
pub(crate) const TIME_OVER: u8 = 75;

/// The error of a worker that leaves trials because its time is nearly over.
#[derive(Debug)]
pub(crate) struct TimeOver {
    /// Number of the sweep.
    pub(crate) sweep: i64,
    /// Number of trials that remain.
    pub(crate) left: usize,
}

impl fmt::Display for TimeOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sweep, left } = self;
        write!(
            formatter,
            "the time is nearly over with {left} trials left, saved up to the last completed epoch; to resume, run `ranklab work {sweep}`"
        )
    }
}

impl std::error::Error for TimeOver {}
