//! Both databases have the same views: on one history they give the same rows, and no migration is missing in one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ranklab_store::catalog::{RelationKind, relations};
use ranklab_store::{Location, NewRun, NewSweep, Store, Value, copy_database};

use crate::analysis_plans::recorded;
use crate::fixture::{filled_file, finish, new_run, new_sweep, plan, server};
use crate::place::server_place;
use crate::transfer::evaluation;

/// The last version whose tables a server gets at once, without the migrations before it.
const FIRST_OF_SERVERS: u32 = 9;

/// A history with something in every view: folds, other images, evaluations, a failed run, a running one, a plan.
async fn history(store: &Store) {
    store.record_evaluation(1, &evaluation(), &crate::fixture::predictions()).await.unwrap();
    let folds: Vec<NewRun> = (0..4)
        .map(|number| NewRun {
            fold: Some(number % 2),
            split: "patient".into(),
            split_hash: format!("fold {} of 2", number % 2),
            image_set_hash: "others".into(),
            config_hash: format!("fold {number}"),
            ..new_run(Some("block4,block5"), Some(5), number / 2)
        })
        .collect();
    for (run, accuracy) in folds.iter().zip([0.1 + 0.2, 0.7, 1.0 / 3.0, 0.97]) {
        finish(store, run, accuracy).await;
    }
    let planned = NewSweep { analysis_plan: recorded("a"), ..new_sweep("folds") };
    store.register_sweep(&planned, &plan(&folds)).await.unwrap();
    let changed = NewSweep { analysis_plan: recorded("b"), ..new_sweep("folds") };
    store.register_sweep(&changed, &plan(&folds)).await.unwrap();
}

/// All rows of a view in an order that both databases share.
async fn rows(store: &Store, view: &str, columns: &str) -> Vec<Vec<Value>> {
    let sql = format!("SELECT {columns} FROM {view}");
    let mut rows = store.query(&sql).await.unwrap().rows;
    rows.sort_by_cached_key(|row| format!("{row:?}"));
    rows
}

/// Whether two values are equal; sums of reals may be added up in another order.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Real(one), Value::Real(other)) => (one - other).abs() <= 1e-12 * one.abs().max(1.0),
        _ => one == other,
    }
}

#[tokio::test]
async fn every_view_gives_the_same_rows_in_a_file_and_on_a_server() {
    let Some(url) = server() else { return };
    let (_folder, file) = filled_file().await;
    history(&file).await;
    let (_place, location) = server_place(url);
    copy_database(file.location(), &location).await.unwrap();
    let server = Store::open_read_only(&location).await.unwrap();
    let mut counts = BTreeMap::new();
    for view in relations().filter(|relation| relation.kind == RelationKind::View) {
        let names: Vec<&str> = view.column_names().collect();
        let names = names.join(", ");
        let (of_file, of_server) =
            (rows(&file, view.name, &names).await, rows(&server, view.name, &names).await);
        assert_eq!(of_file.len(), of_server.len(), "{}", view.name);
        for (one, other) in of_file.iter().zip(&of_server) {
            for ((one, other), name) in one.iter().zip(other).zip(view.column_names()) {
                assert!(
                    are_equal(one, other),
                    "{}.{name}: {one:?} in a file, {other:?} on a server",
                    view.name
                );
            }
        }
        // A view's columns stand in the same order, and all are listed.
        let columns = format!("SELECT * FROM {}", view.name);
        let columns =
            [file.query(&columns).await.unwrap().columns, server.query(&columns).await.unwrap().columns];
        assert_eq!(columns[0], columns[1], "{}", view.name);
        counts.insert(view.name, of_file.len());
    }
    let empty: Vec<_> = counts.iter().filter(|(_, count)| **count == 0).collect();
    assert!(counts.len() >= 12 && empty.is_empty(), "views without a row: {empty:?} of {}", counts.len());
}

#[tokio::test]
async fn every_view_has_its_rows_in_the_same_order() {
    let Some(url) = server() else { return };
    let (_folder, file) = filled_file().await;
    history(&file).await;
    let (_place, location) = server_place(url);
    copy_database(&Location::file(crate::fixture::file(&file)), &location).await.unwrap();
    let server = Store::open_read_only(&location).await.unwrap();
    for (view, key) in [
        ("leaderboard", "place, run"),
        ("runs_summary", "run"),
        ("rank_comparison", "model, layers, ranks, runs"),
        ("layer_comparison", "model, layers, ranks, runs"),
        ("sweep_progress", "sweep, trials"),
    ] {
        let sql = format!("SELECT {key} FROM {view}");
        let found = [file.query(&sql).await.unwrap().rows, server.query(&sql).await.unwrap().rows];
        assert_eq!(found[0], found[1], "{view}");
    }
}

/// The versions and the names of the migrations in a folder.
fn migrations(dialect: &str) -> BTreeMap<u32, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.map(|file| (file.split('_').next().unwrap().parse().unwrap(), file)).collect()
}

#[test]
fn every_migration_after_the_ninth_exists_for_both_databases() {
    let [mut of_files, of_servers] = ["sqlite", "postgres"].map(migrations);
    for (dialect, found) in [("sqlite", &of_files), ("postgres", &of_servers)] {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(dialect).join("schema.rs");
        let schema = fs::read_to_string(schema).unwrap();
        for file in found.values() {
            assert!(schema.contains(file.as_str()), "{dialect}/schema.rs does not apply {file}");
        }
    }
    of_files.retain(|version, _| *version > FIRST_OF_SERVERS);
    let first = of_servers.keys().next();
    assert_eq!(first, Some(&FIRST_OF_SERVERS));
    let later: BTreeMap<u32, String> =
        of_servers.into_iter().filter(|(version, _)| *version > FIRST_OF_SERVERS).collect();
    assert_eq!(of_files, later, "each migration needs a twin of its version and name");
}
