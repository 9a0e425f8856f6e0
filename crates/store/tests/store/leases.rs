//! Claims and leases: one process per trial, and none for the dead.

use ranklab_store::{Claim, Error, Liveness, NewRun, RunStatus, RunningProcess, Store};

use crate::fixture::{artifact, epochs, finish, new_run, place, predictions, result, steps};

async fn alter(store: &Store, sql: &str) {
    store.query(sql).await.unwrap();
}

fn everyone(liveness: Liveness) -> impl Fn(&RunningProcess) -> Liveness {
    move |_| liveness
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_gets_the_trial() {
    let (_folder, path) = place();
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = Store::open(&path).await.unwrap();
                store.claim(&new_run(None, None, 0), Some("boot 1")).await.unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for claim in asking {
        match claim.await.unwrap() {
            Claim::New(1) => won += 1,
            claim => assert_eq!(claim, Claim::Taken { run: 1, host: "lab".into(), process: 100 }),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn an_interrupted_run_goes_on_under_its_id_and_its_former_owner_is_refused() {
    let (_folder, path) = place();
    let first = Store::open(&path).await.unwrap();
    let run = new_run(None, None, 0);
    assert_eq!(first.claim(&run, Some("boot 1")).await.unwrap(), Claim::New(1));
    first.record_steps(1, &steps(3)).await.unwrap();
    assert_eq!(first.mark_interrupted(&everyone(Liveness::Gone)).await.unwrap(), [1]);
    let second = Store::open(&path).await.unwrap();
    assert_eq!(second.claim(&run, Some("boot 2")).await.unwrap(), Claim::Continued(1));
    for refused in [
        first.record_steps(1, &steps(1)).await,
        first.record_epoch(1, &epochs()).await,
        first.heartbeat(1).await,
        first.finish_run(1, &result(0.5), &predictions(), &[]).await,
        first.fail_run(1, "late").await,
        first.diverge_run(1, [1, 1], "late", &[]).await,
        first.interrupt_run(1).await,
        first.rewind(1, 0).await.map(|_| ()),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::TakenOver { run: 1, process: 100, .. }), "{error}");
    }
    second.finish_run(1, &result(0.5), &predictions(), &[]).await.unwrap();
    assert_eq!(first.claim(&run, None).await.unwrap(), Claim::Finished(1));
    let interruptions = first.query("SELECT interruptions FROM runs").await.unwrap();
    assert_eq!(interruptions.rows, [[ranklab_store::Value::Integer(1)]]);
}

#[tokio::test]
async fn a_run_that_is_held_is_claimed_by_nobody_until_it_is_released() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(None, None, 0);
    store.claim(&run, None).await.unwrap();
    store.interrupt_run(1).await.unwrap();
    let held = store.hold(1).await.unwrap();
    assert_eq!(held.status(), Some(RunStatus::Interrupted));
    let other = Store::open_read_only(&path).await.unwrap();
    let asking = tokio::spawn({
        let (path, run) = (path.clone(), run.clone());
        async move { Store::open(&path).await.unwrap().claim(&run, None).await.unwrap() }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!asking.is_finished(), "a run was claimed while it was held");
    assert_eq!(other.runs(&[1]).await.unwrap()[0].status, RunStatus::Interrupted);
    held.release().await.unwrap();
    assert_eq!(asking.await.unwrap(), Claim::Continued(1));
    assert_eq!(store.hold(7).await.unwrap().status(), None);
}

#[tokio::test]
async fn a_run_that_was_begun_from_a_dirty_tree_stays_dirty() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let dirty = NewRun { git_dirty: Some(true), ..new_run(None, None, 0) };
    let clean = NewRun { git_dirty: Some(false), git_commit: Some("4567def".into()), ..dirty.clone() };
    store.claim(&dirty, None).await.unwrap();
    store.interrupt_run(1).await.unwrap();
    assert_eq!(store.claim(&clean, None).await.unwrap(), Claim::Continued(1));
    let row = store.runs(&[1]).await.unwrap().remove(0).start;
    assert_eq!((row.git_dirty, row.git_commit.as_deref()), (Some(true), Some("4567def")));
}

#[tokio::test]
async fn a_live_process_keeps_its_run_and_an_unknown_one_as_long_as_its_heartbeat_is_young() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.claim(&new_run(None, None, 0), None).await.unwrap();
    for liveness in [Liveness::Alive, Liveness::Unknown] {
        assert!(store.mark_interrupted(&everyone(liveness)).await.unwrap().is_empty());
    }
    alter(&store, "UPDATE runs SET lease_expires_at = '2020-01-01T00:00:00.000000Z'").await;
    assert!(store.mark_interrupted(&everyone(Liveness::Alive)).await.unwrap().is_empty());
    assert_eq!(store.mark_interrupted(&everyone(Liveness::Unknown)).await.unwrap(), [1]);
    // It was alive after all, and nobody took it over.
    store.heartbeat(1).await.unwrap();
    assert_eq!(store.runs(&[1]).await.unwrap()[0].status, RunStatus::Running);
    assert!(store.mark_interrupted(&everyone(Liveness::Unknown)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lease_given_by_a_clock_that_ran_ahead_does_not_outlive_its_process_for_years() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.claim(&new_run(None, None, 0), None).await.unwrap();
    alter(&store, "UPDATE runs SET lease_expires_at = '2099-01-01T00:00:00.000000Z'").await;
    assert!(store.mark_interrupted(&everyone(Liveness::Alive)).await.unwrap().is_empty());
    assert_eq!(store.mark_interrupted(&everyone(Liveness::Unknown)).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_run_that_is_given_up_is_continued_at_once() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(None, None, 0);
    store.claim(&run, None).await.unwrap();
    store.interrupt_run(1).await.unwrap();
    assert_eq!(store.runs(&[1]).await.unwrap()[0].status, RunStatus::Interrupted);
    let other = Store::open(&path).await.unwrap();
    assert_eq!(other.claim(&run, None).await.unwrap(), Claim::Continued(1));
}

#[tokio::test]
async fn what_was_recorded_after_the_last_checkpoint_is_dropped() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.claim(&new_run(None, None, 0), None).await.unwrap();
    // Steps 1 to 999 are epoch 1's.
    store.record_steps(1, &steps(1_200)).await.unwrap();
    store.record_epoch(1, &epochs()).await.unwrap();
    assert_eq!(store.rewind(1, 1).await.unwrap(), (1, 999));
    assert_eq!(store.step_metrics(1).await.unwrap(), steps(999));
    assert_eq!(store.rewind(1, 0).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_diverged_run_says_where_and_stands_for_its_trial() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    let run = new_run(None, None, 0);
    store.claim(&run, None).await.unwrap();
    store.diverge_run(1, [2, 7], "the loss is NaN at step 7", &[artifact("1/checkpoint")]).await.unwrap();
    let row = store.runs(&[1]).await.unwrap().remove(0);
    assert_eq!(row.status, RunStatus::Diverged);
    assert_eq!(row.failure.as_deref(), Some("the loss is NaN at step 7"));
    assert_eq!(store.artifacts(1).await.unwrap(), [artifact("1/checkpoint")]);
    let place = store.query("SELECT diverged_epoch, diverged_step FROM runs").await.unwrap();
    assert_eq!(place.rows, [[2, 7].map(ranklab_store::Value::Integer)]);
    assert_eq!(store.claim(&run, None).await.unwrap(), Claim::Diverged(1));
    // One that finished, with other code, counts more.
    finish(&store, &run, 0.5).await;
    assert_eq!(store.claim(&run, None).await.unwrap(), Claim::Finished(2));
}
