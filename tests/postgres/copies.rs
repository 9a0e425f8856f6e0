//! Whole histories copied between files and servers: equal rows and reports, or nothing.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use ranklab_store::Store;

use super::server::Database;
use crate::command::{Ranklab, failed, succeeded};

/// A report's files as one text, of the database at this location.
fn report(ranklab: &Ranklab, database: &str) -> String {
    let reports = ["--reports-folder", "compared", "--database", database];
    ranklab.stdout(&[&["report", "--no-pictures"], &reports[..]].concat());
    let folder = ranklab.path("compared/latest");
    let text =
        ["report.md", "details.md"].map(|file| fs::read_to_string(folder.join(file)).unwrap()).concat();
    fs::remove_dir_all(ranklab.path("compared")).unwrap();
    text.replace(database, "DATABASE")
}

/// The tables, rows and hashes that a copy printed.
fn tables(printed: &str) -> Vec<&str> {
    let (tables, end) = printed.rsplit_once("copied ").unwrap();
    assert!(end.ends_with(": counts and hashes of all tables are equal\n"), "{end}");
    tables.lines().collect()
}

#[test]
fn a_history_copied_to_a_server_and_back_has_equal_rows_hashes_and_reports() {
    let Some(database) = Database::new() else { return };
    let url = database.url();
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1,2", "seed=0,1", "epochs=2"]));
    succeeded(&ranklab.sweep(&["rank=1,4"]));
    let there = ranklab.stdout(&["database", "copy", "runs/ranklab.db", &url]);
    let back = ranklab.stdout(&["database", "copy", &url, "copy.db"]);
    assert_eq!(tables(&there), tables(&back));
    assert_eq!(tables(&there).len(), 14);
    let expected = report(&ranklab, "runs/ranklab.db");
    for database in [&url, "copy.db"] {
        assert_eq!(report(&ranklab, database), expected, "{database}");
    }
    // The runs folder belongs to all three, which go on with the same numbers.
    for database in [&url, "copy.db"] {
        assert!(ranklab.stdout(&["check", "--database", database]).ends_with("all intact\n"));
    }
    let arguments = [&Ranklab::sweep_arguments(&["rank=8"])[..], &["--database", &url]].concat();
    succeeded(&ranklab.run(&arguments));
    // A copy never goes into a database that holds something.
    for (from, to) in [("copy.db", url.as_str()), (&url, "copy.db"), ("runs/ranklab.db", "copy.db")] {
        let line = failed(&ranklab.run(&["database", "copy", from, to]));
        let expected =
            format!("error: cannot copy the runs database {from} to {to}: its table sweeps holds rows");
        assert!(line.starts_with(&expected) && line.ends_with("give an empty database"), "{line}");
    }
    assert_eq!(report(&ranklab, "copy.db"), expected);
}

/// A sweep in a file whose run has so many step metrics that copying them takes a moment.
fn large() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        let many = "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
            INSERT INTO step_metrics (run_id, epoch, step, metric, value) SELECT 1, 1, i, 'loss', 1.0 / i FROM n";
        store.query(many).await.unwrap();
        store.close().await;
    });
    ranklab
}

#[test]
fn a_copy_that_is_killed_leaves_a_database_that_holds_nothing_and_takes_the_next_copy() {
    if Database::new().is_none() {
        return;
    }
    let ranklab = large();
    let databases: Vec<Database> = (0..4).map(|_| Database::new().unwrap()).collect();
    let whole = databases[3].url();
    let started = Instant::now();
    let expected = ranklab.stdout(&["database", "copy", "runs/ranklab.db", &whole]);
    let seconds = started.elapsed().as_secs_f64();
    let servers = databases[..3].iter().map(Database::url).map(|to| ("runs/ranklab.db", to));
    let files = (0..3).map(|number| (whole.as_str(), format!("copy-{number}.db")));
    let mut cut = 0;
    for ((from, to), share) in servers.chain(files).zip([0.3, 0.6, 0.9].into_iter().cycle()) {
        let mut child = ranklab.start(&["database", "copy", from, &to]);
        sleep(Duration::from_secs_f64(share * seconds));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            continue;
        }
        cut += 1;
        let held = ranklab.run(&["query", "select count(*) from runs", "--format", "csv", "--database", &to]);
        // Unless it was cut before there were tables.
        if held.status.success() {
            let runs = succeeded(&held);
            if runs.lines().nth(1) == Some("1") {
                // The kill came between the commit and the end of the process.
                continue;
            }
            assert_eq!(runs.lines().nth(1), Some("0"), "{to} after {share}");
        }
        let line = failed(&ranklab.run(&["report", "--database", &to]));
        assert!(line.contains("ranklab sweep"), "{line}");
        let again = ranklab.stdout(&["database", "copy", from, &to]);
        assert_eq!(tables(&again), tables(&expected), "{to}");
    }
    assert!(cut >= 2, "only {cut} copies were cut off");
}
