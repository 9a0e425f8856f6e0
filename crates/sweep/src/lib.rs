//! What to run and how: experiment files, overrides, plan, trial and execution.

mod checkpoint_file;
mod claims;
mod dataset;
mod differences;
mod durable;
mod error;
mod event;
mod execute;
mod experiment;
mod garbage;
mod key;
mod overlay;
mod pictures;
mod plan;
mod process;
mod provenance;
mod recorder;
mod rows;
mod session;
mod sources;
mod trial;
mod unwritten;
mod verify;

pub use differences::Difference;
pub use error::Error;
pub use event::{Profile, SweepEvent};
pub use execute::{Context, DATABASE, DEFAULT_JOBS, DeviceOf, FEATURES, SweepSummary, execute};
pub use experiment::Experiment;
pub use garbage::{Garbage, GarbageRules, garbage};
pub use key::describe_keys;
pub use pictures::{Gallery, Picture, Pictures, Shown};
pub use plan::{Plan, PlanTrial};
pub use process::{has_abandoned, mark_interrupted};
pub use provenance::Code;
pub use trial::TrialConfig;
pub use verify::{Verification, VerifyRules, verify};
