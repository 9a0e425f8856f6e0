//! Frozen-trunk feature cache, training loop, Adamax, evaluation and events.

mod adamax;
mod adamax_step;
mod checkpoint;
mod config;
mod error;
mod evaluation;
mod event;
mod explanation;
mod extraction;
mod features;
mod features_file;
mod images;
mod input;
mod memory;
mod optimizer;
mod phases;
mod positioned;
mod pretrained;
mod scores;
mod stop;
mod train;
mod trial;

pub use adamax::{Adamax, AdamaxState};
pub use checkpoint::{Checkpoint, Snapshot};
pub use config::{OptimizerKind, SelectBy, TrainingConfig};
pub use error::Error;
pub use event::{EpochSummary, Event};
pub use features::Features;
pub use features_file::{check_features, is_features_cache, is_features_of_another_version};
pub use images::ImageLoader;
pub use memory::memory_needed;
pub use phases::Phases;
pub use pretrained::PretrainedWeights;
pub use stop::Stop;
pub use train::run_together;
pub use trial::{Outcome, Trial};
