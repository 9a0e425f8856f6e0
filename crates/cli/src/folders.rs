//! The folders that every command takes: runs, reports and data.

use std::path::PathBuf;

use ranklab_runs::{DATABASE, FEATURES, Locations};

/// Folders of the runs, the reports and the data, from options or environment variables.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Folders {
    /// Folder for the database, the feature caches and one folder per run.
    #[arg(
        id = "runs_folder",
        long = "runs-folder",
        env = "RANKLAB_RUNS",
        default_value = "runs",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    pub(crate) runs: PathBuf,
    /// Folder for reports.
    #[arg(
        id = "reports_folder",
        long = "reports-folder",
        env = "RANKLAB_REPORTS",
        default_value = "reports",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    pub(crate) reports: PathBuf,
    /// Folder for images and weights.
    #[arg(
        id = "data_folder",
        long = "data-folder",
        env = "RANKLAB_DATA",
        default_value = "data",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    pub(crate) data: PathBuf,
}

impl Folders {
    /// The runs database.
    pub(crate) fn database(&self) -> PathBuf {
        self.runs.join(DATABASE)
    }

    /// Where runs, feature caches, images and weights are.
    pub(crate) fn locations(&self) -> Locations {
        Locations {
            runs_folder: self.runs.clone(),
            features_folder: self.runs.join(FEATURES),
            data_folder: self.data.clone(),
            imagenet_weights: self.weights(),
        }
    }

    /// The zip of images that `ranklab data fetch` stores.
    pub(crate) fn images(&self) -> PathBuf {
        self.data.join("cell_images.zip")
    }

    /// The trunk weights that `ranklab weights fetch` stores.
    pub(crate) fn weights(&self) -> PathBuf {
        self.data.join("vgg16_imagenet.safetensors")
    }
}
