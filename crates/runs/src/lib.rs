//! The runs folder: its layout, the images and weights that runs read, finished runs opened again, checkpoints,
//! liveness, checks and removal.

mod carry_over;
mod check;
mod checkpoint_file;
mod dataset;
mod device;
mod entries;
mod error;
mod garbage;
mod host;
mod locations;
mod missing;
mod names;
mod overlay;
mod pictures;
mod process;
mod recorded_paths;
pub mod run_folder;
mod runtime;
mod short_hash;
mod source_event;
mod sources;
mod weights;

pub use carry_over::{carry_over, follow_images, of_row};
pub use check::{CheckRules, Checked, Finding, check};
pub use checkpoint_file::{CheckpointFile, remove_of_ended};
pub use dataset::Dataset;
pub use device::DeviceOf;
pub use error::Error;
pub use garbage::{Garbage, GarbageRules, garbage};
pub use host::host;
pub use locations::{DATABASE, FEATURES, Locations, MANIFESTS};
pub use missing::missing_sources;
pub use names::Names;
pub use pictures::{Gallery, Picture, Pictures, Shown};
pub use process::{abandoned, mark_interrupted, program, started};
pub use recorded_paths::locate;
pub use runtime::runtime;
pub use short_hash::short_hash;
pub use source_event::SourceEvent;
pub use sources::Sources;
pub use weights::{KnownWeights, load_weights};
