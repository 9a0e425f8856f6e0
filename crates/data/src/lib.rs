//! Cell images on disk or in a zip: manifests, splits, decoded tensors, download and synthetic cells.

mod config;
mod decode;
mod download;
mod encode;
mod error;
pub mod fetch;
mod image_set;
mod label;
mod listing;
mod manifest;
mod manifest_file;
mod naming;
mod part;
mod passed_over;
mod rejection;
mod source;
mod split;
pub mod synthetic;

pub use config::{DataConfig, Resize, SYNTHETIC, SplitConfig, SplitKind, SyntheticConfig};
pub use decode::{decode, load_images, resize};
pub use encode::encode_png;
pub use error::Error;
pub use image_set::ImageSet;
pub use label::{Label, patient_of};
pub use manifest::{Manifest, ManifestEntry, Progress, unwatched};
pub use manifest_file::check_manifest;
pub use part::abandoned_parts;
pub use passed_over::{Passed, PassedOver, Passing};
pub use rejection::{Rejected, Rejection};
pub use source::{ImageFile, ImageSource};
pub use split::{LeakageAudit, Split};
