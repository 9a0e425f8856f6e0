//! The views for analysts: each run in one row, sets of test cells in words, trials with their runs.

use std::time::{Duration, Instant};

use ranklab_store::{NewRun, Store, Value};

use crate::fixture::{filled, finish, new_run, new_sweep, place, plan};
use crate::place::server;

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

/// A run in a fold of a division of these images.
fn in_fold(seed: i64, fold: Option<i64>, images: &str) -> NewRun {
    NewRun {
        fold,
        split: "patient".into(),
        split_hash: format!("{fold:?} of all"),
        image_set_hash: images.into(),
        config_hash: format!("{seed} {fold:?} {images}"),
        ..new_run(Some("block5"), Some(5), seed)
    }
}

#[tokio::test]
async fn a_run_has_one_row_that_names_its_configuration_and_its_figures() {
    let (_folder, store) = filled().await;
    let answer = store.query("SELECT * FROM runs_summary WHERE run IN (3, 8)").await.unwrap();
    let columns = "run name test_set_name model layers rank split seed accuracy auc trainable_parameters minutes \
                   status test_set";
    assert_eq!(answer.columns, columns.split(' ').collect::<Vec<_>>());
    let row = |run, name: &str, model: &str, layers, rank, seed, accuracy, parameters| {
        vec![
            Value::Integer(run),
            text(name),
            text("random split, split seed 0"),
            text(model),
            layers,
            rank,
            text("random"),
            Value::Integer(seed),
            Value::Real(accuracy),
            Value::Real(0.75),
            Value::Integer(parameters),
            Value::Real(2.0),
            text("finished"),
            text("images-split"),
        ]
    };
    let block5 = text("block5");
    let rank_1 = row(3, "model_5 · block5 · rank 1", "model_5", block5, Value::Integer(1), 2, 1.0, 1_197_826);
    let classical = row(8, "model_4", "model_4", Value::Null, Value::Null, 0, 0.875, 2_718_466);
    assert_eq!(answer.rows, [rank_1, classical]);
}

#[tokio::test]
async fn a_rank_for_each_layer_stands_in_the_name_and_is_no_number() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let ranks = NewRun { rank: None, ranks: Some("2+4+8".into()), ..new_run(Some("block5"), Some(2), 0) };
    finish(&store, &ranks, 0.5).await;
    for view in ["runs_summary", "leaderboard", "rank_comparison", "layer_comparison"] {
        let answer = store.query(&format!("SELECT name, rank FROM {view}")).await.unwrap();
        assert_eq!(answer.rows, [[text("model_5 · block5 · rank 2+4+8"), Value::Null]], "{view}");
    }
}

#[tokio::test]
async fn runs_on_the_same_cells_stand_together_the_best_first_and_those_without_result_last() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    // Fold 0 has the most finished runs. Fold 1 has more runs, of which two have no result.
    store.start_run(&in_fold(7, Some(0), "images")).await.unwrap();
    for (seed, fold, accuracy) in [(0, 1, 0.9), (0, 0, 0.5), (1, 0, 0.75), (2, 0, 0.625), (1, 1, 0.95)] {
        finish(&store, &in_fold(seed, Some(fold), "images"), accuracy).await;
    }
    store.start_run(&in_fold(8, Some(1), "images")).await.unwrap();
    let failed = store.start_run(&in_fold(9, Some(1), "images")).await.unwrap();
    store.fail_run(failed, "out of memory").await.unwrap();
    let answer = store.query("SELECT run, status, accuracy FROM runs_summary").await.unwrap();
    let finished = |run, accuracy| vec![Value::Integer(run), text("finished"), Value::Real(accuracy)];
    let without = |run, status: &str| vec![Value::Integer(run), text(status), Value::Null];
    assert_eq!(
        answer.rows,
        [
            finished(4, 0.75),
            finished(5, 0.625),
            finished(3, 0.5),
            without(1, "running"),
            finished(6, 0.95),
            finished(2, 0.9),
            without(7, "running"),
            without(8, "failed"),
        ]
    );
    let sets = store.query("SELECT test_set_name, runs, finished FROM test_sets").await.unwrap();
    let set = |fold, runs, finished| {
        let name = text(&format!("patient split, split seed 0, fold {fold}"));
        vec![name, Value::Integer(runs), Value::Integer(finished)]
    };
    assert_eq!(sets.rows, [set(0, 4, 3), set(1, 4, 2)]);
}

#[tokio::test]
async fn sets_of_other_cells_have_other_names_and_every_view_has_the_same_ones() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    for (seed, fold, images) in [(0, None, "first"), (1, None, "first"), (0, Some(2), "first")] {
        finish(&store, &in_fold(seed, fold, images), 0.5).await;
    }
    let names = "SELECT DISTINCT test_set_name FROM runs_summary";
    let whole = "patient split, split seed 0";
    let fold = "patient split, split seed 0, fold 2";
    assert_eq!(store.query(names).await.unwrap().rows, [[text(whole)], [text(fold)]]);
    // Other images, divided likewise: the words are the same.
    finish(&store, &in_fold(0, None, "second"), 0.5).await;
    let expected = [
        [text(&format!("{whole} (first-None of )"))],
        [text(fold)],
        [text(&format!("{whole} (second-None of )"))],
    ];
    let found = store.query(names).await.unwrap().rows;
    assert_eq!(found, expected);
    for view in ["leaderboard", "test_sets"] {
        let sql = "SELECT test_set, test_set_name FROM";
        let distinct = async |view: &str| {
            store.query(&format!("{sql} {view} GROUP BY 1, 2 ORDER BY 1, 2")).await.unwrap().rows
        };
        assert_eq!(distinct(view).await, distinct("runs_summary").await, "{view}");
    }
}

#[tokio::test]
async fn every_trial_has_one_row_with_the_run_of_its_configuration_if_there_is_one() {
    let (_folder, store) = filled().await;
    let answer = store
        .query("SELECT position, run, status, name, accuracy, runs FROM trials_with_runs WHERE sweep = 2")
        .await
        .unwrap();
    assert_eq!(answer.rows.len(), 11);
    let name = |rank| text(&format!("model_5 · block5 · rank {rank}"));
    let row = |position, run, status: &str, name, accuracy, runs| {
        vec![Value::Integer(position), run, text(status), name, accuracy, Value::Integer(runs)]
    };
    let [one, nine, ten] = [1, 9, 10].map(Value::Integer);
    assert_eq!(answer.rows[0], row(0, one, "finished", name(1), Value::Real(0.5), 1));
    assert_eq!(answer.rows[8], row(8, nine, "failed", name(16), Value::Null, 1));
    assert_eq!(answer.rows[9], row(9, ten, "running", name(32), Value::Null, 1));
    assert_eq!(answer.rows[10], row(10, Value::Null, "planned", Value::Null, Value::Null, 0));
    // The sweep that was requested last comes first, and the rows are those of trial_states.
    let mut sweeps = store.query("SELECT sweep, sweep_name FROM trials_with_runs").await.unwrap();
    sweeps.rows.dedup();
    assert_eq!(sweeps.rows, [2, 1].map(|sweep| [Value::Integer(sweep), text("ranks")]));
    let columns = "sweep, position, label, status, run, accuracy, failure, config_hash";
    let of = async |view: &str| {
        store.query(&format!("SELECT {columns} FROM {view} ORDER BY 1, 2")).await.unwrap().rows
    };
    assert_eq!(of("trials_with_runs").await, of("trial_states").await);
}

#[tokio::test]
async fn a_trial_that_was_trained_twice_counts_both_runs_and_shows_the_finished_one() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(Some("block5"), Some(5), 0);
    let finished = finish(&store, &run, 0.75).await;
    let failed = store.start_run(&run).await.unwrap();
    store.fail_run(failed, "out of memory").await.unwrap();
    store.register_sweep(&new_sweep("one"), &plan(&[run])).await.unwrap();
    let answer = store.query("SELECT run, status, accuracy, runs FROM trials_with_runs").await.unwrap();
    let row = [Value::Integer(finished), text("finished"), Value::Real(0.75), Value::Integer(2)];
    assert_eq!(answer.rows, [row]);
}

/// As many sets of test cells as runs are the slowest case: a join with them would compare each run with each set.
#[tokio::test]
async fn a_thousand_runs_are_summed_up_in_a_tenth_of_a_second() {
    for sets in [1, 12, 1000] {
        let (_folder, path) = place();
        let store = Store::open(&path).await.unwrap();
        let first = new_run(Some("block5"), Some(5), 0);
        finish(&store, &first, 0.5).await;
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)";
        let columns = store.query("SELECT * FROM runs").await.unwrap().columns;
        let copied: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                "id" => "i + 1".into(),
                "config_hash" => "config_hash || i".into(),
                "split_hash" => format!("(i % {sets}) || split_hash"),
                "fold" => format!("i % {sets}"),
                "test_accuracy" => "i / 1000.0".into(),
                column => column.to_owned(),
            })
            .collect();
        let copy = format!(
            "INSERT INTO runs ({}) {many} SELECT {} FROM runs, n",
            columns.join(", "),
            copied.join(", ")
        );
        store.query(&copy).await.unwrap();
        let planned: Vec<NewRun> = (1..1000)
            .map(|i| NewRun { config_hash: format!("{}{i}", first.config_hash), ..first.clone() })
            .collect();
        store.register_sweep(&new_sweep("many"), &plan(&planned)).await.unwrap();
        // A server sends all rows over a connection.
        let limit = Duration::from_millis(if server().is_some() { 1000 } else { 100 });
        for (view, rows) in [("runs_summary", 1000), ("trials_with_runs", 999), ("leaderboard", 1000)] {
            let sql = format!("SELECT * FROM {view}");
            let mut fastest = Duration::MAX;
            // Other work on the machine slows some of them.
            for _ in 0..10 {
                let started = Instant::now();
                assert_eq!(store.query(&sql).await.unwrap().rows.len(), rows, "{view}");
                fastest = fastest.min(started.elapsed());
            }
            assert!(fastest < limit, "{view} with {sets} sets took {fastest:?}");
        }
    }
}
