//! The databases behind the crate: the only file that the rest of it imports for connections, rows and failures.
//!
//! A runs database is a SQLite file or a database of a PostgreSQL server. The types are enums of both.

use std::path::Path;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::holder::Holder;
use crate::location::Location;
use crate::record::PredictionRow;
use crate::shared_names::SharedNames;
pub(crate) use crate::sqlite::{
    Failure, Loss, Outcome, broken_rule, copy_file, damage, empty_log, exchange, lacks_parent, log_of,
    mark_backup, prepare_folder, remove_files, undecodable,
};
pub(crate) use crate::statement::{Parameter, Statement, placeholders};
use crate::value::{Answer, QueryResult};
use crate::{postgres, sqlite};

/// A pool of connections.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

impl Pool {
    /// Connections that something uses.
    pub(crate) fn in_use(&self) -> usize {
        let (size, idle) = match self {
            Self::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Self::Postgres(pool) => (pool.size(), pool.num_idle()),
        };
        (size as usize).saturating_sub(idle)
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// The present moment of the clock that all processes of the database share.
    pub(crate) async fn clock(&self) -> Outcome<Clock> {
        match self {
            Self::Sqlite(_) => Ok(Clock::of_machine()),
            Self::Postgres(_) => {
                let now: String = Statement::new(postgres::now_statement()).one(self).await?.get(0)?;
                postgres::moment(&now)
            }
        }
    }
}

/// A transaction, and the connection that it is on.
#[derive(Debug)]
pub(crate) struct Transaction {
    inner: Inner,
    clock: Clock,
}

#[derive(Debug)]
enum Inner {
    Sqlite(sqlite::Transaction),
    Postgres(postgres::Transaction),
}

impl Transaction {
    /// The clock that all processes of the database share, at the begin of the transaction.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Makes the changes permanent.
    pub(crate) async fn commit(self) -> Outcome<()> {
        match self.inner {
            Inner::Sqlite(transaction) => transaction.commit().await,
            Inner::Postgres(transaction) => transaction.commit().await,
        }
    }

    /// Ends it without a change.
    pub(crate) async fn rollback(self) -> Outcome<()> {
        match self.inner {
            Inner::Sqlite(transaction) => transaction.rollback().await,
            Inner::Postgres(transaction) => transaction.rollback().await,
        }
    }
}

/// One row of an answer.
pub(crate) enum Row {
    Sqlite(sqlite::Row),
    Postgres(postgres::Row),
}

/// A type that a column can be read as, of either database.
pub(crate) trait Field<'r>: sqlite::Field<'r> + postgres::Field<'r> {}

impl<'r, T: sqlite::Field<'r> + postgres::Field<'r>> Field<'r> for T {}

/// The name or the position of a column.
pub(crate) trait Index: sqlite::Index + postgres::Index {}

impl<T: sqlite::Index + postgres::Index> Index for T {}

impl Row {
    /// The value of a column, by its name or its position.
    pub(crate) fn get<'r, T: Field<'r>>(&'r self, column: impl Index) -> Outcome<T> {
        match self {
            Self::Sqlite(row) => row.get(column),
            Self::Postgres(row) => row.get(column),
        }
    }
}

/// Where a statement runs.
pub(crate) enum Target<'a> {
    /// On whichever connection of the pool is free. The statement only reads.
    Pool(&'a Pool),
    /// Within this transaction.
    Transaction(&'a mut Transaction),
}

impl<'a> From<&'a Pool> for Target<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'a> From<&'a mut Transaction> for Target<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

impl Statement {
    /// All rows of the answer.
    pub(crate) async fn all<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Vec<Row>> {
        let of_sqlite = |rows: Vec<sqlite::Row>| rows.into_iter().map(Row::Sqlite).collect();
        let of_postgres = |rows: Vec<postgres::Row>| rows.into_iter().map(Row::Postgres).collect();
        match on.into() {
            Target::Pool(Pool::Sqlite(pool)) => sqlite::all(self, pool).await.map(of_sqlite),
            Target::Pool(Pool::Postgres(pool)) => postgres::read(self, pool).await.map(of_postgres),
            Target::Transaction(transaction) => match &mut transaction.inner {
                Inner::Sqlite(on) => sqlite::all(self, &mut **on).await.map(of_sqlite),
                Inner::Postgres(on) => postgres::all(self, on.connection()).await.map(of_postgres),
            },
        }
    }

    /// The first row of the answer, if there is one.
    pub(crate) async fn optional<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Option<Row>> {
        match on.into() {
            Target::Pool(Pool::Sqlite(pool)) => Ok(sqlite::optional(self, pool).await?.map(Row::Sqlite)),
            Target::Pool(Pool::Postgres(pool)) => {
                Ok(postgres::read(self, pool).await?.into_iter().next().map(Row::Postgres))
            }
            Target::Transaction(transaction) => match &mut transaction.inner {
                Inner::Sqlite(on) => Ok(sqlite::optional(self, &mut **on).await?.map(Row::Sqlite)),
                Inner::Postgres(on) => {
                    Ok(postgres::optional(self, on.connection()).await?.map(Row::Postgres))
                }
            },
        }
    }

    /// The first row of an answer that has one.
    pub(crate) async fn one<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Row> {
        let row = self.optional(on).await?;
        row.ok_or_else(|| undecodable("the answer has no row".to_owned()))
    }

    /// The first column of all rows.
    pub(crate) async fn values<'a, T: for<'r> Field<'r>>(self, on: impl Into<Target<'a>>) -> Outcome<Vec<T>> {
        self.all(on).await?.iter().map(|row| row.get(0)).collect()
    }

    /// The first column of the first row, if there is one.
    pub(crate) async fn value<'a, T: for<'r> Field<'r>>(
        self,
        on: impl Into<Target<'a>>,
    ) -> Outcome<Option<T>> {
        self.optional(on).await?.map(|row| row.get(0)).transpose()
    }

    /// Runs the statement; how many rows it changed.
    pub(crate) async fn execute(self, on: &mut Transaction) -> Outcome<u64> {
        match &mut on.inner {
            Inner::Sqlite(on) => sqlite::execute(self, &mut **on).await,
            Inner::Postgres(on) => postgres::execute(self, on.connection()).await,
        }
    }
}

/// Whether an open database still is the one that was opened.
#[derive(Debug)]
pub(crate) enum Standing {
    Sqlite(sqlite::Standing),
    /// The database of this id.
    Postgres(String),
}

impl Standing {
    /// The database's id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Sqlite(standing) => standing.id(),
            Self::Postgres(id) => id,
        }
    }

    /// Looks at the files, before anything is written.
    pub(crate) async fn look(&self) -> Outcome<Option<Loss>> {
        match self {
            Self::Sqlite(standing) => standing.look().await,
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Looks at the content, within a transaction that keeps others from writing.
    pub(crate) async fn look_within(&self, transaction: &mut Transaction) -> Outcome<Option<Loss>> {
        match (self, &mut transaction.inner) {
            (Self::Sqlite(standing), Inner::Sqlite(on)) => standing.look_within(on).await,
            (Self::Postgres(id), Inner::Postgres(on)) => Ok((on.id() != id).then_some(Loss::OtherContent)),
            _ => Ok(Some(Loss::OtherContent)),
        }
    }

    /// What became of the files, if they are not where they were.
    pub(crate) fn moved(&self) -> Option<Loss> {
        match self {
            Self::Sqlite(standing) => standing.moved(),
            Self::Postgres(_) => None,
        }
    }
}

/// Opens a database for reading and writing, and brings its schema up to date. Waits for others as long as `longest`.
pub(crate) async fn open(location: &Location, longest: Duration) -> Result<(Pool, Standing)> {
    if location.url().is_some() {
        let (pool, id) = postgres::open(location, longest).await?;
        return Ok((Pool::Postgres(pool), Standing::Postgres(id)));
    }
    let (pool, standing) = sqlite::open(location, longest).await?;
    Ok((Pool::Sqlite(pool), Standing::Sqlite(standing)))
}

/// Opens a database for reading only. Also gives its id.
pub(crate) async fn open_read_only(location: &Location, longest: Duration) -> Result<(Pool, String)> {
    if location.url().is_some() {
        let (pool, id) = postgres::open_read_only(location, longest).await?;
        return Ok((Pool::Postgres(pool), id));
    }
    let (pool, id) = sqlite::open_read_only(location).await?;
    Ok((Pool::Sqlite(pool), id))
}

/// A pool whose commits are on the disk when they return. A server writes every commit to the disk.
pub(crate) fn durable(pool: &Pool, location: &Location) -> Pool {
    match pool {
        Pool::Sqlite(_) => Pool::Sqlite(sqlite::durable(location)),
        Pool::Postgres(pool) => Pool::Postgres(pool.clone()),
    }
}

/// Begins a transaction that writes: the records of one run, or anything. It waits for others as long as `longest`.
pub(crate) async fn begin_write(
    pool: &Pool,
    location: &Location,
    longest: Duration,
    run: Option<i64>,
    failed: impl Fn(Failure) -> Error,
) -> Result<Transaction> {
    match pool {
        Pool::Sqlite(pool) => {
            let transaction = sqlite::begin_write(pool, location, longest, failed).await?;
            Ok(Transaction { inner: Inner::Sqlite(transaction), clock: Clock::of_machine() })
        }
        Pool::Postgres(pool) => {
            let (transaction, clock) = postgres::begin_write(pool, run, failed).await?;
            Ok(Transaction { inner: Inner::Postgres(transaction), clock })
        }
    }
}

/// Who keeps others from writing a database of a server. `None` where that is not known, and for a file, whose locks are
/// looked at where they are met.
pub(crate) async fn lock_holder(pool: &Pool) -> Option<Holder> {
    match pool {
        Pool::Sqlite(_) => None,
        Pool::Postgres(pool) => postgres::holder(pool).await,
    }
}

/// Begins a transaction that reads one state of the database.
pub(crate) async fn begin_read(pool: &Pool) -> Outcome<Transaction> {
    match pool {
        Pool::Sqlite(pool) => {
            let inner = Inner::Sqlite(sqlite::begin_read(pool).await?);
            Ok(Transaction { inner, clock: Clock::of_machine() })
        }
        Pool::Postgres(pool) => {
            let (transaction, clock) = postgres::begin_read(pool).await?;
            Ok(Transaction { inner: Inner::Postgres(transaction), clock })
        }
    }
}

/// Turns a driver's error into one of ours.
pub(crate) fn classify(failure: Failure, location: &Location) -> Error {
    match location.url() {
        Some(_) => postgres::classify(failure, location),
        None => sqlite::classify(failure, location),
    }
}

/// Whether a statement would have written to a database opened for reading.
pub(crate) fn is_refused_write(failure: &Failure) -> bool {
    sqlite::is_refused_write(failure) || postgres::is_refused_write(failure)
}

/// Adds one to the counter in the header of a database's file.
pub(crate) async fn count(transaction: &mut Transaction) -> Outcome<()> {
    match &mut transaction.inner {
        Inner::Sqlite(on) => sqlite::count(on).await,
        Inner::Postgres(_) => Ok(()),
    }
}

/// The highest number that a row of this table ever had; 0 before the first one.
pub(crate) async fn last_number(transaction: &mut Transaction, table: &str) -> Outcome<i64> {
    match &mut transaction.inner {
        Inner::Sqlite(on) => sqlite::last_number(on, table).await,
        Inner::Postgres(on) => postgres::last_number(on.connection(), table).await,
    }
}

/// The next row of this table gets a number above `number`, and above that of any row there ever was.
pub(crate) async fn start_above(transaction: &mut Transaction, table: &str, number: i64) -> Outcome<()> {
    match &mut transaction.inner {
        Inner::Sqlite(on) => sqlite::start_above(on, table, number).await,
        Inner::Postgres(on) => postgres::start_above(on.connection(), table, number).await,
    }
}

/// Writes what the log of a database's file holds to the file. Says whether that was everything.
pub(crate) async fn fold_log(pool: &Pool) -> Outcome<bool> {
    match pool {
        Pool::Sqlite(pool) => sqlite::fold_log(pool).await,
        Pool::Postgres(_) => Ok(true),
    }
}

/// Copies the file of a database, as of this moment, to `target`.
pub(crate) async fn copy(pool: &Pool, target: &Path) -> Outcome<()> {
    match pool {
        Pool::Sqlite(pool) => sqlite::copy(pool, target).await,
        Pool::Postgres(_) => Err(undecodable("a database of a server has no file".to_owned())),
    }
}

/// The first faults of a database's file. A server looks after its own files.
pub(crate) async fn problems(pool: &Pool) -> Outcome<Vec<String>> {
    match pool {
        Pool::Sqlite(pool) => sqlite::problems(pool).await,
        Pool::Postgres(_) => Ok(Vec::new()),
    }
}

/// Predictions of these runs in their order, read outside of the pool; `None` where its connections read as fast. `sql`
/// gives image, patient, label and probability of the run `$1`.
pub(crate) fn predictions(
    location: &Location,
    sql: &str,
    runs: &[i64],
    names: &SharedNames,
) -> Option<Result<Vec<Vec<PredictionRow>>>> {
    match location.url() {
        Some(_) => None,
        None => Some(sqlite::predictions(location, sql, runs, names)),
    }
}

/// Runs one statement that reads and hands its answer on, row by row.
pub(crate) fn stream(location: &Location, sql: &str, answer: &mut dyn Answer) -> Result<()> {
    match location.url() {
        Some(_) => postgres::stream(location, sql, answer),
        None => sqlite::stream(location, sql, answer),
    }
}

/// Runs one statement, which may write.
pub(crate) fn query(location: &Location, sql: &str) -> Result<QueryResult> {
    match location.url() {
        Some(_) => postgres::query(location, sql),
        None => sqlite::query(location, sql),
    }
}

/// One state of the database, which several statements read.
pub(crate) enum Snapshot {
    Sqlite(sqlite::Snapshot),
    Postgres(postgres::Snapshot),
}

impl Snapshot {
    /// Runs one statement that reads and hands its answer on, row by row.
    pub(crate) fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        match self {
            Self::Sqlite(snapshot) => snapshot.stream(sql, answer),
            Self::Postgres(snapshot) => snapshot.stream(sql, answer),
        }
    }
}

/// Begins to read the database as of this moment.
pub(crate) fn snapshot(location: &Location) -> Result<Snapshot> {
    match location.url() {
        Some(_) => postgres::snapshot(location).map(Snapshot::Postgres),
        None => sqlite::snapshot(location).map(Snapshot::Sqlite),
    }
}
