//! Names of the tags that tie experiments and runs of a server to the runs database.

/// The id of the database; on experiments and runs.
pub(super) const DATABASE: &str = "ranklab.database";
/// The number of a sweep, or [`NO_SWEEP`]; on experiments.
pub(super) const SWEEP: &str = "ranklab.sweep";
/// The value of [`SWEEP`] of the experiment for runs of no sweep.
pub(super) const NO_SWEEP: &str = "none";
/// The number of a run.
pub(super) const RUN: &str = "ranklab.run";
/// The configuration hash of a run.
pub(super) const CONFIG_HASH: &str = "ranklab.config_hash";
/// Set to `true` once all of a run has arrived.
pub(super) const COMPLETE: &str = "ranklab.complete";

/// The tag of a run that a sweep planned: its value is the sweep's name.
pub(super) fn of_sweep(sweep: i64) -> String {
    format!("{SWEEP}.{sweep}")
}

/// A condition of a search: this tag has this value, which holds no quotes.
pub(super) fn condition(tag: &str, value: &str) -> String {
    format!("tags.`{tag}` = '{value}'")
}
