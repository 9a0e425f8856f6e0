//! Slurm: job scripts, their submission, and the state of jobs in the queue.

mod call;
pub(crate) mod job;
pub(crate) mod queue;
mod quoting;
pub(crate) mod script;
pub(crate) mod submission;
