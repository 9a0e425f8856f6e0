//! What can go wrong with the runs database, each as one line that says what to do next.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::record::RunStatus;
use crate::waiting::{self, Holder};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the runs database. Each message holds its cause, so that it stays one line however it
/// is printed.
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
        "cannot write the runs database {}: {reason}; make the file and its folder writable or choose another folder",
        path.display()
    )]
    NotWritable {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// The folder lies on a file system that several machines may share.
    #[error(
        "the runs database {} would lie on {kind}, a network file system, where SQLite's log can be damaged; choose a local folder with `--runs-folder` (RANKLAB_RUNS) and copy it afterwards",
        path.display()
    )]
    NetworkFileSystem {
        /// The database file.
        path: PathBuf,
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
    /// Something else than a file is at the database's path.
    #[error("the runs database {} is {is}; move it away or choose another runs folder with `--runs-folder`", path.display())]
    NoFile {
        /// Where the database belongs.
        path: PathBuf,
        /// What is there.
        is: &'static str,
    },
    /// There is no database to read.
    #[error("no runs database at {}; run `ranklab sweep` first", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Nothing was ever recorded in the database.
    #[error("the runs database {} is empty; run `ranklab sweep` first", path.display())]
    Empty {
        /// The database file.
        path: PathBuf,
    },
    /// The database cannot be opened for reading.
    #[error("cannot read the runs database {}: {reason}; check the permissions of the file and its folder", path.display())]
    NotReadable {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// Another process held the database for longer than this command waits.
    #[error(
        "the runs database {} is locked {}{}; wait for that process or end it, then repeat the command",
        path.display(), waiting::by(holder.as_ref()), after(*waited)
    )]
    Locked {
        /// The database file.
        path: PathBuf,
        /// Who holds it, where the system shows that.
        holder: Option<Holder>,
        /// How long this command waited, where it did.
        waited: Option<Duration>,
    },
    /// The file at the database's path is not the one that is open any more, or has other content.
    #[error("the runs database {} {happened}; {saved}", path.display())]
    Lost {
        /// The database file.
        path: PathBuf,
        /// What happened to it.
        happened: String,
        /// Where its content is, and what to do.
        saved: String,
    },
    /// A copy cannot be put in the database's place.
    #[error("cannot restore {}: {reason}", path.display())]
    Restore {
        /// The copy.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Other processes have the database open.
    #[error(
        "the runs database {} is in use{}; end what uses it, then repeat the command",
        path.display(), holder.as_ref().map_or_else(String::new, |holder| format!(" by {holder}"))
    )]
    InUse {
        /// The database file.
        path: PathBuf,
        /// One of them, where the system shows it.
        holder: Option<Holder>,
    },
    /// A log of changes lies beside a copy that has none.
    #[error(
        "{} is a backup, and {} beside it belongs to another database; move the latter away, and put backups in place with `ranklab runs restore FILE`",
        path.display(), log.display()
    )]
    StaleLog {
        /// The database file.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// The file holds something else.
    #[error("{} is not a SQLite database; move it away or choose another runs folder", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} is a SQLite database, but not one of ranklab's runs; choose another path", path.display())]
    NotRanklab {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("the runs database {} is damaged: {reason}; restore a copy or move it away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// The disk is full.
    #[error("no space left to write the runs database {}; free some and repeat the command", path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// A later ranklab wrote the database.
    #[error(
        "the runs database {} has schema {found}, newer than the {known} this ranklab knows; update ranklab", path.display()
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// Version found.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// An earlier ranklab wrote the database, which is open for reading only.
    #[error(
        "the runs database {} has schema {found}, older than this ranklab's {known}; run `ranklab sweep` once to bring it up to date",
        path.display()
    )]
    OlderSchema {
        /// The database file.
        path: PathBuf,
        /// Version found.
        found: i64,
        /// Version needed.
        known: i64,
    },
    /// A migration differs from the one that was applied.
    #[error(
        "schema {version} of the runs database {} is not the one this ranklab knows; use the ranklab that wrote it or another folder",
        path.display()
    )]
    AlteredSchema {
        /// The database file.
        path: PathBuf,
        /// The migration that differs.
        version: i64,
    },
    /// A write was tried on a database opened for reading.
    #[error("the runs database {} is open for reading only: only queries that read are allowed", path.display())]
    ReadOnly {
        /// The database file.
        path: PathBuf,
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
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else.
    #[error("the runs database {} failed: {reason}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What happened.
        reason: sqlx::Error,
    },
}

/// The time that a wait took.
fn after(waited: Option<Duration>) -> String {
    waited.map_or_else(String::new, |waited| format!(", still after {:.1} s", waited.as_secs_f64()))
}
