//! The plan of a sweep's analysis stays the first one; changes and reports are recorded.

use ranklab_store::{Error, NewLook, NewSweep, RecordedPlan, Store};

use crate::fixture::{filled, finish, new_run, new_sweep, place, plan};

/// An analysis plan of this text.
pub(crate) fn recorded(text: &str) -> Option<RecordedPlan> {
    Some(RecordedPlan { plan: text.into(), hash: format!("hash of {text}") })
}

fn with_plan(text: &str) -> NewSweep {
    NewSweep { analysis_plan: recorded(text), ..new_sweep("one") }
}

#[tokio::test]
async fn a_sweep_keeps_its_first_plan_and_every_change_is_recorded_once() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let trials = plan(&[new_run(None, None, 0)]);
    let register = async |sweep: NewSweep| store.register_sweep(&sweep, &trials).await.unwrap();
    let first = register(with_plan("a")).await;
    assert_eq!(first.plan_change, None);
    assert_eq!(register(with_plan("a")).await, first);
    let changed = register(with_plan("b")).await;
    let change = changed.plan_change.unwrap();
    assert_eq!(changed.sweep, first.sweep);
    assert_eq!((change.old_plan.as_deref(), change.new_plan.as_str()), (Some("a"), "b"));
    // The same request again, and one that names no plan: that of a resumed sweep.
    assert_eq!(register(with_plan("b")).await, first);
    assert_eq!(register(new_sweep("one")).await, first);
    let back = register(with_plan("a")).await.plan_change.unwrap();
    assert_eq!(
        (back.old_plan_hash.as_deref(), back.new_plan_hash.as_str()),
        (Some("hash of b"), "hash of a")
    );
    assert_eq!(store.plan_changes(first.sweep).await.unwrap(), [change, back]);
    let row = store.sweep(first.sweep).await.unwrap();
    assert_eq!(
        (row.analysis_plan.as_deref(), row.analysis_plan_hash.as_deref()),
        (Some("a"), Some("hash of a"))
    );
}

#[tokio::test]
async fn a_sweep_without_a_plan_gets_none_by_a_later_request() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let trials = plan(&[new_run(None, None, 0)]);
    let sweep = store.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep;
    let change = store.register_sweep(&with_plan("a"), &trials).await.unwrap().plan_change.unwrap();
    assert_eq!((change.old_plan, change.old_plan_hash), (None, None));
    assert_eq!(store.sweep(sweep).await.unwrap().analysis_plan, None);
    assert_eq!(store.register_sweep(&with_plan("a"), &trials).await.unwrap().plan_change, None);
}

#[tokio::test]
async fn reports_of_a_sweep_are_recorded_in_order() {
    let (_folder, store) = filled().await;
    let look =
        |finished, runs: &str| NewLook { finished, trials: 11, runs: runs.into(), options: "{}".into() };
    store.record_look(1, &look(1, "[1]")).await.unwrap();
    store.record_look(1, &look(2, "[1,2]")).await.unwrap();
    let looks = store.looks(1).await.unwrap();
    assert_eq!(looks.iter().map(|look| look.runs.as_str()).collect::<Vec<_>>(), ["[1]", "[1,2]"]);
    assert!(looks[0].looked_at <= looks[1].looked_at);
    assert_eq!(store.looks(2).await.unwrap(), []);
    assert!(matches!(store.record_look(7, &look(0, "[]")).await, Err(Error::UnknownSweep { sweep: 7 })));
    let reading = Store::open_read_only(store.location()).await.unwrap();
    assert!(matches!(reading.record_look(1, &look(2, "[1,2]")).await, Err(Error::ReadOnly { .. })));
    assert_eq!(reading.looks(1).await.unwrap().len(), 2);
}

#[tokio::test]
async fn finished_runs_are_the_newest_of_each_configuration() {
    let (_folder, store) = filled().await;
    let runs = store.finished_runs().await.unwrap();
    assert_eq!(runs.len(), 8);
    assert!(runs.iter().all(|run| run.ended_at.is_some() && run.image_set_hash == "images"));
    let again = finish(&store, &new_run(None, None, 0), 0.5).await;
    let newest = store.finished_runs().await.unwrap();
    assert_eq!((newest.len(), newest.last().unwrap().id), (8, again));
}
