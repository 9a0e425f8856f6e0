//! Where ranklab keeps its files: the runs folder with its database, and what lies outside of it.

use std::path::PathBuf;

/// The database's name in the runs folder.
pub const DATABASE: &str = "ranklab.db";
/// The folder of feature caches in the runs folder.
pub const FEATURES: &str = "features";
/// The folder of manifests in the runs folder.
pub const MANIFESTS: &str = "manifests";

/// Folders and files that commands work with.
#[derive(Clone, Debug)]
pub struct Locations {
    /// The database and a folder for each run.
    pub runs_folder: PathBuf,
    /// Feature caches.
    pub features_folder: PathBuf,
    /// Generated images.
    pub data_folder: PathBuf,
    /// The file that `weights=imagenet` stands for.
    pub imagenet_weights: PathBuf,
}

impl Locations {
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.runs_folder.join(DATABASE)
    }

    /// Manifests of datasets.
    pub fn manifests(&self) -> PathBuf {
        self.runs_folder.join(MANIFESTS)
    }
}
