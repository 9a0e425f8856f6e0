//! What is written is read back, and registering or ending twice does what people expect.

use ranklab_store::{
    EpochMetric, Error, Liveness, NewRun, NewSweep, PredictionRow, RunResult, RunStatus, RunningProcess,
    Store, Value,
};

use crate::fixture::{
    artifact, epochs, filled, finish, new_run, new_sweep, place, plan, predictions, result, steps, validation,
};

#[tokio::test]
async fn predictions_of_several_runs_come_in_their_order_and_share_their_names() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let mut runs = Vec::new();
    for (count, seed) in [(4, 0), (3, 1), (4, 2), (0, 3)] {
        let run = store.start_run(&new_run(None, None, seed)).await.unwrap();
        let mut rows = predictions();
        rows.truncate(count);
        rows.iter_mut().for_each(|row| row.probability = seed as f64 / 10.0);
        store.finish_run(run, &result(0.5), &rows, &[]).await.unwrap();
        runs.push(run);
    }
    runs.rotate_left(2);
    let found = store.predictions_of(&runs).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [4, 0, 4, 3]);
    assert_eq!(found[0], store.predictions(runs[0]).await.unwrap());
    assert!(std::sync::Arc::ptr_eq(&found[0][1].image, &found[3][1].image));
    assert!(store.predictions_of(&[]).await.unwrap().is_empty());
    assert_eq!(
        store.predictions_of(&[1, 99]).await.unwrap_err().to_string(),
        "there is no run 99 in the database; `ranklab runs` lists them"
    );
}

/// A run with the family that its configuration has without its seed.
fn with_family(run: NewRun) -> NewRun {
    NewRun { family: run.config.replace(&format!(r#""seed":{}"#, run.seed), ""), ..run }
}

#[tokio::test]
async fn every_record_is_read_back_as_it_was_written() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = with_family(NewRun { fold: Some(3), ..new_run(Some("block4+block5"), Some(5), 7) });
    let id = store.start_run(&run).await.unwrap();
    let running = store.runs(&[id]).await.unwrap().remove(0);
    assert_eq!((running.status, &running.start, &running.result), (RunStatus::Running, &run, &None));
    assert_eq!((&running.ended_at, &running.failure), (&None, &None));

    store.record_steps(id, &steps(700)).await.unwrap();
    store.record_epoch(id, &epochs()).await.unwrap();
    store.heartbeat(id).await.unwrap();
    // A better epoch comes later, with the same images.
    store.record_validation(id, &validation(0.6)).await.unwrap();
    store.record_validation(id, &validation(0.9)).await.unwrap();
    let artifacts = [artifact("7/adapter.safetensors"), artifact("7/model.safetensors")];
    store.finish_run(id, &result(0.5), &predictions(), &artifacts).await.unwrap();
    store.close().await;

    let store = Store::open_read_only(&path).await.unwrap();
    let finished = store.all_runs().await.unwrap().remove(0);
    assert_eq!(
        (finished.status, finished.start, finished.result),
        (RunStatus::Finished, run, Some(result(0.5)))
    );
    assert!(finished.ended_at.unwrap() > finished.started_at);
    assert_eq!(store.step_metrics(id).await.unwrap(), steps(700));
    let mut expected = epochs();
    expected.sort_by(|left, right| (left.epoch, &left.metric).cmp(&(right.epoch, &right.metric)));
    assert_eq!(store.epoch_metrics(id).await.unwrap(), expected);
    assert_eq!(store.predictions(id).await.unwrap(), predictions());
    assert_eq!(store.validation_predictions(id).await.unwrap(), validation(0.9));
    assert_eq!(store.artifacts(id).await.unwrap(), artifacts);
}

#[tokio::test]
async fn absent_values_stay_absent_and_a_diverged_loss_is_recorded() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = with_family(NewRun { git_commit: None, git_dirty: None, ..new_run(None, None, 0) });
    let id = store.start_run(&run).await.unwrap();
    let metric = |value| EpochMetric { epoch: 1, metric: "train_loss".into(), value };
    store.record_epoch(id, &[metric(f64::NAN)]).await.unwrap();
    assert!(store.epoch_metrics(id).await.unwrap()[0].value.is_nan());
    store.record_epoch(id, &[metric(f64::INFINITY)]).await.unwrap();
    assert_eq!(store.epoch_metrics(id).await.unwrap(), [metric(f64::INFINITY)]);
    let end = RunResult { auc: None, test_loss: f64::NAN, ..result(0.5) };
    store.finish_run(id, &end, &[], &[]).await.unwrap();
    let row = store.runs(&[id]).await.unwrap().remove(0);
    let read = row.result.unwrap();
    assert!(read.test_loss.is_nan());
    assert_eq!(RunResult { test_loss: 0.0, ..read }, RunResult { test_loss: 0.0, ..end });
    assert_eq!(row.start, run);
    assert_eq!(store.predictions(id).await.unwrap(), []);
}

#[tokio::test]
async fn repeating_a_sweep_finds_it_again_and_makes_it_the_latest() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.latest_sweep().await.unwrap(), None);
    let trials = plan(&[new_run(Some("block5"), Some(1), 0), new_run(Some("block5"), Some(5), 0)]);
    let first = store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep;
    let second = store.register_sweep(&new_sweep("two"), &trials[..1]).await.unwrap().sweep;
    assert_ne!(first, second);
    assert_eq!(store.latest_sweep().await.unwrap().unwrap().id, second);
    assert_eq!(store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep, first);
    let latest = store.latest_sweep().await.unwrap().unwrap();
    assert_eq!((latest.id, latest.trials, latest.finished), (first, 2, 0));
    assert_eq!(store.trials(first).await.unwrap(), trials);
    let order: Vec<i64> = store.sweeps().await.unwrap().iter().map(|sweep| sweep.id).collect();
    assert_eq!(order, [first, second]);
    assert!(matches!(store.sweep(99).await, Err(Error::UnknownSweep { sweep: 99 })));
}

#[tokio::test]
async fn sweeps_are_ordered_by_a_counter_and_not_by_a_clock_that_jumps() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let trials = plan(&[new_run(None, None, 0)]);
    let first = store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep;
    let second = store.register_sweep(&new_sweep("two"), &trials).await.unwrap().sweep;
    // The clock ran ahead while the first was requested, and goes wrong while the third is.
    for (sweep, time) in [(first, "2099-01-01T00:00:00.000000Z"), (second, "1970-01-01T00:00:00.000000Z")] {
        let sql =
            format!("UPDATE sweeps SET requested_at = '{time}', created_at = '{time}' WHERE id = {sweep}");
        alter(&store, &sql).await;
    }
    assert_eq!(store.latest_sweep().await.unwrap().unwrap().id, second);
    assert_eq!(store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep, first);
    let third = store.register_sweep(&new_sweep("three"), &trials).await.unwrap().sweep;
    alter(&store, "UPDATE sweeps SET requested_at = '2000-01-01T00:00:00.000000Z' WHERE name = 'three'")
        .await;
    let order: Vec<i64> = store.sweeps().await.unwrap().iter().map(|sweep| sweep.id).collect();
    assert_eq!(order, [third, first, second]);
    let shown = store.query("SELECT sweep FROM sweep_progress").await.unwrap().rows;
    assert_eq!(shown, [third, first, second].map(|sweep| [Value::Integer(sweep)]));
}

#[tokio::test]
async fn a_sweep_takes_the_name_and_the_command_of_its_newest_request_and_uses_no_id_up() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let mut trials = plan(&[new_run(None, None, 0)]);
    let first = store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep;
    let renamed =
        NewSweep { name: "thesis".into(), command: "ranklab sweep -e t.toml".into(), ..new_sweep("one") };
    trials[0].label = "seed=0".into();
    for _ in 0..3 {
        assert_eq!(store.register_sweep(&renamed, &trials).await.unwrap().sweep, first);
    }
    let row = store.sweep(first).await.unwrap();
    assert_eq!((row.name.as_str(), row.command.as_str()), ("thesis", "ranklab sweep -e t.toml"));
    assert_eq!(store.trials(first).await.unwrap(), trials);
    assert_eq!(store.register_sweep(&new_sweep("two"), &trials).await.unwrap().sweep, first + 1);
}

async fn alter(store: &Store, sql: &str) {
    store.query(sql).await.unwrap();
}

#[tokio::test]
async fn a_sweep_repeated_with_other_contents_shows_their_runs_and_not_the_old_ones() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let before = new_run(Some("block5"), Some(1), 0);
    let after = NewRun { config_hash: "of other images".into(), ..before.clone() };
    let sweep =
        store.register_sweep(&new_sweep("one"), &plan(std::slice::from_ref(&before))).await.unwrap().sweep;
    finish(&store, &before, 0.5).await;
    let shown = async || {
        let trial = store.runs_of_sweep(sweep).await.unwrap().remove(0);
        (trial.0.config_hash, trial.1.map(|run| run.id))
    };
    assert_eq!(shown().await, (before.config_hash.clone(), Some(1)));
    assert_eq!(
        store.register_sweep(&new_sweep("one"), &plan(std::slice::from_ref(&after))).await.unwrap().sweep,
        sweep
    );
    assert_eq!(shown().await, (after.config_hash.clone(), None));
    finish(&store, &after, 0.75).await;
    assert_eq!(shown().await, (after.config_hash, Some(2)));
}

#[tokio::test]
async fn a_finished_run_is_found_by_its_configuration_whichever_sweep_asks() {
    let (_folder, store) = filled().await;
    let run = new_run(Some("block5"), Some(1), 1);
    assert_eq!(store.finished_run(&run.config_hash).await.unwrap(), Some(2));
    assert_eq!(store.finished_run("hash of nothing").await.unwrap(), None);
    assert_eq!(store.finished_run(&new_run(Some("block5"), Some(16), 0).config_hash).await.unwrap(), None);

    let [all, overlapping] = store.sweeps().await.unwrap().try_into().unwrap();
    assert_eq!((overlapping.trials, overlapping.finished), (2, 2));
    assert_eq!((all.trials, all.finished), (11, 8));
    let runs = store.runs_of_sweep(overlapping.id).await.unwrap();
    assert_eq!(runs.iter().map(|(_, run)| run.as_ref().unwrap().id).collect::<Vec<_>>(), [1, 2]);

    let runs = store.runs_of_sweep(all.id).await.unwrap();
    let states: Vec<_> = runs.iter().map(|(_, run)| run.as_ref().map(|run| run.status)).collect();
    assert_eq!(states[8..], [Some(RunStatus::Failed), Some(RunStatus::Running), None]);
    assert!(runs.iter().zip(0..).all(|((trial, _), position)| trial.position == position));
}

#[tokio::test]
async fn a_finished_run_stands_for_its_trial_even_after_a_later_failure() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(Some("block5"), Some(1), 0);
    let sweep =
        store.register_sweep(&new_sweep("one"), &plan(std::slice::from_ref(&run))).await.unwrap().sweep;
    let first = store.start_run(&run).await.unwrap();
    store.fail_run(first, "out of memory").await.unwrap();
    let failed = store.runs_of_sweep(sweep).await.unwrap().remove(0).1.unwrap();
    assert_eq!((failed.status, failed.failure.as_deref()), (RunStatus::Failed, Some("out of memory")));
    let second = finish(&store, &run, 0.5).await;
    let third = store.start_run(&run).await.unwrap();
    store.fail_run(third, "out of memory").await.unwrap();
    assert_eq!(store.runs_of_sweep(sweep).await.unwrap().remove(0).1.unwrap().id, second);
}

#[tokio::test]
async fn a_run_ends_once() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let id = finish(&store, &new_run(None, None, 0), 0.5).await;
    let again = store.finish_run(id, &result(1.0), &[], &[]).await.unwrap_err();
    assert_eq!(again.to_string(), "run 1 already ended (finished); start a new run instead");
    assert!(matches!(store.fail_run(id, "late").await, Err(Error::Ended { .. })));
    assert!(matches!(store.fail_run(7, "never").await, Err(Error::UnknownRun { run: 7 })));
}

#[tokio::test]
async fn an_end_that_breaks_a_rule_leaves_the_run_running() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let id = store.start_run(&new_run(None, None, 0)).await.unwrap();
    let wrong = PredictionRow { image: "z.png".into(), patient: "C9".into(), label: 2, probability: 0.5 };
    let predictions = [predictions(), vec![wrong]].concat();
    let error = store.finish_run(id, &result(0.5), &predictions, &[artifact("model")]).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(store.runs(&[id]).await.unwrap()[0].status, RunStatus::Running);
    assert!(store.predictions(id).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_this_hosts_dead_runs_are_marked_interrupted() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let alive = store.start_run(&new_run(Some("block5"), Some(1), 0)).await.unwrap();
    let dead = store.start_run(&new_run(Some("block5"), Some(1), 1)).await.unwrap();
    let elsewhere = NewRun { host: "other".into(), ..new_run(Some("block5"), Some(1), 2) };
    let elsewhere = store.start_run(&elsewhere).await.unwrap();
    let liveness = |process: &RunningProcess| match (process.host.as_str(), process.process) {
        ("lab", 100) => Liveness::Alive,
        ("lab", _) => Liveness::Gone,
        _ => Liveness::Unknown,
    };
    assert_eq!(store.mark_interrupted(&liveness).await.unwrap(), [dead]);
    assert_eq!(store.mark_interrupted(&liveness).await.unwrap(), [] as [i64; 0]);
    let states: Vec<_> =
        store.runs(&[alive, dead, elsewhere]).await.unwrap().iter().map(|run| run.status).collect();
    assert_eq!(states, [RunStatus::Running, RunStatus::Interrupted, RunStatus::Running]);
    // It was alive after all.
    store.finish_run(dead, &result(0.5), &[], &[]).await.unwrap();
}

#[tokio::test]
async fn a_deleted_run_takes_its_records_along_and_accepts_no_more() {
    let (_folder, store) = filled().await;
    store.delete_run(1).await.unwrap();
    for table in ["step_metrics", "epoch_metrics", "predictions", "artifacts"] {
        let answer = store.query(&format!("SELECT COUNT(*) FROM {table} WHERE run_id = 1")).await.unwrap();
        assert_eq!(answer.rows, [[ranklab_store::Value::Integer(0)]], "{table}");
    }
    let unknown = "there is no run 1 in the database; `ranklab runs` lists them";
    assert_eq!(store.delete_run(1).await.unwrap_err().to_string(), unknown);
    assert_eq!(store.record_steps(1, &steps(1)).await.unwrap_err().to_string(), unknown);
    assert_eq!(store.record_epoch(1, &epochs()).await.unwrap_err().to_string(), unknown);
    assert_eq!(store.heartbeat(1).await.unwrap_err().to_string(), unknown);
    assert_eq!(store.predictions(1).await.unwrap_err().to_string(), unknown);
    assert_eq!(store.runs(&[2, 1]).await.unwrap_err().to_string(), unknown);
}

#[tokio::test]
async fn a_deleted_runs_id_is_not_given_away_again() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let first = store.start_run(&new_run(None, None, 0)).await.unwrap();
    store.delete_run(first).await.unwrap();
    assert!(store.start_run(&new_run(None, None, 0)).await.unwrap() > first);
}

#[tokio::test]
async fn files_that_another_run_names_are_not_this_runs_alone() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    for (seed, own) in [(0, "0/model"), (1, "1/model")] {
        let id = store.start_run(&new_run(None, None, seed)).await.unwrap();
        store.finish_run(id, &result(0.5), &[], &[artifact("split.parquet"), artifact(own)]).await.unwrap();
    }
    assert_eq!(store.exclusive_artifacts(&[1]).await.unwrap(), [artifact("0/model")]);
    let all = [artifact("0/model"), artifact("1/model"), artifact("split.parquet")];
    assert_eq!(store.exclusive_artifacts(&[2, 1, 2]).await.unwrap(), all);
    store.delete_run(2).await.unwrap();
    assert_eq!(
        store.exclusive_artifacts(&[1]).await.unwrap(),
        [artifact("0/model"), artifact("split.parquet")]
    );
}

#[tokio::test]
async fn a_full_sized_run_is_recorded() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let id = store.start_run(&new_run(None, None, 0)).await.unwrap();
    store.record_steps(id, &steps(4_000)).await.unwrap();
    let predictions: Vec<_> = (0..2_600)
        .map(|index| PredictionRow {
            image: format!("{index:05}.png").into(),
            patient: "C1".into(),
            label: 1,
            probability: 0.5,
        })
        .collect();
    store.finish_run(id, &result(0.5), &predictions, &[]).await.unwrap();
    assert_eq!(store.step_metrics(id).await.unwrap(), steps(4_000));
    assert_eq!(store.predictions(id).await.unwrap(), predictions);
}
