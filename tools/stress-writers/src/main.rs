//! Many processes write one database for some minutes, each trial claimed by one of them, while slow readers
//! hold old states open; then what arrived is counted against what was sent.
//!
//!     just stress-writers processes=16 readers=2 minutes=10
//!     just stress-writers-postgres processes=16 readers=2 minutes=10
//!
//! The first writes a SQLite file. The second starts a PostgreSQL server and adds `database=URL`, which may name any
//! empty database.
//!
//! Ends with an error when a row is missing or stands twice, or when any call failed.
#![allow(clippy::unwrap_used)] // A measurement may stop anywhere.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use ranklab_store::{
    ArtifactRow, Claim, EpochMetric, Location, NewRun, NewSweep, PlannedTrial, PredictionRow, QueryResult,
    RunResult, StepMetric, Store, Value,
};
use serde::{Deserialize, Serialize};

/// Of each trial.
const EPOCHS: i64 = 4;
const STEPS: i64 = 64;
const PREDICTIONS: i64 = 260;
/// Trials that all processes ask for, over and over.
const PLAN: i64 = 100_000;
/// How long a reader keeps the state it first saw.
const HOLD: Duration = Duration::from_secs(20);

/// What a process sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sent {
    trials: i64,
    steps: i64,
    epochs: i64,
    predictions: i64,
    heartbeats: i64,
    /// Trials that another process had.
    taken: i64,
    /// Milliseconds of the slowest call.
    slowest: u128,
    errors: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", database, seconds] => {
            let sent = runtime.block_on(write(&location(database), seconds.parse().unwrap()));
            println!("{}", serde_json::to_string(&sent).unwrap());
            ExitCode::SUCCESS
        }
        ["read", database, seconds] => {
            runtime.block_on(read(&location(database), seconds.parse().unwrap()));
            ExitCode::SUCCESS
        }
        _ => runtime.block_on(compare(&arguments)),
    }
}

fn location(database: &str) -> Location {
    Location::parse(Path::new(database)).unwrap()
}

fn text<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
}

fn setting(arguments: &[String], name: &str, default: f64) -> f64 {
    text(arguments, name).map_or(default, |value| value.parse().unwrap())
}

/// Starts the others, waits for them and counts.
async fn compare(arguments: &[String]) -> ExitCode {
    let (processes, readers) = (setting(arguments, "processes", 8.0), setting(arguments, "readers", 2.0));
    let seconds = setting(arguments, "minutes", 10.0) * 60.0;
    let folder = env::temp_dir().join(format!("ranklab-stress-{}", std::process::id()));
    let file = folder.join("ranklab.db").to_str().unwrap().to_owned();
    let database = text(arguments, "database").map_or(file, str::to_owned);
    let place = location(&database);
    // Its tables are there before anybody writes or reads.
    let store = Store::open(&place).await.unwrap();
    assert!(store.all_runs().await.unwrap().is_empty(), "{place} holds runs; give an empty database");
    store.close().await;
    let start = |role: &str| {
        Command::new(env::current_exe().unwrap())
            .args([role, &database, &seconds.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let started = Instant::now();
    let writers: Vec<_> = (0..processes as usize).map(|_| start("write")).collect();
    let readers: Vec<_> = (0..readers as usize).map(|_| start("read")).collect();
    let mut sent = Sent::default();
    let mut ended_well = true;
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        ended_well &= output.status.success();
        let Ok(one) = serde_json::from_slice::<Sent>(&output.stdout) else { continue };
        sent.trials += one.trials;
        sent.steps += one.steps;
        sent.epochs += one.epochs;
        sent.predictions += one.predictions;
        sent.heartbeats += one.heartbeats;
        sent.taken += one.taken;
        sent.slowest = sent.slowest.max(one.slowest);
        for (error, count) in one.errors {
            *sent.errors.entry(error).or_default() += count;
        }
    }
    for reader in readers {
        ended_well &= reader.wait_with_output().unwrap().status.success();
    }
    let took = started.elapsed().as_secs_f64();
    let found = found(&place).await;
    let rows = [
        ("trials finished", sent.trials, found[0]),
        ("step metrics", sent.steps, found[1]),
        ("epoch metrics", sent.epochs, found[2]),
        ("predictions", sent.predictions, found[3]),
        ("trials with more than one run", 0, found[4]),
        ("runs not finished", 0, found[5]),
    ];
    println!(
        "{place}\n{processes} processes, {:.1} minutes\n{:<32}{:>12}{:>12}",
        seconds / 60.0,
        "",
        "sent",
        "found"
    );
    for (name, sent, found) in rows {
        println!("{name:<32}{sent:>12}{found:>12}");
    }
    println!("heartbeats {}, claims of taken trials {}", sent.heartbeats, sent.taken);
    let points = (sent.steps + sent.epochs) as f64;
    println!(
        "metric points per second {:.0}, trials per minute {:.1}",
        points / took,
        60.0 * sent.trials as f64 / took
    );
    println!("slowest call {:.1} s; errors {:?}", sent.slowest as f64 / 1e3, sent.errors);
    let equal = rows.iter().all(|(_, sent, found)| sent == found) && sent.trials > 0;
    let _ = std::fs::remove_dir_all(&folder);
    if equal && ended_well && sent.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn found(database: &Location) -> Vec<i64> {
    let store = Store::open(database).await.unwrap();
    let mut counts = Vec::new();
    for sql in [
        "SELECT COUNT(*) FROM runs WHERE status = 'finished'",
        "SELECT COUNT(*) FROM step_metrics",
        "SELECT COUNT(*) FROM epoch_metrics",
        "SELECT COUNT(*) FROM predictions",
        "SELECT COUNT(*) FROM (SELECT 1 FROM runs GROUP BY config_hash HAVING COUNT(*) > 1) AS doubled",
        "SELECT COUNT(*) FROM runs WHERE status <> 'finished'",
    ] {
        let [Value::Integer(count)] = store.query(sql).await.unwrap().rows[0][..] else { panic!("{sql}") };
        counts.push(count);
    }
    assert_eq!(store.problems().await.unwrap(), [""; 0]);
    store.close().await;
    counts
}

/// Runs trials of the common plan until the time is over; the last one is finished.
async fn write(database: &Location, seconds: f64) -> Sent {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut sent = Sent::default();
    let store = Store::open(database).await.unwrap();
    let sweep = NewSweep {
        name: "stress".into(),
        command: "stress".into(),
        plan_hash: "stress".into(),
        analysis_plan: None,
    };
    let planned: Vec<PlannedTrial> = (0..100)
        .map(|position| PlannedTrial {
            position,
            label: format!("trial {position}"),
            config_hash: position.to_string(),
            config: "{}".into(),
        })
        .collect();
    note(&mut sent, store.register_sweep(&sweep, &planned)).await;
    for trial in 0..PLAN {
        if Instant::now() > until {
            break;
        }
        let run = NewRun {
            config_hash: trial.to_string(),
            config: "{}".into(),
            host: "here".into(),
            process: i64::from(std::process::id()),
            ..NewRun::default()
        };
        match note(&mut sent, store.claim(&run, Some("now"))).await {
            Some(Claim::New(run)) => train(&store, run, &mut sent).await,
            Some(_) => sent.taken += 1,
            None => {}
        }
    }
    store.close().await;
    sent
}

/// Records as a short training does.
async fn train(store: &Store, run: i64, sent: &mut Sent) {
    for epoch in 1..=EPOCHS {
        let steps: Vec<StepMetric> = (1..=STEPS)
            .flat_map(|step| {
                ["loss", "accuracy"].map(|metric| StepMetric {
                    epoch,
                    step: (epoch - 1) * STEPS + step,
                    metric: metric.into(),
                    value: 0.5,
                })
            })
            .collect();
        if note(sent, store.record_steps(run, &steps)).await.is_some() {
            sent.steps += steps.len() as i64;
        }
        let metrics = ["train_loss", "validation_loss"].map(|metric| EpochMetric {
            epoch,
            metric: metric.into(),
            value: 0.5,
        });
        if note(sent, store.record_epoch(run, &metrics)).await.is_some() {
            sent.epochs += 2;
        }
        if note(sent, store.heartbeat(run)).await.is_some() {
            sent.heartbeats += 1;
        }
    }
    let predictions: Vec<PredictionRow> = (0..PREDICTIONS)
        .map(|image| PredictionRow {
            image: image.to_string().into(),
            patient: "C1".into(),
            label: 1,
            probability: 0.5,
        })
        .collect();
    let artifact =
        ArtifactRow { kind: "model".into(), path: format!("{run}/model"), sha256: "0".into(), bytes: 1 };
    if note(sent, store.finish_run(run, &RunResult::default(), &predictions, &[artifact])).await.is_some() {
        sent.trials += 1;
        sent.predictions += PREDICTIONS;
    }
}

/// The call's answer; its time and its error are counted.
async fn note<T>(sent: &mut Sent, call: impl Future<Output = ranklab_store::Result<T>>) -> Option<T> {
    let started = Instant::now();
    let answer = call.await;
    sent.slowest = sent.slowest.max(started.elapsed().as_millis());
    answer.map_err(|error| *sent.errors.entry(error.to_string()).or_default() += 1).ok()
}

/// Reads one state for long, again and again: it must not change under the reader.
async fn read(database: &Location, seconds: f64) {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let store = Store::open_read_only(database).await.unwrap();
    while Instant::now() < until {
        let snapshot = store.snapshot().unwrap();
        let count = || {
            let mut answer = QueryResult::default();
            snapshot.stream("SELECT COUNT(*) FROM step_metrics", &mut answer).unwrap();
            answer.rows
        };
        let first = count();
        let left = until.saturating_duration_since(Instant::now());
        std::thread::sleep(HOLD.min(left));
        assert_eq!(first, count(), "the state changed under the reader");
    }
    store.close().await;
}
