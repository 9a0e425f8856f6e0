//! Statements that people type, and several statements on one state of the database. A thread of their own runs them,
//! since whoever asks may be within a runtime already. A statement that reads runs in a transaction for reading, in
//! which the server refuses to write, and is fetched through a cursor, so that few rows are held at once.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Either, Executor as _, SqlSafeStr as _, Statement as _,
};

use super::driver::{Connection, Failure, Outcome, connect};
use super::failure::{CHECK, classify, code, is_away, is_refused_write, words};
use super::values::values;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::value::{Answer, QueryResult, Value};

/// Rows that are fetched at once.
const ROWS: usize = 1000;
/// Statements that read; what they begin with.
const READING: [&str; 4] = ["select", "with", "values", "table"];
/// Statements that describe, which no cursor answers.
const DESCRIBING: [&str; 2] = ["explain", "show"];

/// Runs one statement that reads and hands its answer on, row by row.
pub(crate) fn stream(location: &Location, sql: &str, answer: &mut dyn Answer) -> Result<()> {
    snapshot(location)?.stream(sql, answer)
}

/// Runs one statement, which may write.
pub(crate) fn query(location: &Location, sql: &str) -> Result<QueryResult> {
    let mut answer = QueryResult::default();
    begin(location, false)?.stream(sql, &mut answer)?;
    Ok(answer)
}

/// Begins to read the database as of this moment.
pub(crate) fn snapshot(location: &Location) -> Result<Snapshot> {
    begin(location, true)
}

/// One state of the database, which several statements read. Others go on writing meanwhile.
pub(crate) struct Snapshot {
    location: Location,
    requests: Sender<Request>,
}

/// A statement, and where its answer goes.
struct Request {
    sql: String,
    replies: SyncSender<Reply>,
}

/// A part of an answer.
enum Reply {
    Columns(Vec<String>),
    Row(Vec<Value>),
    End(Result<()>),
}

impl Snapshot {
    /// Runs one statement that reads and hands its answer on, row by row.
    pub(crate) fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        let (replies, received) = sync_channel(ROWS);
        let gone = || Error::Away {
            location: self.location.clone(),
            reason: "the connection was closed".to_owned(),
            advice: CHECK,
            waited: None,
        };
        self.requests.send(Request { sql: sql.to_owned(), replies }).map_err(|_| gone())?;
        loop {
            let flow = match received.recv() {
                Ok(Reply::Columns(names)) => answer.columns(names),
                Ok(Reply::Row(row)) => answer.row(row),
                Ok(Reply::End(outcome)) => return outcome,
                Err(_) => return Err(gone()),
            };
            if flow.is_break() {
                return Ok(());
            }
        }
    }
}

/// Starts the thread that holds the connection and answers.
fn begin(location: &Location, only_reads: bool) -> Result<Snapshot> {
    let (requests, asked) = channel();
    let (begun, is_begun) = sync_channel(1);
    let of = location.clone();
    let started = std::thread::Builder::new().name("query".to_owned()).spawn(move || {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(serve(&of, only_reads, &begun, &asked)),
            Err(problem) => drop(begun.send(Err(failed(Failure::Io(problem), &of)))),
        }
    });
    let ended = |problem: std::io::Error| failed(Failure::Io(problem), location);
    started.map_err(ended)?;
    is_begun.recv().map_err(|_| ended(std::io::ErrorKind::BrokenPipe.into()))??;
    Ok(Snapshot { location: location.clone(), requests })
}

async fn serve(
    location: &Location,
    only_reads: bool,
    begun: &SyncSender<Result<()>>,
    asked: &Receiver<Request>,
) {
    let mut connection = match open(location, only_reads).await {
        Ok(connection) => connection,
        Err(failure) => return drop(begun.send(Err(failed(failure, location)))),
    };
    let _ = begun.send(Ok(()));
    while let Ok(Request { sql, replies }) = asked.recv() {
        let outcome = match only_reads {
            true => read(&mut connection, location, &sql, &replies).await,
            false => run(&mut connection, location, &sql, &replies).await,
        };
        let _ = replies.send(Reply::End(outcome));
    }
    let _ = connection.close().await;
}

async fn open(location: &Location, only_reads: bool) -> Outcome<Connection> {
    let mut connection = connect(location).await?;
    if only_reads {
        // The state is that of the first statement that reads.
        let begin =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1; SELECT 1";
        connection.execute(begin).await?;
    }
    Ok(connection)
}

/// Whether whoever asked takes more.
fn hand_on(replies: &SyncSender<Reply>, reply: Reply) -> ControlFlow<()> {
    if replies.send(reply).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Answers a statement that reads.
async fn read(
    connection: &mut Connection,
    location: &Location,
    sql: &str,
    replies: &SyncSender<Reply>,
) -> Result<()> {
    let failed = |failure| failed(failure, location);
    let columns = columns(connection, location, sql).await?;
    let verb = verb(sql);
    let is_one_of = |verbs: &[&str]| verbs.contains(&verb.as_str());
    // Comments alone are no statement.
    if !verb.is_empty() && !is_one_of(&READING) && !is_one_of(&DESCRIBING) {
        return Err(Error::ReadOnly { location: location.clone() });
    }
    let is_empty = columns.is_empty();
    // SELECT INTO makes a table and answers nothing.
    if is_empty && !verb.is_empty() {
        return Err(Error::ReadOnly { location: location.clone() });
    }
    if hand_on(replies, Reply::Columns(columns)).is_break() || is_empty {
        return Ok(());
    }
    if is_one_of(&DESCRIBING) {
        return run_text(connection, location, sql.to_owned(), replies).await.map(|_| ());
    }
    connection
        .execute(AssertSqlSafe(format!("DECLARE answer NO SCROLL CURSOR FOR {sql}")))
        .await
        .map_err(failed)?;
    loop {
        let fetch = format!("FETCH {ROWS} FROM answer");
        match run_text(connection, location, fetch, replies).await? {
            (ROWS, ControlFlow::Continue(())) => {}
            _ => break,
        }
    }
    connection.execute("CLOSE answer").await.map(|_| ()).map_err(failed)
}

/// Answers a statement that may write.
async fn run(
    connection: &mut Connection,
    location: &Location,
    sql: &str,
    replies: &SyncSender<Reply>,
) -> Result<()> {
    let columns = columns(connection, location, sql).await?;
    match hand_on(replies, Reply::Columns(columns)) {
        ControlFlow::Continue(()) => {
            run_text(connection, location, sql.to_owned(), replies).await.map(|_| ())
        }
        ControlFlow::Break(()) => Ok(()),
    }
}

/// The names of the columns of one statement without parameters.
async fn columns(connection: &mut Connection, location: &Location, sql: &str) -> Result<Vec<String>> {
    let prepared = connection.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
    let prepared = prepared.map_err(|failure| failed(failure, location))?;
    let has_parameters = match prepared.parameters() {
        Some(Either::Left(kinds)) => !kinds.is_empty(),
        Some(Either::Right(count)) => count > 0,
        None => false,
    };
    if has_parameters {
        let reason = "it holds a parameter, which has no value here; write the value itself".to_owned();
        return Err(Error::Query { reason });
    }
    Ok(prepared.columns().iter().map(|column| column.name().to_owned()).collect())
}

/// Runs a statement whose values come as text, whatever their type. Returns how many rows there were, and whether more
/// are wanted.
async fn run_text(
    connection: &mut Connection,
    location: &Location,
    sql: String,
    replies: &SyncSender<Reply>,
) -> Result<(usize, ControlFlow<()>)> {
    let failed = |failure| failed(failure, location);
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(failed)?;
    for row in &rows {
        if hand_on(replies, Reply::Row(values(row).map_err(failed)?)).is_break() {
            return Ok((rows.len(), ControlFlow::Break(())));
        }
    }
    Ok((rows.len(), ControlFlow::Continue(())))
}

/// The first word of a statement, comments and brackets left out.
fn verb(sql: &str) -> String {
    let mut rest =
        sql.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(' || letter == ';');
    loop {
        let skipped = match rest {
            comment if comment.starts_with("--") => comment.split_once('\n').map_or("", |(_, rest)| rest),
            comment if comment.starts_with("/*") => after_comment(comment),
            _ => break,
        };
        rest = skipped
            .trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(' || letter == ';');
    }
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
    rest[..end].to_ascii_lowercase()
}

/// What follows a comment; comments may hold others.
fn after_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return &text[at..];
        }
    }
    ""
}

/// Turns the driver's error about a statement that somebody typed into one of ours.
fn failed(failure: Failure, location: &Location) -> Error {
    if is_refused_write(&failure) {
        return Error::ReadOnly { location: location.clone() };
    }
    let is_of_statement = matches!(failure, Failure::Database(_)) && !is_away(&failure);
    let is_of_connection = code(&failure).is_some_and(|code| code.starts_with("28") || code == "3D000");
    match code(&failure).as_deref() {
        Some("0A000") if words(&failure).contains("data-modifying") => {
            Error::ReadOnly { location: location.clone() }
        }
        _ if !is_of_statement || is_of_connection => classify(failure, location),
        Some("53100") => Error::Query { reason: "no space left for its temporary files".to_owned() },
        Some("42601") if words(&failure).contains("multiple commands") => {
            Error::Query { reason: "only one statement at a time can be answered".to_owned() }
        }
        _ => Error::Query { reason: words(&failure) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_statement_is_found_behind_comments_and_brackets() {
        for (sql, expected) in [
            ("SELECT 1", "select"),
            ("  -- a\n /* b /* c */ */ ((WITH x", "with"),
            ("COPY runs TO 'x'", "copy"),
            ("-- nothing", ""),
            ("/* open", ""),
            (";; values(1)", "values"),
        ] {
            assert_eq!(verb(sql), expected, "{sql}");
        }
    }
}
