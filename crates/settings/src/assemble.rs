//! Assembles an experiment from a file and command-line overrides, and reports all errors in both at once.

use std::{ffi::OsStr, path::Path};

use crate::{Error, combination::conflicts_between_valid, experiment::Experiment};

impl Experiment {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or holds unknown keys or invalid values; all of them at once.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let experiment = Self::read_file(path, &mut problems)?;
        Error::all(problems).map_or(Ok(experiment), Err)
    }

    /// Reads an experiment file, if there is one, and applies `key=value` overrides.
    ///
    /// # Errors
    /// All errors in the file and in the overrides at once, including valid settings that exclude each other.
    pub fn assemble(
        file: Option<&Path>,
        overrides: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut experiment = match file {
            Some(path) => Self::read_file(path, &mut problems)?,
            None => Self::default(),
        };
        experiment.override_with(overrides, &mut problems);
        if !problems.is_empty() {
            problems.extend(conflicts_between_valid(&experiment));
        }
        Error::all(problems).map_or(Ok(experiment), Err)
    }
}
