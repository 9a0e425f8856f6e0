//! The views show the fixture as a person would sum it up.

use ranklab_store::{NewRun, NewSweep, PlannedTrial, Store, Value};

use crate::fixture::{filled, finish, new_run, place};

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

#[tokio::test]
async fn the_leaderboard_puts_the_best_finished_run_first() {
    let (_folder, store) = filled().await;
    let answer = store.query("SELECT run, model, accuracy, minutes FROM leaderboard").await.unwrap();
    assert_eq!(answer.rows.len(), 8);
    assert_eq!(answer.rows[0], [Value::Integer(3), text("model_5"), Value::Real(1.0), Value::Real(2.0)]);
    assert_eq!(answer.rows[1], [Value::Integer(8), text("model_4"), Value::Real(0.875), Value::Real(2.0)]);
    assert_eq!(answer.rows[7][2], Value::Real(0.25));
}

#[tokio::test]
async fn the_leaderboard_ranks_no_run_against_one_that_was_tested_on_other_cells() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let of = |seed, fold, images: &str| NewRun {
        fold,
        split_hash: format!("{fold:?} of the division"),
        image_set_hash: images.into(),
        config_hash: format!("{seed} {fold:?} {images}"),
        ..new_run(Some("block5"), Some(16), seed)
    };
    // Fold 1 and other images are far easier; fold 0 has the most runs, two of which are equal.
    for (seed, fold, images, accuracy) in [
        (0, Some(1), "images", 1.0),
        (0, Some(0), "images", 0.5),
        (1, Some(0), "images", 0.75),
        (2, Some(0), "images", 0.75),
        (0, Some(0), "others", 0.9),
        (1, Some(1), "images", 0.95),
    ] {
        finish(&store, &of(seed, fold, images), accuracy).await;
    }
    let answer = store.query("SELECT place, run, rank, fold, accuracy FROM leaderboard").await.unwrap();
    let row = |place, run, fold, accuracy| {
        let mut row: Vec<Value> = [place, run, 16, fold].map(Value::Integer).to_vec();
        row.push(Value::Real(accuracy));
        row
    };
    assert_eq!(
        answer.rows,
        [
            row(1, 3, 0, 0.75),
            row(1, 4, 0, 0.75),
            row(3, 2, 0, 0.5),
            row(1, 1, 1, 1.0),
            row(2, 6, 1, 0.95),
            row(1, 5, 0, 0.9)
        ]
    );
    let sets = store.query("SELECT COUNT(DISTINCT test_set) FROM leaderboard").await.unwrap();
    assert_eq!(sets.rows, [[Value::Integer(3)]]);
    let deep =
        store.query("SELECT run FROM leaderboard WHERE rank > 2 AND place = 1 ORDER BY run").await.unwrap();
    assert_eq!(deep.rows, [1, 3, 4, 5].map(|run| [Value::Integer(run)]));
}

#[tokio::test]
async fn a_sweep_over_different_test_cells_has_no_best_accuracy() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let trials: Vec<NewRun> = (0..2)
        .map(|fold| NewRun {
            fold: Some(fold),
            split_hash: format!("fold {fold}"),
            config_hash: format!("trial {fold}"),
            ..new_run(Some("block5"), Some(5), 0)
        })
        .collect();
    let planned = trials.iter().zip(0..).map(|(run, position)| PlannedTrial {
        position,
        label: run.label.clone(),
        config_hash: run.config_hash.clone(),
        config: run.config.clone(),
    });
    let sweep = NewSweep {
        name: "folds".into(),
        command: "sweep".into(),
        plan_hash: "plan".into(),
        analysis_plan: None,
    };
    store.register_sweep(&sweep, &planned.collect::<Vec<_>>()).await.unwrap();
    let best = "SELECT finished, best_accuracy FROM sweep_progress";
    finish(&store, &trials[0], 0.75).await;
    assert_eq!(store.query(best).await.unwrap().rows, [[Value::Integer(1), Value::Real(0.75)]]);
    finish(&store, &trials[1], 1.0).await;
    assert_eq!(store.query(best).await.unwrap().rows, [[Value::Integer(2), Value::Null]]);
}

#[tokio::test]
async fn ranks_are_compared_by_mean_and_sd_over_seeds() {
    let (_folder, store) = filled().await;
    let answer = store
        .query("SELECT rank, runs, seeds, accuracy, accuracy_sd FROM rank_comparison WHERE layers = 'block5'")
        .await
        .unwrap();
    let numbers = |rank, sd| {
        vec![Value::Integer(rank), Value::Integer(3), Value::Integer(3), Value::Real(0.75), Value::Real(sd)]
    };
    assert_eq!(answer.rows, [numbers(1, 0.25), numbers(5, 0.0)]);
    let single =
        store.query("SELECT runs, accuracy_sd FROM rank_comparison WHERE model = 'model_4'").await.unwrap();
    assert_eq!(single.rows, [[Value::Integer(1), Value::Null]]);
}

#[tokio::test]
async fn the_sd_agrees_with_the_textbook_formula() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let accuracies = [0.9711, 0.9803, 0.9769, 0.9642, 0.9804];
    for (accuracy, seed) in accuracies.into_iter().zip(0..) {
        finish(&store, &new_run(Some("block5"), Some(5), seed), accuracy).await;
    }
    let mean = accuracies.iter().sum::<f64>() / 5.0;
    let sd = (accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    let answer = store.query("SELECT accuracy, accuracy_sd, specificity_sd FROM repeats").await.unwrap();
    let [Value::Real(found_mean), Value::Real(found_sd), Value::Real(quarter)] = answer.rows[0][..] else {
        panic!("{answer:?}")
    };
    assert!((found_mean - mean).abs() < 1e-12 && (found_sd - sd).abs() < 1e-12, "{found_mean} {found_sd}");
    assert!((quarter - sd / 4.0).abs() < 1e-12);
}

#[tokio::test]
async fn runs_on_other_images_or_with_other_settings_are_no_repeats() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(Some("block5"), Some(5), 0);
    let alpha = NewRun {
        config: run.config.replace(r#""rank":5"#, r#""rank":5,"alpha":16"#),
        config_hash: "alpha".into(),
        ..run.clone()
    };
    let images = NewRun { image_set_hash: "others".into(), config_hash: "others".into(), ..run.clone() };
    for run in [&run, &alpha, &images, &new_run(Some("block5"), Some(5), 1)] {
        finish(&store, run, 0.5).await;
    }
    // The same configuration once more is no second measurement.
    finish(&store, &run, 0.5).await;
    let answer = store.query("SELECT runs FROM rank_comparison ORDER BY runs").await.unwrap();
    assert_eq!(answer.rows, [1, 1, 2].map(|runs| [Value::Integer(runs)]));
}

#[tokio::test]
async fn layers_are_compared_among_adapted_models() {
    let (_folder, store) = filled().await;
    let answer =
        store.query("SELECT layers, accuracy FROM layer_comparison WHERE ranks = '5'").await.unwrap();
    let expected = [[text("block5"), Value::Real(0.75)], [text("block5_conv3"), Value::Real(0.25)]];
    assert_eq!(answer.rows, expected);
    let without = store.query("SELECT * FROM layer_comparison WHERE model = 'model_4'").await.unwrap();
    assert!(without.rows.is_empty());
}

#[tokio::test]
async fn progress_counts_each_trial_once() {
    let (_folder, store) = filled().await;
    let answer = store
        .query("SELECT trials, finished, running, failed, interrupted, planned, best_accuracy FROM sweep_progress")
        .await
        .unwrap();
    let row = |counts: [i64; 6], best| {
        let mut row = counts.map(Value::Integer).to_vec();
        row.push(Value::Real(best));
        row
    };
    assert_eq!(answer.rows, [row([11, 8, 1, 1, 0, 1], 1.0), row([2, 2, 0, 0, 0, 0], 0.75)]);
    let failures = store.query("SELECT failure FROM trial_states WHERE status = 'failed'").await.unwrap();
    assert_eq!(failures.rows, [[text("loss is not a number")]]);
}

#[tokio::test]
async fn a_learning_curve_has_one_row_per_epoch() {
    let (_folder, store) = filled().await;
    let answer = store
        .query("SELECT epoch, train_loss, validation_accuracy, images_per_second, best FROM learning_curves WHERE run = 1")
        .await
        .unwrap();
    let row = |epoch, value, best| {
        vec![Value::Integer(epoch), Value::Real(value), Value::Real(value), Value::Null, Value::Integer(best)]
    };
    assert_eq!(answer.rows, [row(1, 0.5, 0), row(2, 0.25, 1)]);
}

#[tokio::test]
async fn wrongly_called_cells_are_listed_and_counted_per_patient() {
    let (_folder, store) = filled().await;
    let errors = store
        .query("SELECT image, patient, actual, predicted, confidence FROM test_errors WHERE run = 1")
        .await
        .unwrap();
    let expected = [
        [text("a_2.png"), text("C1"), text("positive"), text("negative"), Value::Real(0.8)],
        [text("b_2.png"), text("C2"), text("negative"), text("positive"), Value::Real(0.5)],
    ];
    assert_eq!(errors.rows, expected);
    let patients = store
        .query("SELECT patient, images, errors, false_negatives, false_positives, error_rate FROM patient_errors WHERE run = 1")
        .await
        .unwrap();
    let row = |patient, negatives, positives| {
        let mut row = vec![text(patient)];
        row.extend([2, 1, negatives, positives].map(Value::Integer));
        row.push(Value::Real(0.5));
        row
    };
    assert_eq!(patients.rows, [row("C1", 1, 0), row("C2", 0, 1)]);
}
