//! Locations of files: the runs folder with its database, and files outside of it.

use std::path::PathBuf;

/// File name of the database in the runs folder.
pub const DATABASE: &str = "ranklab.db";
/// Name of the folder of feature caches in the runs folder.
pub const FEATURES: &str = "features";
/// Name of the folder of manifests in the runs folder.
pub const MANIFESTS: &str = "manifests";

/// Paths of the folders and files that commands use.
#[derive(Clone, Debug)]
pub struct Locations {
    /// Folder of the database and of a folder for each run.
    pub runs_folder: PathBuf,
    /// Folder of feature caches.
    pub features_folder: PathBuf,
    /// Folder of generated images.
    pub data_folder: PathBuf,
    /// Weights file of `weights=imagenet`.
    pub imagenet_weights: PathBuf,
}

impl Locations {
    /// Path of the database.
    pub fn database(&self) -> PathBuf {
        self.runs_folder.join(DATABASE)
    }

    /// Folder of manifests.
    pub fn manifests(&self) -> PathBuf {
        self.runs_folder.join(MANIFESTS)
    }
}
