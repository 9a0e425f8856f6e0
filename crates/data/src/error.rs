//! Errors with images, manifests, splits and downloads.

use std::path::{Path, PathBuf};

/// An error with images, manifests, splits or downloads. Each message names the file or key and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A split that is impossible for the images. The message names the setting.
    #[error("{0}")]
    Split(String),
    /// An expected hash that is not a SHA-256. The message is complete.
    #[error("{0}")]
    Hash(String),
    /// A dataset is absent.
    #[error("{}", missing(.0))]
    Missing(PathBuf),
    /// A path that a user named holds no images.
    #[error("no images at {path}: {found}; give images, or folders or zips that hold some", path = .path.display())]
    NoImages {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// A table of images cannot be used.
    #[error("{path} is no usable table: {problem}", path = .path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A zip cannot be read.
    #[error("{path} is not a whole zip file ({problem}): fetch it again, or give a folder or a table (.csv or .parquet)", path = .path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A zip that may do harm when it is unpacked.
    #[error("{path} is not opened: {problem}; get the images from a source that you trust", path = .path.display())]
    HostileZip {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// An image cannot be read.
    #[error("image {name} in {path} is unreadable: {problem}", path = .path.display())]
    Image {
        /// Folder or zip.
        path: PathBuf,
        /// Name within it.
        name: String,
        /// Why.
        problem: String,
    },
    /// A dataset without usable images of one class.
    #[error("{path} holds {found}: {advice}", path = .path.display())]
    Empty {
        /// Folder or zip.
        path: PathBuf,
        /// The images that it holds.
        found: String,
        /// What to do.
        advice: String,
    },
    /// An image changed after it was hashed for the manifest.
    #[error(
        "image {name} in {path} was changed while it was in use: put it back, or repeat the command to use the images as they are now",
        path = .path.display()
    )]
    Changed {
        /// Folder or zip.
        path: PathBuf,
        /// Name within it.
        name: String,
    },
    /// The work stopped on request.
    #[error("stopped on request")]
    Stopped,
    /// Reading or writing failed.
    #[error("{action} {path} failed: {reason}", path = .path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A manifest file cannot be written.
    #[error("writing the manifest {path} failed: {problem}", path = .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Another process downloads the file.
    #[error("{path} is being fetched by another process: wait for it, or end it first", path = .0.display())]
    Fetching(PathBuf),
    /// A download failed from every source.
    #[error("fetching {destination} failed: {problems}", destination = .destination.display())]
    Fetch {
        /// Path of the file.
        destination: PathBuf,
        /// One reason per source.
        problems: String,
    },
}

/// Name of the zip that is used where no images are named.
const FETCHED: &str = "cell_images.zip";

/// That nothing is at a path, and what to give.
fn missing(path: &Path) -> String {
    let advice = match path.ends_with(FETCHED) {
        true => {
            "fetch the cell images with `ranklab data fetch`, or give your own images with `dataset=PATH` (a folder, a zip \
             or a table) or generated ones with `dataset=synthetic`"
        }
        false => {
            "give the path of a folder, a zip or a table (.csv or .parquet) of images with `dataset=PATH`, or generated ones \
             with `dataset=synthetic`"
        }
    };
    format!("no images at {}: nothing is there; {advice}", path.display())
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| Self::Io { action, path, reason }
    }
}
