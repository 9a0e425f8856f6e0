//! What can go wrong with the runs database, each as one line that says what to do next.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::holder::{Holder, by};
use crate::location::Location;
use crate::record::RunStatus;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the runs database. Each message holds its cause and is complete in one line; no variant returns a
/// source beside it, so that nothing is printed twice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of a new database could not be made.
    #[error(
        "cannot create the folder {} for the runs database: {reason}; choose a folder you may write to", path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The file or its folder is read-only, or the file cannot be made.
    #[error(
        "cannot write the runs database {location}: {reason}; make the file and its folder writable or choose another folder"
    )]
    NotWritable {
        /// The database.
        location: Location,
        /// What the database said.
        reason: String,
    },
    /// The folder lies on a file system that several machines may share.
    #[error(
        "the runs database {location} would lie on {kind}, a network file system, where SQLite's log can be damaged; choose a file on a local disk with `--database` (RANKLAB_DATABASE) or, for several machines, a PostgreSQL server: `--database postgres://HOST/NAME`"
    )]
    NetworkFileSystem {
        /// The database.
        location: Location,
        /// The file system.
        kind: &'static str,
    },
    /// A copy of the database could not be made.
    #[error("cannot copy the runs database to {}: {reason}", path.display())]
    Backup {
        /// The copy.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder or something else that is no file is at the database's path.
    #[error(
        "the runs database {location} is {is}; move it away or choose another runs folder with `--runs-folder`"
    )]
    NoFile {
        /// The database.
        location: Location,
        /// The kind of thing that is there.
        is: &'static str,
    },
    /// There is no database to read.
    #[error("no runs database at {location}; run `ranklab sweep` first")]
    Missing {
        /// The database.
        location: Location,
    },
    /// Nothing was ever recorded in the database.
    #[error("the runs database {location} is empty; run `ranklab sweep` first")]
    Empty {
        /// The database.
        location: Location,
    },
    /// The database cannot be opened for reading.
    #[error(
        "cannot read the runs database {location}: {reason}; check the permissions of the file and its folder"
    )]
    NotReadable {
        /// The database.
        location: Location,
        /// What the database said.
        reason: String,
    },
    /// Another process held the database for longer than this command waits.
    #[error(
        "the runs database {location} is locked {}{}; wait for that process or end it, then repeat the command",
        by(holder.as_ref()), after(*waited)
    )]
    Locked {
        /// The database.
        location: Location,
        /// Who holds it, where the system shows that.
        holder: Option<Holder>,
        /// How long this command waited, where it did.
        waited: Option<Duration>,
    },
    /// The file at the database's path is not the one that is open any more, or has other content.
    #[error("the runs database {location} {happened}; {saved}")]
    Lost {
        /// The database.
        location: Location,
        /// What happened to it.
        happened: String,
        /// Where its content is, and what to do.
        saved: String,
    },
    /// The database cannot be restored from a copy.
    #[error("cannot restore {}: {reason}", path.display())]
    Restore {
        /// The copy.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Other processes have the database open.
    #[error(
        "the runs database {location} is in use{}; end what uses it, then repeat the command",
        holder.as_ref().map_or_else(String::new, |holder| format!(" by {holder}"))
    )]
    InUse {
        /// The database.
        location: Location,
        /// One of them, where the system shows it.
        holder: Option<Holder>,
    },
    /// A log of changes lies beside a copy that has none.
    #[error(
        "{location} is a backup, and {} beside it belongs to another database; move the latter away, and put backups in place with `ranklab runs restore FILE`",
        log.display()
    )]
    StaleLog {
        /// The database.
        location: Location,
        /// The log.
        log: PathBuf,
    },
    /// The file holds something else.
    #[error("{location} is not a SQLite database; move it away or choose another runs folder")]
    NotADatabase {
        /// The database.
        location: Location,
    },
    /// The file is a database of something else.
    #[error("{location} is a SQLite database, but not one of ranklab's runs; choose another path")]
    NotRanklab {
        /// The database.
        location: Location,
    },
    /// The file is damaged.
    #[error("the runs database {location} is damaged: {reason}; restore a copy or move it away")]
    Damaged {
        /// The database.
        location: Location,
        /// What the database said.
        reason: String,
    },
    /// The disk is full.
    #[error("no space left to write the runs database {location}; free some and repeat the command")]
    Full {
        /// The database.
        location: Location,
    },
    /// A later ranklab wrote the database.
    #[error(
        "the runs database {location} has schema {found}, newer than the {known} this ranklab knows; update ranklab"
    )]
    NewerSchema {
        /// The database.
        location: Location,
        /// Version found.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// An earlier ranklab wrote the database, which is open for reading only.
    #[error(
        "the runs database {location} has schema {found}, older than this ranklab's {known}; run `ranklab sweep` once to bring it up to date"
    )]
    OlderSchema {
        /// The database.
        location: Location,
        /// Version found.
        found: i64,
        /// Version needed.
        known: i64,
    },
    /// A migration differs from the one that was applied.
    #[error(
        "schema {version} of the runs database {location} is not the one this ranklab knows; use the ranklab that wrote it or another folder"
    )]
    AlteredSchema {
        /// The database.
        location: Location,
        /// The migration that differs.
        version: i64,
    },
    /// A write was tried on a database opened for reading.
    #[error("the runs database {location} is open for reading only: only queries that read are allowed")]
    ReadOnly {
        /// The database.
        location: Location,
    },
    /// The run does not exist (any more).
    #[error("there is no run {run} in the database; `ranklab runs` lists them")]
    UnknownRun {
        /// The id that was asked for.
        run: i64,
    },
    /// The sweep does not exist.
    #[error(
        "there is no sweep {sweep} in the database; `ranklab query \"select * from sweep_progress\"` lists them"
    )]
    UnknownSweep {
        /// The id that was asked for.
        sweep: i64,
    },
    /// The run already ended.
    #[error("run {run} already ended ({status}); start a new run instead")]
    Ended {
        /// The run.
        run: i64,
        /// How it ended.
        status: RunStatus,
    },
    /// The run's process lives.
    #[error(
        "run {run} is being trained by process {process} on {host}; end that process first, or add --force, which removes the run and ends this trial alone"
    )]
    InTraining {
        /// The run.
        run: i64,
        /// Where it is.
        host: String,
        /// The process that has it.
        process: i64,
    },
    /// Another process continues the run.
    #[error(
        "run {run} was taken over by process {process} on {host} while this one seemed gone; nothing more of it is recorded here"
    )]
    TakenOver {
        /// The run.
        run: i64,
        /// Where it is now.
        host: String,
        /// The process that has it.
        process: i64,
    },
    /// The server of the database cannot be reached, or has no connection left.
    #[error(
        "the runs database {location} cannot be reached: {reason}{}; {advice}, then repeat the command",
        after(*waited)
    )]
    Away {
        /// The database.
        location: Location,
        /// What happened.
        reason: String,
        /// What to do.
        advice: &'static str,
        /// How long this command waited, where it did.
        waited: Option<Duration>,
    },
    /// The server gave a transaction up for another one.
    #[error(
        "the runs database {location} gave a record up for one of another process ({reason}); repeat the command"
    )]
    Conflict {
        /// The database.
        location: Location,
        /// What the server said.
        reason: String,
    },
    /// The server refuses something.
    #[error("the runs database {location} {happened}; {advice}")]
    Server {
        /// The database.
        location: Location,
        /// What happened.
        happened: String,
        /// What to do.
        advice: &'static str,
    },
    /// Something was asked of the database's file, and it has none.
    #[error("the runs database {location} is on a server and has no file; {instead}")]
    NoFileOnServer {
        /// The database.
        location: Location,
        /// What to do instead.
        instead: &'static str,
    },
    /// A database cannot be copied to another location.
    #[error("cannot copy the runs database {from} to {to}: {reason}")]
    Copy {
        /// The database.
        from: Location,
        /// The other location.
        to: Location,
        /// Why.
        reason: String,
    },
    /// A record breaks a rule of the schema.
    #[error("the runs database refused a record of {record}: {reason}")]
    Refused {
        /// What was being written.
        record: String,
        /// The rule.
        reason: String,
    },
    /// A query of the user's cannot be run.
    #[error("cannot run the query: {reason}")]
    Query {
        /// Its fault.
        reason: String,
    },
    /// Anything else.
    #[error("the runs database {location} failed: {reason}")]
    Database {
        /// The database.
        location: Location,
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// Whether the same write may succeed later: its transaction was given up, a statement of it met a lock of a server,
    /// or the connection was lost, and nothing waited for it yet.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Away { waited: None, .. } | Self::Conflict { .. } => true,
            // In a file, locks are met before the first statement, and waited for there.
            Self::Locked { location, waited: None, .. } => location.url().is_some(),
            _ => false,
        }
    }
}

/// The time that a wait took.
fn after(waited: Option<Duration>) -> String {
    waited.map_or_else(String::new, |waited| format!(", still after {:.1} s", waited.as_secs_f64()))
}
