//! Sweeps: plans and strategies, registration, claims, training and recording, and verification.

mod claims;
mod context;
mod differences;
mod error;
mod event;
mod joining;
mod memory;
mod negative_class;
mod notices;
mod plan;
mod planned;
mod provenance;
mod recorder;
mod register;
mod rows;
mod session;
mod strategy;
mod summary;
mod unwritten;
mod verify;
mod work;

pub use context::Context;
pub use differences::Difference;
pub use error::Error;
pub use event::{Profile, SweepEvent};
pub use joining::can_join;
pub use plan::Plan;
pub use planned::PlanTrial;
pub use provenance::Code;
pub use strategy::{EndedTrial, Grid, Strategy};
pub use summary::SweepSummary;
pub use verify::{Verification, VerifyRules, verify};
pub use work::execute;
