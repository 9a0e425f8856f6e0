//! What is a server's own: its clock, its locks, lost connections and refusals. Without a server for tests they end at once.

use std::path::Path;
use std::time::{Duration, Instant};

use ranklab_store::{Claim, Error, Location, Store, Value};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::fixture::{epochs, new_run, server, steps};
use crate::place::{of_server, run, server_place};

/// Another program's connection to a database of the server.
async fn connection(url: &str, location: &Location) -> PgConnection {
    let name = location.to_string();
    let name = name.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let (server, query) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = server.rsplit_once('/').unwrap();
    PgConnection::connect(&format!("{server}/{name}?{query}")).await.unwrap()
}

#[tokio::test]
async fn times_are_those_of_the_servers_clock() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let store = Store::open(&location).await.unwrap();
    let mut other = connection(&url, &location).await;
    // A clock of the server that is a year ahead: the function that the store asks, found first on the path.
    other
        .execute(
            "CREATE SCHEMA clock;
             CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
                'SELECT pg_catalog.clock_timestamp() + interval ''1 year''';",
        )
        .await
        .unwrap();
    let name = location.to_string();
    let name = name.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let path = format!("ALTER DATABASE {name} SET search_path = public, clock, pg_catalog");
    other.execute(AssertSqlSafe(path)).await.unwrap();
    store.close().await;
    let store = Store::open(&location).await.unwrap();
    assert_eq!(store.claim(&new_run(None, None, 0), None).await.unwrap(), Claim::New(1));
    let ahead = "SELECT started_at > to_char(now() + interval '364 days', 'YYYY-MM-DD'),
        lease_expires_at > started_at, lease_expires_at < to_char(now() + interval '367 days', 'YYYY-MM-DD') FROM runs";
    assert_eq!(store.query(ahead).await.unwrap().rows, [[1, 1, 1].map(Value::Integer)]);
    // By that clock the lease holds, whatever this machine's says.
    assert!(store.abandoned(&|_| ranklab_store::Liveness::Unknown).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew_and_nothing_is_lost_or_written_twice() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let store = Store::open(&location).await.unwrap();
    let name = location.to_string();
    let name = name.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let cutting = tokio::spawn(async move {
        let mut other = PgConnection::connect(&url).await.unwrap();
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        for _ in 0..20 {
            other.execute(AssertSqlSafe(cut.clone())).await.unwrap();
            tokio::time::sleep(Duration::from_millis(151)).await;
        }
    });
    let mut runs = Vec::new();
    let mut seed = 0;
    while !cutting.is_finished() {
        let Claim::New(run) = store.claim(&new_run(None, None, seed), None).await.unwrap() else {
            panic!("trial {seed} was claimed twice")
        };
        store.record_steps(run, &steps(100)).await.unwrap();
        store.record_epoch(run, &epochs()).await.unwrap();
        store.heartbeat(run).await.unwrap();
        runs.push(run);
        seed += 1;
    }
    cutting.await.unwrap();
    assert!(runs.len() > 3, "{runs:?}");
    let count = "SELECT COUNT(*), COUNT(DISTINCT config_hash) FROM runs";
    let all = runs.len() as i64;
    assert_eq!(store.query(count).await.unwrap().rows, [[all, all].map(Value::Integer)]);
    for run in runs {
        assert_eq!(store.step_metrics(run).await.unwrap(), steps(100));
        assert_eq!(store.epoch_metrics(run).await.unwrap().len(), epochs().len());
    }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_counts_once() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let store = Store::open(&location).await.unwrap();
    let mut other = connection(&url, &location).await;
    // The server commits, and the connection dies before the answer: a trigger at the end of the transaction cuts it
    // with a signal that the server process takes only once it is idle again.
    other
        .execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON sweeps DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION cut()",
        )
        .await
        .unwrap();
    let registering = tokio::spawn({
        let store = store.clone();
        async move {
            let trials = crate::fixture::plan(&[new_run(None, None, 0)]);
            store.register_sweep(&crate::fixture::new_sweep("one"), &trials).await.unwrap().sweep
        }
    });
    tokio::time::sleep(Duration::from_millis(800)).await;
    other.execute("DROP TRIGGER cut ON sweeps").await.unwrap();
    registering.await.unwrap();
    let sweeps = store.query("SELECT COUNT(*), MAX(request) FROM sweeps").await.unwrap().rows;
    assert_eq!(sweeps, [[1, 1].map(Value::Integer)]);
}

#[tokio::test]
async fn what_the_server_refuses_is_one_line_without_the_password() {
    let Some(url) = server() else { return };
    let parse = |url: &str| Location::parse(Path::new(url)).unwrap();
    let missing = of_server(&url, "there_is_none");
    for (location, words) in [
        (missing, "create it with `createdb`"),
        (parse("postgres://me:secret@127.0.0.1:1/runs"), "cannot be reached"),
        (parse("postgres://me:secret@no-such-host.invalid/runs"), "cannot be reached"),
        (parse("postgres://me:secret@host:port/runs"), "is no address of a PostgreSQL database"),
        (parse("postgres:///runs?sslmode=sometimes"), "is no address of a PostgreSQL database"),
    ] {
        let started = Instant::now();
        for error in
            [Store::open(&location).await.unwrap_err(), Store::open_read_only(&location).await.unwrap_err()]
        {
            let line = error.to_string();
            assert!(line.contains(words) && line.contains(&location.to_string()), "{line}");
            assert!(!line.contains('\n') && !line.contains("secret"), "{line}");
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{location}");
    }
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_a_newer_one_names_its_schema() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let error = Store::open_read_only(&location).await.unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
    let mut other = connection(&url, &location).await;
    other.execute("CREATE TABLE recipes (name TEXT)").await.unwrap();
    for error in
        [Store::open(&location).await.unwrap_err(), Store::open_read_only(&location).await.unwrap_err()]
    {
        assert!(error.to_string().contains("holds tables of another program"), "{error}");
    }
    other.execute("DROP TABLE recipes").await.unwrap();
    Store::open(&location).await.unwrap().close().await;
    other.execute("INSERT INTO _ranklab_schema (version, description) VALUES (900, 'later')").await.unwrap();
    for error in
        [Store::open(&location).await.unwrap_err(), Store::open_read_only(&location).await.unwrap_err()]
    {
        assert!(matches!(error, Error::NewerSchema { found: 900, .. }), "{error}");
    }
    other.execute("UPDATE _ranklab_schema SET version = version - 5 WHERE version < 900; DELETE FROM _ranklab_schema WHERE version = 900").await.unwrap();
    let error = Store::open_read_only(&location).await.unwrap_err();
    assert!(matches!(error, Error::OlderSchema { found: 4, .. }), "{error}");
}

#[tokio::test]
async fn a_statement_that_is_typed_reads_and_shows_values_of_all_common_types() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url);
    let writer = Store::open(&location).await.unwrap();
    let store = Store::open_read_only(&location).await.unwrap();
    let answer = store
        .query(
            "SELECT 1 AS one, 2::bigint, 1.5, 0.1::float8, 'text', NULL, true, '\\x00ff'::bytea,
                timestamptz '2026-01-01 00:00:00+00' AT TIME ZONE 'UTC', '{\"a\":1}'::jsonb -- all",
        )
        .await
        .unwrap();
    let text = |text: &str| Value::Text(text.into());
    let expected = [
        Value::Integer(1),
        Value::Integer(2),
        Value::Real(1.5),
        Value::Real(0.1),
        text("text"),
        Value::Null,
        Value::Integer(1),
        Value::Blob(vec![0, 255]),
        text("2026-01-01 00:00:00"),
        text("{\"a\": 1}"),
    ];
    assert_eq!((answer.columns[0].as_str(), answer.rows), ("one", vec![expected.to_vec()]));
    assert_eq!(store.query("-- nothing").await.unwrap(), ranklab_store::QueryResult::default());
    assert!(!store.query("EXPLAIN SELECT * FROM leaderboard").await.unwrap().rows.is_empty());
    let many = store.query("SELECT generate_series(1, 2500)").await.unwrap();
    assert_eq!((many.rows.len(), &many.rows[2499][0]), (2500, &Value::Integer(2500)));
    for (sql, words) in [
        ("SELECT * FROM runz", "cannot run the query: relation \"runz\" does not exist"),
        ("SELEC 1", "cannot run the query: syntax error"),
        ("SELECT 1; SELECT 2", "only one statement at a time"),
        ("SELECT $1", "holds a parameter"),
    ] {
        let line = store.query(sql).await.unwrap_err().to_string();
        assert!(line.contains(words) && !line.contains('\n'), "{line}");
    }
    for sql in [
        "DELETE FROM runs",
        "WITH gone AS (DELETE FROM runs RETURNING id) SELECT * FROM gone",
        "SELECT * INTO more FROM runs",
        "COMMIT",
        "SET default_transaction_read_only = off",
        "COPY runs TO '/tmp/runs'",
        "DO $$ BEGIN DELETE FROM runs; END $$",
        "TRUNCATE runs",
        "SELECT nextval('runs_id_seq')",
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{sql}: {error}");
    }
    assert!(matches!(store.heartbeat(1).await, Err(Error::ReadOnly { .. })));
    writer.query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was_while_others_write() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url);
    let store = Store::open(&location).await.unwrap();
    let snapshot = store.snapshot().unwrap();
    store.start_run(&new_run(None, None, 0)).await.unwrap();
    for _ in 0..2 {
        let mut answer = ranklab_store::QueryResult::default();
        snapshot.stream("SELECT COUNT(*) FROM runs", &mut answer).unwrap();
        assert_eq!(answer.rows, [[Value::Integer(0)]]);
    }
    assert_eq!(store.query("SELECT COUNT(*) FROM runs").await.unwrap().rows, [[Value::Integer(1)]]);
}

#[tokio::test]
async fn a_lock_that_another_program_holds_is_waited_for_and_named() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let store = Store::open(&location).await.unwrap();
    let run = store.start_run(&new_run(None, None, 0)).await.unwrap();
    let mut other = connection(&url, &location).await;
    other.execute("BEGIN; SELECT 1 FROM runs WHERE id = 1 FOR UPDATE").await.unwrap();
    let brief = Store::open_if_free(&location).await.unwrap();
    for (name, words) in [
        ("psql", " of the server (psql), still after "),
        ("ranklab 4711 node3.lab", "locked by process 4711 (ranklab) on node3.lab, still after "),
    ] {
        other.execute(AssertSqlSafe(format!("SET application_name = '{name}'"))).await.unwrap();
        let error = brief.delete_run(run).await.unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let writing = tokio::spawn({
        let store = store.clone();
        async move { store.heartbeat(run).await }
    });
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(!writing.is_finished());
    other.execute("ROLLBACK").await.unwrap();
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_session_of_this_program_names_its_process() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url);
    let store = Store::open(&location).await.unwrap();
    let run = store.start_run(&new_run(None, None, 0)).await.unwrap();
    let held = store.hold(run).await.unwrap();
    let brief = Store::open_if_free(&location).await.unwrap();
    let line = brief.delete_run(run).await.unwrap_err().to_string();
    let holder = format!("is locked by process {} (ranklab) on ", std::process::id());
    assert!(line.contains(&holder), "{line}");
    held.release().await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_replaced_by_another_gets_no_records() {
    let Some(url) = server() else { return };
    let (_place, location) = server_place(url.clone());
    let store = Store::open(&location).await.unwrap();
    let mut other = connection(&url, &location).await;
    other.execute("UPDATE database_identity SET id = 'another'").await.unwrap();
    let error = store.start_run(&new_run(None, None, 0)).await.unwrap_err();
    assert!(error.to_string().contains("was given other content"), "{error}");
    run(&url, "SELECT 1");
}
