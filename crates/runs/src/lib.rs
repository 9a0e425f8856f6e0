//! The runs folder: its layout, images and weights of runs, checkpoints, the processes that train runs, checks and
//! removal.

mod carry_over;
mod check;
mod checkpoint_file;
mod dataset;
mod device;
mod entries;
mod error;
mod explained_images;
mod garbage;
mod host;
mod image_names;
mod locations;
mod missing;
mod overlay;
mod process;
mod recorded_paths;
pub mod run_folder;
mod runtime;
mod short_hash;
mod source_event;
mod sources;
mod weights;

pub use carry_over::{carry_over, follow_images, identity_of_run};
pub use check::{CheckRules, Checked, Finding, check};
pub use checkpoint_file::{CheckpointFile, remove_of_ended};
pub use dataset::Dataset;
pub use device::DeviceOf;
pub use error::Error;
pub use explained_images::{ExplainedImage, ExplainedImages, ImageExplainer, ImageToExplain};
pub use garbage::{Garbage, GarbageRules, garbage};
pub use host::host;
pub use image_names::ImageNames;
pub use locations::{DATABASE, FEATURES, Locations, MANIFESTS};
pub use missing::missing_sources;
pub use process::{abandoned, mark_interrupted, process_start};
pub use recorded_paths::locate;
pub use runtime::runtime;
pub use short_hash::short_hash;
pub use source_event::SourceEvent;
pub use sources::Sources;
pub use weights::{KnownWeights, load_weights};
