//! Cell images on disk or in a zip: manifests, splits, decoded tensors, download and synthetic cells.

mod config;
mod decode;
mod encode;
mod error;
pub mod fetch;
mod label;
mod latched;
mod manifest;
mod manifest_file;
mod part;
mod source;
mod split;
pub mod synthetic;

pub use config::{DataConfig, Resize, SYNTHETIC, SplitConfig, SplitKind, SyntheticConfig};
pub use decode::{decode, load_images, resize};
pub use encode::encode_png;
pub use error::Error;
pub use label::{Label, patient_of};
pub use manifest::{ImageSet, Manifest, ManifestEntry, Progress, Rejected, Rejection};
pub use source::ImageSource;
pub use split::{LeakageAudit, Split};
