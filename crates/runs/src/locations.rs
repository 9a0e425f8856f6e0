//! Locations of files: the runs folder, and files outside of it.

use std::path::PathBuf;

/// File name of a database in the runs folder.
pub const DATABASE: &str = "ranklab.db";
/// Name of the folder of feature caches in the runs folder.
pub const FEATURES: &str = "features";
/// Name of the folder of manifests in the runs folder.
pub const MANIFESTS: &str = "manifests";
/// Name of the folder of sweeps in the runs folder: logs of workers and job scripts.
pub const SWEEPS: &str = "sweeps";

/// Paths of the folders and files that commands use.
#[derive(Clone, Debug)]
pub struct Locations {
    /// Folder of manifests and of a folder for each run. The database usually lies there, too.
    pub runs_folder: PathBuf,
    /// Folder of feature caches.
    pub features_folder: PathBuf,
    /// Folder of generated images.
    pub data_folder: PathBuf,
    /// Weights file of `weights=imagenet`.
    pub imagenet_weights: PathBuf,
}

impl Locations {
    /// Folder of manifests.
    pub fn manifests(&self) -> PathBuf {
        self.runs_folder.join(MANIFESTS)
    }
}
