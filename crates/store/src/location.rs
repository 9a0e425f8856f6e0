//! The location of a runs database.

use std::fmt;
use std::path::{Path, PathBuf};

/// The location of a runs database: today a file, which a path names. Messages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    file: PathBuf,
}

impl Location {
    /// The location of the database in this file, which need not exist yet.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { file: path.into() }
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// The file beside the database that has its name and this ending.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.file.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.display().fmt(formatter)
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_shows_its_path_and_names_the_files_beside_it() {
        let location = Location::from(Path::new("runs/ranklab.db"));
        assert_eq!(location.to_string(), "runs/ranklab.db");
        assert_eq!(location.beside("-wal"), Path::new("runs/ranklab.db-wal"));
        assert_eq!(location, Location::file("runs/ranklab.db"));
    }
}
