//! Statements that people type: whatever they are, they read, in bounded memory, and nothing else.

use std::{collections::BTreeMap, fs, ops::ControlFlow, path::Path};

use ranklab_store::{Answer, Error, QueryResult, Store, Value};

use crate::fixture::{file, filled_file as filled, finish, new_run};

/// Every file of a folder of files, with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_statement_that_does_more_than_read_is_refused_however_it_is_spelled() {
    let (_folder, store) = filled().await;
    let path = file(&store);
    store.close().await;
    let store = Store::open_read_only(&path).await.unwrap();
    store.query("SELECT 1").await.unwrap();
    let folder = path.parent().unwrap();
    let before = contents(folder);
    let statements = [
        "\u{feff}VACUUM INTO 'COPY'",
        "\u{feff}\u{feff}VACUUM INTO 'COPY'",
        "\u{feff}ATTACH 'COPY' AS more",
        ";;\t;VACUUM\u{c}main INTO 'COPY'",
        "/* a */-- b\nVaCuUm/**/INTO/**/'CO'||'PY'",
        "VACUUM",
        "explain vacuum; vacuum into 'COPY'",
        "ATTACH DATABASE 'file:COPY?mode=rwc' AS more",
        "DETACH main",
        "PRAGMA journal_mode=delete",
        "pragma\tjournal_mode(off)",
        "PRAGMA main.wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint",
        "PRAGMA optimize",
        "PRAGMA incremental_vacuum",
        "PRAGMA writable_schema=1",
        "PRAGMA temp_store_directory='/'",
        "PRAGMA hard_heap_limit=0",
        "WITH a AS (SELECT 1) INSERT INTO sweeps (name) SELECT * FROM a",
        "INSERT INTO sweeps (name) VALUES ('a') RETURNING id",
        "UPDATE runs SET seed = 1 RETURNING seed",
        "REPLACE INTO sweeps (id, name) VALUES (1, 'a')",
        "CREATE TEMP TABLE more (id)",
        "CREATE TEMP VIEW more AS SELECT 1",
        "CREATE VIRTUAL TABLE more USING fts5(text)",
        "ALTER TABLE runs ADD COLUMN more",
        "BEGIN IMMEDIATE",
        "SAVEPOINT here",
        "COMMIT",
        "ANALYZE",
        "REINDEX",
    ];
    for statement in statements {
        let sql = statement.replace("COPY", folder.join("copy.db").to_str().unwrap());
        let error = store.query(&sql).await.unwrap_err();
        assert!(
            matches!(error, Error::ReadOnly { .. }) || error.to_string().contains("only one statement"),
            "{statement}: {error}"
        );
        assert!(contents(folder) == before, "{statement} changed something");
    }
    for sql in
        ["SELECT load_extension('libc.so.6')", "SELECT readfile('/etc/passwd')", "SELECT writefile('x', 'y')"]
    {
        assert!(matches!(store.query(sql).await, Err(Error::Query { .. } | Error::ReadOnly { .. })), "{sql}");
    }
    store.close().await;
    // A handle that writes does not make the statement one that may.
    let store = Store::open(&path).await.unwrap();
    let refused = store.stream("DELETE FROM runs", &mut QueryResult::default());
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    assert_eq!(store.all_runs().await.unwrap().len(), 10);
}

#[tokio::test]
async fn whatever_reads_is_answered_also_where_its_words_sound_like_more() {
    let (_folder, store) = filled().await;
    let store = Store::open_read_only(store.location()).await.unwrap();
    for sql in [
        "\u{feff}SELECT 1",
        "SELECT 'a; VACUUM INTO b' AS \"attach\" -- ; delete from runs",
        "VALUES (1), (2);",
        "PRAGMA journal_mode",
        "PRAGMA user_version",
        "PRAGMA integrity_check(3)",
        "PRAGMA table_info('runs')",
        "SELECT * FROM pragma_table_list",
        "SELECT name FROM pragma_table_info('runs')",
        "EXPLAIN SELECT * FROM leaderboard",
        "SELECT value FROM json_each('[1, 2]')",
        "SELECT run, row_number() OVER (ORDER BY run) FROM leaderboard",
        "SELECT SUM(pgsize) FROM dbstat",
    ] {
        let answer = store.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(!answer.rows.is_empty(), "{sql}");
    }
    for (sql, reason) in [
        ("SELECT 1; SELECT 1", "only one statement at a time can be answered"),
        ("SELECT ?1, :name", "it holds a parameter, which has no value here; write the value itself"),
    ] {
        let error = store.query(sql).await.unwrap_err().to_string();
        assert_eq!(error, format!("cannot run the query: {reason}"));
    }
}

/// Takes so many rows.
struct First(usize, Vec<Value>);

impl Answer for First {
    fn columns(&mut self, _: Vec<String>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, mut row: Vec<Value>) -> ControlFlow<()> {
        self.1.append(&mut row);
        if self.1.len() < self.0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

#[tokio::test]
async fn rows_are_handed_on_while_the_answer_is_computed() {
    let (_folder, store) = filled().await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut first = First(3, Vec::new());
    store.stream(endless, &mut first).unwrap();
    assert_eq!(first.1, [1, 2, 3].map(Value::Integer));
    // What came before an error has arrived.
    let fails = "WITH n(i) AS (VALUES (1), (2), (-9223372036854775808)) SELECT abs(i) FROM n";
    let mut first = First(9, Vec::new());
    let error = store.stream(fails, &mut first).unwrap_err();
    assert_eq!(error.to_string(), "cannot run the query: integer overflow");
    assert_eq!(first.1, [1, 2].map(Value::Integer));
}

#[tokio::test]
async fn values_that_would_take_the_machines_memory_are_one_clear_line() {
    let (_folder, store) = filled().await;
    let large = "string or blob too big; a value or row may take 64 MiB";
    let many = format!("SELECT {}", vec!["randomblob(60000000)"; 20].join(", "));
    for (sql, reason) in [
        ("SELECT randomblob(1000000000)", large),
        ("SELECT zeroblob(2147483647)", large),
        ("SELECT hex(randomblob(60000000))", large),
        ("SELECT replace(hex(zeroblob(9000)), '00', hex(zeroblob(9000)))", large),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT group_concat(hex(zeroblob(1000))) FROM n",
            large,
        ),
        (&many, "it needs more than 512 MiB of memory"),
    ] {
        let refused = store.stream(sql, &mut QueryResult::default());
        let line = refused.map_err(|error| error.to_string());
        assert_eq!(line, Err(format!("cannot run the query: {reason}")), "{sql}");
    }
}

#[tokio::test]
async fn a_snapshot_stays_at_its_moment_while_others_write() {
    let (_folder, store) = filled().await;
    let reader = Store::open_read_only(store.location()).await.unwrap();
    let snapshot = reader.snapshot().unwrap();
    let counted = |table: &str| {
        let mut answer = QueryResult::default();
        snapshot.stream(&format!("SELECT COUNT(*) FROM {table}"), &mut answer).unwrap();
        answer.rows[0][0].clone()
    };
    // Written before the snapshot's first statement.
    let count = "SELECT COUNT(*) FROM runs";
    let before = store.query(count).await.unwrap().rows[0][0].clone();
    finish(&store, &new_run(Some("block5"), Some(128), 0), 0.5).await;
    for (table, expected) in [("runs", &before), ("runs_summary", &before)] {
        assert_eq!(counted(table), *expected, "{table}");
    }
    let Value::Integer(runs) = before else { panic!("{before:?}") };
    assert_eq!(store.query(count).await.unwrap().rows[0][0], Value::Integer(runs + 1));
    // It only reads, and goes on after a statement that it refused.
    let refused = snapshot.stream("DELETE FROM runs", &mut QueryResult::default());
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    let ended = snapshot.stream("COMMIT", &mut QueryResult::default());
    assert!(matches!(ended, Err(Error::ReadOnly { .. })), "{ended:?}");
    assert_eq!(counted("runs"), Value::Integer(runs));
}
