//! The program that made what is in a database, and how far its schema is.

use crate::error::Error;
use crate::location::Location;

/// The program that made the tables of a database, and the newest migration in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A database without a table.
    Empty,
    /// A database with another program's tables.
    Foreign,
    /// All migrations are applied.
    Known,
    /// The migrations up to this one are applied; a later one may be as well.
    Older(i64),
    /// This migration is applied and not known here.
    Newer(i64),
}

impl State {
    /// Why a database of this state cannot be read by a program that knows the migrations up to `known`.
    pub(crate) fn refusal(self, location: &Location, known: i64) -> Error {
        let is_file = location.as_file().is_some();
        let location = location.clone();
        match self {
            Self::Newer(found) => Error::NewerSchema { location, found, known },
            Self::Older(found) => Error::OlderSchema { location, found, known },
            Self::Empty => Error::Empty { location },
            Self::Known | Self::Foreign if is_file => Error::NotRanklab { location },
            Self::Known | Self::Foreign => Error::Server {
                location,
                happened: "holds tables of another program".to_owned(),
                advice: "create a database of its own with `createdb` and give its URL",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn tables_of_another_program_are_refused_by_what_the_database_is() {
        let file = State::Foreign.refusal(&Location::file("a.db"), 9).to_string();
        assert!(file.contains("not one of ranklab's runs"), "{file}");
        let server = Location::parse(Path::new("postgres://me:secret@host/runs")).unwrap();
        let line = State::Foreign.refusal(&server, 9).to_string();
        assert!(line.contains("postgres://me@host/runs holds tables of another program; create"), "{line}");
        assert!(State::Newer(10).refusal(&server, 9).to_string().contains("schema 10, newer than the 9"));
    }
}
