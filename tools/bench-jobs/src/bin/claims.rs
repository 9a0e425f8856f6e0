//! The cost of claiming: workers claim all trials of one plan, each with its own connection, and end each at once.
//!
//!     just bench-claims trials=2000 workers=4

use std::{
    env,
    error::Error,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use ranklab_store::{Availability, Claim, NewRun, NewSweep, PlannedTrial, RunResult, Store};
use serde_json::json;

/// What a worker did.
#[derive(Default)]
struct Done {
    /// Trials that it got.
    claimed: usize,
    /// Time of all its claims and of the questions before them.
    claiming: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |name: &str, default: usize| -> usize {
        let value = arguments.iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (trials, workers) = (number("trials", 2000), number("workers", 4));
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("ranklab.db");
    register(&database, trials)?;
    let started = Instant::now();
    let done = thread::scope(|scope| {
        let working: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn({
                    let database = &database;
                    move || work(database, trials, worker)
                })
            })
            .collect();
        working
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a worker panicked".to_owned())?)
            .collect::<Result<Vec<Done>, String>>()
    })?;
    let claimed: usize = done.iter().map(|done| done.claimed).sum();
    if claimed != trials {
        return Err(format!("{claimed} of {trials} trials were claimed").into());
    }
    let claiming: f64 = done.iter().map(|done| done.claiming.as_secs_f64()).sum();
    let figures = json!({
        "job": "claims",
        "trials": trials,
        "workers": workers,
        "seconds": started.elapsed().as_secs_f64(),
        "claiming_ms_per_trial": 1000.0 * claiming / trials as f64,
    });
    println!("{figures}");
    Ok(())
}

fn hashes(trials: usize) -> Vec<String> {
    (0..trials).map(|trial| format!("{trial:064}")).collect()
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Registers the plan.
fn register(database: &Path, trials: usize) -> Result<(), Box<dyn Error>> {
    let planned: Vec<PlannedTrial> = (0..)
        .zip(hashes(trials))
        .map(|(position, config_hash)| PlannedTrial {
            position,
            label: format!("trial {position}"),
            config_hash,
            config: "{}".to_owned(),
        })
        .collect();
    let sweep = NewSweep {
        name: "claims".to_owned(),
        command: "claims".to_owned(),
        plan_hash: "claims".to_owned(),
        analysis_plan: None,
    };
    runtime()?.block_on(async {
        let store = Store::open(database).await?;
        store.register_sweep(&sweep, &planned).await?;
        store.close().await;
        Ok(())
    })
}

/// Claims trials until none is left, and ends each without training, as the work on a sweep does.
fn work(database: &Path, trials: usize, worker: usize) -> Result<Done, String> {
    let runtime = runtime().map_err(|problem| problem.to_string())?;
    let all = hashes(trials);
    runtime
        .block_on(async {
            let store = Store::open(database).await?;
            let mut done = Done::default();
            // As the work on a sweep asks: for several at once, and a claim only of what is free.
            for chunk in all.chunks(32) {
                let started = Instant::now();
                let mut states = store.availability(chunk).await?;
                done.claiming += started.elapsed();
                for (index, config_hash) in chunk.iter().enumerate() {
                    if states[index] != Availability::Free {
                        continue;
                    }
                    let run = NewRun {
                        config_hash: config_hash.clone(),
                        config: "{}".to_owned(),
                        host: "here".to_owned(),
                        process: worker as i64,
                        ..NewRun::default()
                    };
                    let started = Instant::now();
                    let claim = store.claim(&run, Some("now")).await?;
                    done.claiming += started.elapsed();
                    if let Claim::New(run) = claim {
                        done.claimed += 1;
                        store.finish_run(run, &RunResult::default(), &[], &[]).await?;
                        // A worker looks again after each group that it trained.
                        let started = Instant::now();
                        states = store.availability(chunk).await?;
                        done.claiming += started.elapsed();
                    }
                }
            }
            store.close().await;
            Ok::<_, ranklab_store::Error>(done)
        })
        .map_err(|problem| problem.to_string())
}
