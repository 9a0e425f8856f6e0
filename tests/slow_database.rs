//! A database that answers slowly, for others write to it or its disk is slow.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread::{scope, sleep},
    time::{Duration, SystemTime},
};

use ranklab_store::Store;

use crate::{
    command::Ranklab,
    disturbance::{await_that, errors},
};

/// Others leave a moment for a commit after each time they held the database: far fewer commits than epochs, but
/// longer than the 100 ms after which SQLite asks again, so that nobody waits forever.
const HELD: Duration = Duration::from_millis(450);
const FREE: Duration = Duration::from_millis(120);

#[test]
fn a_run_whose_commits_take_longer_than_its_epochs_has_checkpoints_and_signs_of_life_before_its_end() {
    let ranklab = Ranklab::new();
    let sweep: &[&str] = &["rank=1", "epochs=100000", "images=24", "batch=24"];
    let mut child = ranklab.start_and_await_checkpoint(sweep);
    let over = AtomicBool::new(false);
    let lives_on = scope(|threads| {
        threads.spawn(|| occupy(&ranklab, &over));
        // What was on its way before that is written by now.
        sleep(Duration::from_secs(1));
        let (checkpoint, heartbeat) = (written(&ranklab), heartbeat(&ranklab));
        let (mut saves, mut beats) = (false, false);
        for _ in 0..180 {
            sleep(Duration::from_millis(500));
            saves |= written(&ranklab) != checkpoint;
            beats |= self::heartbeat(&ranklab) != heartbeat;
            if saves && beats {
                break;
            }
        }
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        over.store(true, Ordering::Relaxed);
        (alive, saves, beats)
    });
    assert_eq!(lives_on, (true, true, true), "whether it trains, wrote a checkpoint, showed itself");
    // And that checkpoint has its metrics.
    let checkpoint = written(&ranklab);
    let mut again = ranklab.start(&Ranklab::sweep_arguments(sweep));
    await_that("the next checkpoint", || {
        again.try_wait().unwrap().is_some() || written(&ranklab) != checkpoint
    });
    again.kill().unwrap();
    let said = errors(&again.wait_with_output().unwrap());
    assert!(said.contains("run 1 resumes after epoch"), "{said}");
}

/// Holds the database over and over.
fn occupy(ranklab: &Ranklab, over: &AtomicBool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        while !over.load(Ordering::Relaxed) {
            let held = store.hold(0).await.unwrap();
            sleep(HELD);
            held.release().await.unwrap();
            sleep(FREE);
        }
        store.close().await;
    });
}

fn written(ranklab: &Ranklab) -> SystemTime {
    fs::metadata(ranklab.checkpoint()).unwrap().modified().unwrap()
}

fn heartbeat(ranklab: &Ranklab) -> String {
    ranklab.value("select heartbeat_at from runs")
}
