//! An experiment from its file and the overrides of a command line, with everything that is wrong in both at once.

use std::{ffi::OsStr, path::Path};

use crate::{Error, combination::problems_of_fitting, experiment::Experiment};

impl Experiment {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or holds unknown keys or values that do not fit: all of them at once.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let experiment = Self::read_file(path, &mut problems)?;
        Error::all(problems).map_or(Ok(experiment), Err)
    }

    /// Reads an experiment file, if there is one, and applies `key=value` overrides.
    ///
    /// # Errors
    /// Everything that is wrong in the file and in the overrides at once, and which of the fitting settings do not go
    /// together.
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
            problems.extend(problems_of_fitting(&experiment));
        }
        Error::all(problems).map_or(Ok(experiment), Err)
    }
}
