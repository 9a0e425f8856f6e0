//! Asking which trials can be claimed: for many at once, and while another process writes.

use std::time::{Duration, Instant};

use ranklab_store::{Availability, Claim, Liveness, NewRun, Store};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::fixture::{file_place, finish, new_run, place};

fn trial(seed: i64) -> NewRun {
    new_run(None, None, seed)
}

fn hashes(seeds: impl IntoIterator<Item = i64>) -> Vec<String> {
    seeds.into_iter().map(|seed| trial(seed).config_hash).collect()
}

#[tokio::test]
async fn every_state_of_a_trial_is_told_apart_in_the_order_of_the_question() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    // Seed 0 has no run. The runs of the others are numbered by their seeds.
    assert_eq!(finish(&store, &trial(1), 0.5).await, 1);
    assert_eq!(store.claim(&trial(2), None).await.unwrap(), Claim::New(2));
    store.diverge_run(2, [1, 1], "the loss is NaN at step 1", &[]).await.unwrap();
    assert_eq!(store.claim(&trial(3), Some("boot 1")).await.unwrap(), Claim::New(3));
    assert_eq!(store.claim(&trial(4), None).await.unwrap(), Claim::New(4));
    store.interrupt_run(4).await.unwrap();
    assert_eq!(store.claim(&trial(5), None).await.unwrap(), Claim::New(5));
    store.fail_run(5, "out of memory").await.unwrap();
    let order = [3, 0, 5, 1, 4, 2, 1];
    let found = store.availability(&hashes(order)).await.unwrap();
    let Availability::Running(process) = &found[0] else { panic!("{found:?}") };
    assert_eq!((process.run, process.host.as_str(), process.process), (3, "lab", 103));
    assert_eq!(process.process_started.as_deref(), Some("boot 1"));
    assert!(!process.lapsed);
    let rest = [
        Availability::Free,
        Availability::Free,
        Availability::Finished(1),
        Availability::Interrupted(4),
        Availability::Diverged(2),
        Availability::Finished(1),
    ];
    assert_eq!(found[1..], rest);
    assert_eq!(store.availability(&[]).await.unwrap(), []);
    // A claim gives the same answers.
    let claims = [Claim::New(6), Claim::New(7), Claim::Finished(1), Claim::Continued(4), Claim::Diverged(2)];
    for (seed, expected) in [0, 5, 1, 4, 2].into_iter().zip(claims) {
        assert_eq!(store.claim(&trial(seed), None).await.unwrap(), expected, "seed {seed}");
    }
}

#[tokio::test]
async fn a_finished_run_counts_whatever_other_runs_its_trial_has() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    finish(&store, &trial(0), 0.5).await;
    finish(&store, &trial(0), 0.5).await;
    store.start_run(&trial(0)).await.unwrap();
    assert_eq!(store.availability(&hashes([0])).await.unwrap(), [Availability::Finished(2)]);
}

#[tokio::test]
async fn a_run_whose_lease_ran_out_is_running_and_lapsed_until_it_is_marked() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.claim(&trial(0), None).await.unwrap();
    store.query("UPDATE runs SET lease_expires_at = '2020-01-01T00:00:00.000000Z'").await.unwrap();
    let found = store.availability(&hashes([0])).await.unwrap();
    assert!(matches!(&found[..], [Availability::Running(process)] if process.lapsed), "{found:?}");
    assert_eq!(store.mark_interrupted(&|_| Liveness::Unknown).await.unwrap(), [1]);
    assert_eq!(store.availability(&hashes([0])).await.unwrap(), [Availability::Interrupted(1)]);
}

#[tokio::test]
async fn the_question_waits_for_no_writer_and_holds_none_up() {
    let (_folder, path) = file_place();
    let store = Store::open(&path).await.unwrap();
    store.claim(&trial(0), None).await.unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let started = Instant::now();
    let reader = Store::open_read_only(&path).await.unwrap();
    for handle in [&store, &reader] {
        let found = handle.availability(&hashes(0..1_200)).await.unwrap();
        assert_eq!(found.len(), 1_200);
        assert!(matches!(found[0], Availability::Running(_)));
        assert!(found[1..].iter().all(|trial| *trial == Availability::Free));
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let presuming = reader.presuming_interrupted(&[1]);
    assert_eq!(presuming.availability(&hashes([0])).await.unwrap(), [Availability::Interrupted(1)]);
    other.execute("ROLLBACK").await.unwrap();
}
