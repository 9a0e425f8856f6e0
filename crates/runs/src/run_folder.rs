//! A run's folder, and the file in it that holds the id of its database. Run numbers start at 1 in each database;
//! the id prevents runs from overwriting models of another database.

use std::{fs, io, path::Path};

use ranklab_files::{is_part, replace, sha256};
use ranklab_store::ArtifactRow;

use crate::Error;

/// Name of the file with the database's id.
pub const DATABASE_ID: &str = "database";
/// Name of the file with the state after the last finished epoch.
pub const CHECKPOINT: &str = "checkpoint";
/// Name of the file with the trained model.
pub const MODEL: &str = "model.safetensors";
/// Kind of the artifact that is a run's trained model.
pub(crate) const MODEL_KIND: &str = "model";

/// Prepares the folder of a run for writing: it holds this database's id afterwards. A folder of an earlier version may
/// lack an id.
///
/// # Errors
/// When the folder belongs to another database or cannot be written.
pub fn enter(folder: &Path, database: &str) -> Result<(), Error> {
    check(folder, database)?;
    if id(folder).is_some() {
        return Ok(());
    }
    let path = folder.join(DATABASE_ID);
    replace(&path, format!("{database}\n").as_bytes()).map_err(|reason| Error::Unsaved { path, reason })
}

/// Stores the trained state of a run in its folder, and returns the row of the file.
///
/// # Errors
/// When the folder belongs to another database or cannot be written.
pub fn save_model(runs_folder: &Path, database: &str, run: i64, state: &[u8]) -> Result<ArtifactRow, Error> {
    let folder = runs_folder.join(format!("{run:06}"));
    enter(&folder, database)?;
    let path = folder.join(MODEL);
    replace(&path, state).map_err(|reason| Error::Unsaved { path, reason })?;
    Ok(ArtifactRow {
        kind: MODEL_KIND.to_owned(),
        path: format!("{run:06}/{MODEL}"),
        sha256: sha256(state),
        bytes: state.len() as i64,
    })
}

/// Checks that the folder of a run belongs to no other database.
///
/// # Errors
/// When the folder belongs to another database.
pub fn check(folder: &Path, database: &str) -> Result<(), Error> {
    match is_of_another_database(folder, database) {
        true => Err(Error::OtherDatabase { path: folder.to_owned() }),
        false => Ok(()),
    }
}

/// Whether the folder holds the id of another database.
pub fn is_of_another_database(folder: &Path, database: &str) -> bool {
    id(folder).is_some_and(|id| id != database)
}

/// Removes a run's folder if it holds nothing but the id, and returns whether it was removed.
///
/// # Errors
/// When the folder cannot be read or removed.
pub fn remove_if_empty(folder: &Path) -> io::Result<bool> {
    let mut entries = fs::read_dir(folder)?;
    let is_empty = entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == DATABASE_ID));
    if is_empty {
        let _ = fs::remove_file(folder.join(DATABASE_ID));
        fs::remove_dir(folder)?;
    }
    Ok(is_empty)
}

/// Whether ranklab, in this or an earlier version, writes files with this name into a run's folder.
pub fn is_from_ranklab(path: &Path) -> bool {
    let is_named = [DATABASE_ID, MODEL, CHECKPOINT].into_iter().any(|name| path.ends_with(name));
    (is_named || is_part(path)) && !path.is_dir()
}

/// The highest run number among the folders of runs; 0 if there is none.
pub fn highest(runs_folder: &Path) -> i64 {
    let entries = fs::read_dir(runs_folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| number(&entry.path())).max().unwrap_or(0)
}

/// The run number of a folder, from its name with six digits or more; `None` for other folders.
pub fn number(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    let number: i64 = name.parse().ok()?;
    (number >= 0 && name == format!("{number:06}") && path.is_dir()).then_some(number)
}

fn id(folder: &Path) -> Option<String> {
    // A power failure may leave an empty file, which names no database.
    let id = fs::read_to_string(folder.join(DATABASE_ID)).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_written_for_one_database_only() {
        let runs = tempfile::tempdir().unwrap();
        let folder = runs.path().join("000007");
        enter(&folder, "one").unwrap();
        enter(&folder, "one").unwrap();
        let error = enter(&folder, "two").unwrap_err().to_string();
        assert!(error.contains("000007 belongs to another database"), "{error}");
        assert!(is_of_another_database(&folder, "two") && !is_of_another_database(&folder, "one"));
        // Of a version that wrote no id.
        let old = runs.path().join("000012");
        fs::create_dir(&old).unwrap();
        assert!(!is_of_another_database(&old, "two"));
        enter(&old, "two").unwrap();
        assert!(is_of_another_database(&old, "one"));
    }

    #[test]
    fn a_folder_goes_when_nothing_but_the_id_is_left() {
        let runs = tempfile::tempdir().unwrap();
        let folder = runs.path().join("000001");
        enter(&folder, "one").unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        remove_if_empty(&folder).unwrap();
        assert!(folder.join(DATABASE_ID).exists());
        fs::remove_file(folder.join("notes")).unwrap();
        remove_if_empty(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn the_highest_number_is_that_of_a_folder_named_like_a_runs() {
        let runs = tempfile::tempdir().unwrap();
        assert_eq!(highest(&runs.path().join("none")), 0);
        for name in ["000003", "000012", "12345678", "99", "0000099", "-00001", "features", "000013x"] {
            fs::create_dir(runs.path().join(name)).unwrap();
        }
        fs::write(runs.path().join("99999999"), "a file").unwrap();
        assert_eq!(highest(runs.path()), 12_345_678);
    }
}
