//! Replacing a database by a copy of one, as files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions as _, Connection as _};

use super::driver::{Connection, Outcome, options};
use super::failure::{classify, is_busy, primary_code};
use super::locks::user;
use crate::error::{Error, Result};
use crate::location::Location;

/// A database's file, its log, the log's index and its former kind of log, by their endings.
const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Gives the closed database `part` the path of `location` while no other process has that one open. Returns the
/// former database's path, if there was one.
///
/// # Errors
/// When another process has the database open and when the folder cannot be written.
pub(crate) async fn exchange(part: &Location, location: &Location) -> Result<Option<PathBuf>> {
    let failed = |problem: std::io::Error| Error::NotWritable {
        location: location.clone(),
        reason: problem.to_string(),
    };
    let path = location.path();
    let seized = match path.exists() {
        true => seize(location).await?,
        false => None,
    };
    if seized.is_none()
        && let Some(holder) = user(location)
    {
        return Err(Error::InUse { location: location.clone(), holder: Some(holder) });
    }
    let aside = aside(location);
    let mut moved = Vec::new();
    let mut exchange = || {
        // A log stays with its database, also where that is gone.
        for ending in ENDINGS {
            let (from, to) = (location.beside(ending), aside.beside(ending));
            if from.exists() {
                fs::rename(&from, &to)?;
                moved.push((from, to));
            }
        }
        fs::rename(part.path(), path)
    };
    if let Err(problem) = exchange() {
        for (from, to) in moved.iter().rev() {
            let _ = fs::rename(to, from);
        }
        return Err(failed(problem));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().map_err(failed)?;
    }
    drop(seized);
    Ok(moved.iter().any(|(from, _)| from == path).then(|| aside.path().to_owned()))
}

/// Removes a database that is not needed, with its log.
pub(crate) fn remove_files(location: &Location) {
    for ending in ENDINGS {
        let _ = fs::remove_file(location.beside(ending));
    }
}

/// A name beside the database that nothing has.
fn aside(location: &Location) -> Location {
    let mut number = 1;
    loop {
        let name = Location::file(location.beside(&format!(".replaced-{number}")));
        if !ENDINGS.iter().any(|ending| name.beside(ending).exists()) {
            return name;
        }
        number += 1;
    }
}

/// Keeps all other connections from a database until the answer is dropped, and folds its log into it, so that the
/// file alone is the database. `None` where it is too damaged for that.
///
/// # Errors
/// When another process has it open.
async fn seize(location: &Location) -> Result<Option<Connection>> {
    let seized = async {
        let mut connection = options(location).connect().await?;
        match lock_out(&mut connection).await {
            Ok(()) => Ok(connection),
            Err(failure) => {
                // Dropped, it would remove the files beside the database at some later moment.
                let _ = connection.close().await;
                Err(failure)
            }
        }
    };
    match seized.await {
        Ok(connection) => Ok(Some(connection)),
        Err(failure) if is_busy(&failure) => {
            Err(Error::InUse { location: location.clone(), holder: user(location) })
        }
        Err(failure) if matches!(primary_code(&failure), Some(1 | 11 | 26)) => Ok(None),
        Err(failure) => Err(classify(failure, location)),
    }
}

async fn lock_out(connection: &mut Connection) -> Outcome<()> {
    // Changes only where no other connection is.
    sqlx::raw_sql("PRAGMA journal_mode = DELETE").execute(&mut *connection).await?;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(connection).await?;
    Ok(())
}
