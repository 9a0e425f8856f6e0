//! Connections for statements that people type. On the one for reading, SQLite's authorizer is asked while it compiles
//! a statement, and lets it read and nothing else; limits keep one statement from taking the machine's memory.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};

use super::driver::BUSY_TIMEOUT;
use super::locks::holder;
use super::square_root;
use crate::{
    error::{Error, Result},
    location::Location,
    value::{Answer, QueryResult, Value},
    waiting::BRIEF,
};

/// The largest value, row and statement.
const LARGEST_MIB: i32 = 64;
/// All memory that SQLite may take in this process: sorting and grouping use temporary files when theirs is used up.
const MEMORY_MIB: i64 = 512;

/// Pragmas that read when they have no value. Others change a setting, the file or the cache.
const READING_ALONE: [&str; 21] = [
    "application_id",
    "auto_vacuum",
    "busy_timeout",
    "cache_size",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "function_list",
    "journal_mode",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "schema_version",
    "synchronous",
    "temp_store",
    "user_version",
];
/// Pragmas that read with and without a value, which names a table or an index or is a limit.
const READING: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Runs one statement that reads and hands its answer on, row by row.
pub(crate) fn stream(location: &Location, sql: &str, answer: &mut dyn Answer) -> Result<()> {
    let asked = Asked { location, denied: Arc::default() };
    let connection = asked.open_to_read()?;
    asked.answer(&connection, sql, true, answer)
}

/// Runs one statement, which may write.
pub(crate) fn query(location: &Location, sql: &str) -> Result<QueryResult> {
    let asked = Asked { location, denied: Arc::default() };
    let connection = asked.open_to_write().map_err(|failure| asked.failed(failure))?;
    let mut answer = QueryResult::default();
    asked.answer(&connection, sql, false, &mut answer)?;
    Ok(answer)
}

/// One state of the database, which several statements read. Others go on writing meanwhile.
pub(crate) struct Snapshot {
    location: Location,
    connection: Connection,
    denied: Arc<AtomicBool>,
}

/// Begins to read the database as of this moment.
pub(crate) fn snapshot(location: &Location) -> Result<Snapshot> {
    let asked = Asked { location, denied: Arc::default() };
    let connection = asked.connect()?;
    // The state is that of the first statement that reads (https://www.sqlite.org/isolation.html).
    connection
        .execute_batch("BEGIN; SELECT COUNT(*) FROM sqlite_master")
        .and_then(|()| asked.guard(&connection))
        .map_err(|failure| asked.failed(failure))?;
    Ok(Snapshot { location: location.clone(), connection, denied: asked.denied })
}

impl Snapshot {
    /// Runs one statement that reads and hands its answer on, row by row.
    pub(crate) fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        self.denied.store(false, Ordering::Relaxed);
        let asked = Asked { location: &self.location, denied: self.denied.clone() };
        asked.answer(&self.connection, sql, true, answer)
    }
}

/// A connection that reads, for statements of our own.
pub(super) fn connect(location: &Location) -> Result<Connection> {
    Asked { location, denied: Arc::default() }.connect()
}

/// Turns the driver's error on such a connection into one of ours.
pub(super) fn failed(location: &Location, failure: rusqlite::Error) -> Error {
    Asked { location, denied: Arc::default() }.failed(failure)
}

/// A database that is asked, and what happened to the statement.
struct Asked<'a> {
    location: &'a Location,
    /// The authorizer refused something.
    denied: Arc<AtomicBool>,
}

impl Asked<'_> {
    fn answer(
        &self,
        connection: &Connection,
        sql: &str,
        only_reads: bool,
        answer: &mut dyn Answer,
    ) -> Result<()> {
        let failed = |failure| self.failed(failure);
        let mut statement = connection.prepare(sql).map_err(failed)?;
        if statement.parameter_count() > 0 {
            let reason = "it holds a parameter, which has no value here; write the value itself".to_owned();
            return Err(Error::Query { reason });
        }
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let count = columns.len();
        // VACUUM's authorizer is asked while it runs. (`PRAGMA journal_mode` without a value counts as one that writes.)
        if only_reads && count == 0 && !statement.readonly() {
            return Err(Error::ReadOnly { location: self.location.clone() });
        }
        if answer.columns(columns).is_break() || (only_reads && count == 0) {
            return Ok(());
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let values =
                (0..count).map(|column| row.get_ref(column).map(value)).collect::<rusqlite::Result<_>>();
            if let ControlFlow::Break(()) = answer.row(values.map_err(failed)?) {
                break;
            }
        }
        Ok(())
    }

    fn open_to_write(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.location.path(), flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
        square_root::add(&connection)?;
        Ok(connection)
    }

    /// Opens the database for reading, guards the connection and bounds it.
    fn open_to_read(&self) -> Result<Connection> {
        let connection = self.connect()?;
        self.guard(&connection).map_err(|failure| self.failed(failure))?;
        Ok(connection)
    }

    /// Opens the database as `opening::open_read_only` does.
    fn connect(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = self.location.path();
        let readable = |connection: &Connection| {
            connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))
        };
        let plain = Connection::open_with_flags(path, flags);
        let mut connection = plain.and_then(|connection| {
            connection.busy_timeout(BRIEF)?;
            readable(&connection)?;
            Ok(connection)
        });
        let unreadable = |failure: &rusqlite::Error| {
            matches!(primary_code(failure), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
        };
        if connection.as_ref().err().is_some_and(unreadable) && !self.location.beside("-wal").exists() {
            let address = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
            let address = format!("file:{address}?immutable=1");
            connection = Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI);
        }
        connection.map_err(|failure| self.failed(failure))
    }

    fn guard(&self, connection: &Connection) -> rusqlite::Result<()> {
        square_root::add(connection)?;
        connection.query_row(&format!("PRAGMA hard_heap_limit = {}", MEMORY_MIB << 20), [], |_| Ok(()))?;
        // A misspelt name in double quotes is no text: SQLite takes it for one otherwise.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST_MIB << 20)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let denied = self.denied.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if reads(context.action) {
                return Authorization::Allow;
            }
            denied.store(true, Ordering::Relaxed);
            Authorization::Deny
        }))
    }

    /// Turns the driver's error into one of ours.
    fn failed(&self, failure: rusqlite::Error) -> Error {
        let location = self.location.clone();
        let reason = match &failure {
            rusqlite::Error::MultipleStatement => "only one statement at a time can be answered".to_owned(),
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        if self.denied.load(Ordering::Relaxed) {
            return Error::ReadOnly { location };
        }
        match primary_code(&failure) {
            Some(ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied) => {
                Error::ReadOnly { location }
            }
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => Error::Locked { holder: holder(&location), location, waited: None },
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { location, reason },
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { location },
            Some(ErrorCode::CannotOpen) => Error::NotReadable { location, reason },
            Some(ErrorCode::DiskFull) => {
                Error::Query { reason: "no space left for its temporary files".to_owned() }
            }
            Some(ErrorCode::TooBig) => {
                Error::Query { reason: format!("{reason}; a value or row may take {LARGEST_MIB} MiB") }
            }
            Some(ErrorCode::OutOfMemory) => {
                Error::Query { reason: format!("it needs more than {MEMORY_MIB} MiB of memory") }
            }
            _ => Error::Query { reason },
        }
    }
}

/// Whether an action of a statement only reads. <https://www.sqlite.org/c3ref/c_alter_table.html>
fn reads(action: AuthAction<'_>) -> bool {
    let one_of = |names: &[&str], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            !one_of(&["load_extension", "fts3_tokenizer"], function_name)
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            one_of(&READING, pragma_name) || (pragma_value.is_none() && one_of(&READING_ALONE, pragma_name))
        }
        _ => false,
    }
}

fn primary_code(failure: &rusqlite::Error) -> Option<ErrorCode> {
    failure.sqlite_error_code()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // Text that is not UTF-8 cannot be shown as text.
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}
