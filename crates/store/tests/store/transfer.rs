//! Whole histories copied from one database to another: all rows, the same rows, or none.

use ranklab_store::{Error, Location, NewEvaluation, Store, Value, copy_database};

use crate::fixture::{Place, file_place, filled, finish, new_run, place, predictions, server};

/// A test on images of elsewhere.
pub(crate) fn evaluation() -> NewEvaluation {
    NewEvaluation {
        dataset: "elsewhere".into(),
        positive: "positive".into(),
        negative: "negative".into(),
        group_rule: "patient".into(),
        synthetic: false,
        images: 4,
        patients: 2,
        image_set_hash: "others".into(),
        shared_images: Some(0),
        shared_patients: Some(0),
        audit_problem: None,
        threshold: 0.5,
        threshold_images: None,
        device: "flex".into(),
        version: "0.1.0".into(),
        git_commit: None,
        git_dirty: None,
        loss: 0.1 + 0.2,
        accuracy: 0.5,
        sensitivity: 0.5,
        specificity: 0.5,
        precision: 0.5,
        f1: 0.5,
        auc: None,
        true_positives: 1,
        false_negatives: 1,
        false_positives: 1,
        true_negatives: 1,
    }
}

/// A filled database of the suite's kind with more than one batch of rows, and numbers that no row has any more.
async fn source() -> (Place, Store) {
    let (place, store) = filled().await;
    store.record_evaluation(1, &evaluation(), &predictions()).await.unwrap();
    let many: Vec<_> = crate::fixture::steps(2_000);
    let run = store.start_run(&new_run(None, None, 77)).await.unwrap();
    store.record_steps(run, &many).await.unwrap();
    let last = store.start_run(&new_run(None, None, 78)).await.unwrap();
    store.delete_run(last).await.unwrap();
    (place, store)
}

async fn counts(location: &Location) -> Vec<Vec<Value>> {
    let store = Store::open_read_only(location).await.unwrap();
    let sql = "SELECT (SELECT COUNT(*) FROM runs), (SELECT COUNT(*) FROM step_metrics), (SELECT id FROM database_identity)";
    store.query(sql).await.unwrap().rows
}

#[tokio::test]
async fn a_copy_has_the_same_rows_there_and_back_and_goes_on_with_its_numbers() {
    let (_place, store) = source().await;
    let from = store.location().clone();
    store.close().await;
    let (_folder, file) = file_place();
    let (_other, to) = place();
    let there = copy_database(&from, &Location::file(&file)).await.unwrap();
    let back = copy_database(&Location::file(&file), &to).await.unwrap();
    assert_eq!(there, back);
    assert_eq!(there.len(), 14);
    let rows = |table: &str| there.iter().find(|copied| copied.table == table).unwrap().rows;
    assert_eq!((rows("runs"), rows("evaluations"), rows("evaluation_predictions")), (11, 1, 4));
    assert!(rows("step_metrics") > 4_000);
    assert!(there.iter().all(|copied| copied.sha256.len() == 64));
    assert_eq!(counts(&from).await, counts(&to).await);
    assert_eq!(counts(&from).await, counts(&Location::file(&file)).await);
    for location in [to, Location::file(&file)] {
        let store = Store::open(&location).await.unwrap();
        assert_eq!(finish(&store, &new_run(None, None, 79), 0.5).await, 13, "{location}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_copy_goes_into_an_empty_database_only_and_leaves_another_as_it_was() {
    let (_place, store) = source().await;
    let (_other, filled) = place();
    let target = Store::open(&filled).await.unwrap();
    finish(&target, &new_run(None, None, 0), 0.5).await;
    target.close().await;
    let before = counts(&filled).await;
    let error = copy_database(store.location(), &filled).await.unwrap_err();
    assert!(matches!(error, Error::Copy { .. }), "{error}");
    assert!(
        error.to_string().ends_with("its table runs holds rows already; give an empty database"),
        "{error}"
    );
    assert_eq!(counts(&filled).await, before);
}

#[tokio::test]
async fn what_is_only_in_a_file_is_said_of_a_server_in_one_line() {
    let Some(_) = server() else { return };
    let (_place, store) = source().await;
    let error = store.backup(std::path::Path::new("/nowhere/copy.db")).await.unwrap_err();
    assert!(error.to_string().contains("has no file; copy it with `pg_dump`"), "{error}");
    let error = ranklab_store::restore(std::path::Path::new("copy.db"), store.location()).await.unwrap_err();
    assert!(error.to_string().contains("has no file; fill an empty database"), "{error}");
}
