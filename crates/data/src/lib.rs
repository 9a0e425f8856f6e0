//! Images in folders or zips: manifests, splits, decoded pixels, download and synthetic cells.

mod decode;
mod download;
mod encode;
mod entry;
mod error;
pub mod fetch;
mod image_set;
mod latched;
mod listing;
mod load;
mod manifest;
mod manifest_file;
mod naming;
mod passed_over;
mod progress;
mod rejection;
mod scan;
mod source;
mod split;
pub mod synthetic;

pub use decode::{decode, resize};
pub use encode::encode_png;
pub use entry::ManifestEntry;
pub use error::Error;
pub use image_set::ImageSet;
pub use load::load_images;
pub use manifest::Manifest;
pub use manifest_file::check_manifest;
pub use passed_over::{PassedOver, PassedOverFiles, PassedOverReason};
pub use progress::{Progress, unwatched};
pub use rejection::{Rejected, Rejection};
pub use source::{ImageFile, ImageSource};
pub use split::{LeakageAudit, Split};
