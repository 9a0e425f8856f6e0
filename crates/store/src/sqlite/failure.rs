//! SQLite's error codes as errors of ours.

use sqlx::error::ErrorKind;

use super::driver::Failure;
use super::locks::holder;
use crate::error::Error;
use crate::location::Location;

/// Turns a driver's error into one of ours.
pub(crate) fn classify(failure: Failure, location: &Location) -> Error {
    let location = location.clone();
    let Failure::Database(database) = &failure else {
        return Error::Database { location, reason: failure.to_string() };
    };
    let reason = database.message().to_owned();
    if code(&failure).is_some_and(lacks_space) {
        return Error::Full { location };
    }
    match primary_code(&failure).unwrap_or(0) {
        5 | 6 | 15 => Error::Locked { holder: holder(&location), location, waited: None },
        8 => Error::NotWritable { location, reason },
        11 => Error::Damaged { location, reason },
        14 => Error::NotWritable { location, reason },
        26 => Error::NotADatabase { location },
        _ => Error::Database { location, reason: failure.to_string() },
    }
}

/// A column that holds what it should not.
pub(crate) fn undecodable(reason: String) -> Failure {
    Failure::Decode(reason.into())
}

/// Whether a record points to a run or sweep that is not there.
pub(crate) fn lacks_parent(failure: &Failure) -> bool {
    failure.as_database_error().is_some_and(|error| error.kind() == ErrorKind::ForeignKeyViolation)
}

/// The rule that a record broke, if it broke one.
pub(crate) fn broken_rule(failure: &Failure) -> Option<String> {
    let error = failure.as_database_error()?;
    matches!(
        error.kind(),
        ErrorKind::UniqueViolation | ErrorKind::CheckViolation | ErrorKind::NotNullViolation
    )
    .then(|| error.message().to_owned())
}

/// Whether a statement would have written to a database opened for reading.
pub(crate) fn is_refused_write(failure: &Failure) -> bool {
    primary_code(failure) == Some(8)
}

/// Whether another connection holds the lock.
pub(super) fn is_busy(failure: &Failure) -> bool {
    matches!(primary_code(failure), Some(5 | 6 | 15))
}

/// The low byte is the primary code; the rest only refines it. <https://www.sqlite.org/rescode.html>
pub(super) fn primary_code(failure: &Failure) -> Option<i32> {
    code(failure).map(|code| code & 0xff)
}

/// The whole code.
fn code(failure: &Failure) -> Option<i32> {
    failure.as_database_error()?.code()?.parse().ok()
}

/// Whether a code means a full disk: `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE` of the file that lies beside the log.
fn lacks_space(code: i32) -> bool {
    code & 0xff == 13 || code == 4874
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_by_each_of_its_codes() {
        // 778 is a failed write of any other reason.
        assert_eq!([13, 4874, 10, 778, 0].map(lacks_space), [true, true, false, false, false]);
    }
}
