//! A process that holds a lock on the runs database, and its name in messages.

use std::fmt;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A process, of this machine or of the one that is named.
    Process {
        /// Its number.
        process: u32,
        /// The name of its program.
        program: String,
        /// Its machine, where that may be another one.
        host: Option<String>,
    },
    /// A session of a PostgreSQL server, of a program that does not name its process.
    Session {
        /// The number of the server's process for it, as in `pg_stat_activity`.
        number: u32,
        /// The name that the program gave, where it gave one and this user may see it.
        program: Option<String>,
    },
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { process, program, host: None } => {
                write!(formatter, "process {process} ({program})")
            }
            Self::Process { process, program, host: Some(host) } => {
                write!(formatter, "process {process} ({program}) on {host}")
            }
            Self::Session { number, program: None } => {
                write!(formatter, "session {number} of the server")
            }
            Self::Session { number, program: Some(program) } => {
                write!(formatter, "session {number} of the server ({program})")
            }
        }
    }
}

/// Names the holder of a lock in a message.
pub(crate) fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "by another process".to_owned(), |holder| format!("by {holder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_as_far_as_it_is_known() {
        let program = || "ranklab".to_owned();
        for (holder, words) in [
            (Holder::Process { process: 7, program: program(), host: None }, "process 7 (ranklab)"),
            (
                Holder::Process { process: 7, program: program(), host: Some("lab".to_owned()) },
                "process 7 (ranklab) on lab",
            ),
            (Holder::Session { number: 8, program: None }, "session 8 of the server"),
            (
                Holder::Session { number: 8, program: Some("psql".to_owned()) },
                "session 8 of the server (psql)",
            ),
        ] {
            assert_eq!(by(Some(&holder)), format!("by {words}"));
        }
        assert_eq!(by(None), "by another process");
    }
}
