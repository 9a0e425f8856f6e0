//! The folders that every command takes, runs, reports and data, and the file of the database.

use std::{path::PathBuf, time::Duration};

use anyhow::anyhow;
use ranklab_runs::{DATABASE, FEATURES, Locations};
use ranklab_store::{Location, wait_at_most};

use crate::defaults::Defaults;

/// Options of the folders, the database and the defaults file, as given on the command line or in environment variables.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct FolderArgs {
    /// Folder for the feature caches, one folder per run and, without --database, the database [default: runs].
    #[arg(
        id = "runs_folder",
        long = "runs-folder",
        env = "RANKLAB_RUNS",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    runs: Option<PathBuf>,
    /// File of the runs database, or postgres://USER@HOST/DATABASE [default: ranklab.db in the runs folder].
    #[arg(
        id = "database_file",
        long = "database",
        env = "RANKLAB_DATABASE",
        // A URL can hold a password.
        hide_env_values = true,
        global = true,
        value_name = "FILE",
        help_heading = "Folders"
    )]
    database: Option<PathBuf>,
    /// Longest wait for a database that is locked or whose server is away [default: 5m].
    #[arg(
        id = "database_wait",
        long = "database-wait",
        env = "RANKLAB_DATABASE_WAIT",
        global = true,
        hide = true,
        value_name = "TIME",
        value_parser = humantime::parse_duration
    )]
    database_wait: Option<Duration>,
    /// Folder for reports [default: reports].
    #[arg(
        id = "reports_folder",
        long = "reports-folder",
        env = "RANKLAB_REPORTS",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    reports: Option<PathBuf>,
    /// Folder for images and weights [default: data].
    #[arg(
        id = "data_folder",
        long = "data-folder",
        env = "RANKLAB_DATA",
        global = true,
        value_name = "FOLDER",
        help_heading = "Folders"
    )]
    data: Option<PathBuf>,
    /// File with defaults for folders, database, dataset, device and jobs [default: ranklab.toml, if it exists].
    #[arg(
        id = "config_file",
        long = "config",
        env = "RANKLAB_CONFIG",
        global = true,
        value_name = "FILE",
        help_heading = "Folders"
    )]
    config: Option<PathBuf>,
}

impl FolderArgs {
    /// The folders and the database: as given, else of the defaults file, else the built-in ones.
    ///
    /// # Errors
    /// When the defaults file is wrong, or the database is a URL of another kind.
    pub(crate) fn resolve(&self) -> anyhow::Result<Folders> {
        if let Some(longest) = self.database_wait {
            wait_at_most(longest);
        }
        let defaults = Defaults::read(self.config.as_deref())?;
        let folder = |given: &Option<PathBuf>, default: &Option<PathBuf>, built_in: &str| {
            given.clone().or_else(|| default.clone()).unwrap_or_else(|| built_in.into())
        };
        let given = self.database.as_deref().map(Location::parse).transpose();
        let given = given.map_err(|problem| anyhow!("--database (RANKLAB_DATABASE): {problem}"))?;
        let runs = folder(&self.runs, &defaults.runs_folder, "runs");
        let database = given.or_else(|| defaults.database.clone());
        Ok(Folders {
            database: database.unwrap_or_else(|| Location::file(runs.join(DATABASE))),
            runs,
            reports: folder(&self.reports, &defaults.reports_folder, "reports"),
            data: folder(&self.data, &defaults.data_folder, "data"),
            defaults,
        })
    }
}

/// Folders of the runs, the reports and the data, the database, and the defaults of settings.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Folder of the runs and of the feature caches.
    pub(crate) runs: PathBuf,
    database: Location,
    /// Folder of the reports.
    pub(crate) reports: PathBuf,
    /// Folder of the images and weights.
    pub(crate) data: PathBuf,
    /// What the defaults file gives.
    pub(crate) defaults: Defaults,
}

impl Folders {
    /// The runs database.
    pub(crate) fn database(&self) -> Location {
        self.database.clone()
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
