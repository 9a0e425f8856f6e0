//! Sweeps that are killed, asked to stop, out of space or in company lose nothing and record nothing twice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use ranklab_store::Store;

use crate::command::{Ranklab, failed, succeeded};

/// All that must not depend on what happened on the way: every figure but times and memory.
const FIGURES: [&str; 5] = [
    "select config_hash, image, probability from validation_predictions join runs r on r.id = run_id order by 1, 2",
    "select config_hash, label, status, best_epoch, model_hash, test_loss, test_accuracy, auc, true_positives,
        false_negatives, false_positives, true_negatives from runs order by 1",
    "select config_hash, s.epoch, step, metric, value from step_metrics s join runs r on r.id = run_id
        order by 1, step, metric",
    "select config_hash, e.epoch, metric, value from epoch_metrics e join runs r on r.id = run_id
        where metric not in ('seconds', 'images_per_second') order by 1, 2, metric",
    "select config_hash, image, probability from predictions join runs r on r.id = run_id order by 1, 2",
];

/// Something that happens to a file's bytes.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

impl Ranklab {
    /// The figures of a finished sweep, and that nothing else is left in the runs' folders.
    fn figures(&self) -> String {
        let figures = FIGURES.map(|sql| self.stdout(&["query", sql, "--format", "csv"])).concat();
        for folder in fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path()) {
            if folder.is_dir() && folder.file_name().unwrap().to_str().unwrap().starts_with('0') {
                let files: Vec<_> =
                    fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
                assert_eq!(files, ["model.safetensors"], "{}", folder.display());
            }
        }
        figures
    }

    pub fn value(&self, sql: &str) -> String {
        self.stdout(&["query", sql, "--format", "csv"]).lines().nth(1).unwrap().to_owned()
    }

    /// Starts a small sweep and returns at once.
    fn start(&self, more: &[&str]) -> Child {
        self.command(&self.sweep_arguments(more))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Starts a small sweep and returns when its first checkpoint is there.
    pub fn start_and_await_checkpoint(&self, more: &[&str]) -> Child {
        let mut child = self.start(more);
        await_that("a checkpoint", || {
            assert_eq!(child.try_wait().unwrap(), None, "the sweep ended before it was disturbed");
            self.checkpoint().exists()
        });
        child
    }

    fn checkpoint(&self) -> PathBuf {
        self.path("runs/000001/checkpoint")
    }
}

fn await_that(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !happened() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        sleep(Duration::from_millis(2));
    }
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Pseudo-random numbers of a seed (Steele et al. 2014, SplitMix64).
struct Moments(u64);

impl Moments {
    /// Evenly from 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// `just test-kills 500` is the longer form; RANKLAB_KILL_SEED chooses other moments.
#[test]
fn a_sweep_killed_at_random_moments_ends_with_the_very_numbers_of_an_unbroken_one() {
    let kills = setting("RANKLAB_KILLS", 50);
    let mut moments = Moments(setting("RANKLAB_KILL_SEED", 5));
    let sweep: &[&str] = &["model=model_4,model_5", "rank=1,2", "seed=0,1", "epochs=6", "jobs=3"];
    let trials = 6;
    let unbroken = Ranklab::new();
    let started = Instant::now();
    succeeded(&unbroken.sweep(sweep));
    let seconds = started.elapsed().as_secs_f64();
    let expected = unbroken.figures();
    let (mut killed, mut sweeps, mut interruptions) = (0, 0, 0);
    while killed < kills {
        let ranklab = Ranklab::new();
        sweeps += 1;
        loop {
            let mut child = ranklab.start(sweep);
            // Half of it, so that most meet their sweep: each process skips what earlier ones finished.
            let deadline = Instant::now() + Duration::from_secs_f64(moments.next() * seconds / 2.0);
            while killed < kills && Instant::now() < deadline && child.try_wait().unwrap().is_none() {
                sleep(Duration::from_millis(1));
            }
            if killed < kills && child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                continue;
            }
            succeeded(&child.wait_with_output().unwrap());
            break;
        }
        assert_eq!(ranklab.value("select count(*) from runs"), trials.to_string());
        assert!(ranklab.figures() == expected, "sweep {sweeps} differs from the unbroken one");
        interruptions += ranklab.value("select sum(interruptions) from runs").parse::<u64>().unwrap();
    }
    eprintln!("{killed} kills in {sweeps} sweeps of {trials} trials; {interruptions} runs were continued");
    assert!(interruptions > 0, "no kill met a run");
}

#[test]
fn a_signal_saves_says_how_to_go_on_and_resume_does() {
    let sweep: &[&str] = &["rank=1,2", "epochs=60"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    for (signal, code, name) in [("-INT", 130, "SIGINT"), ("-TERM", 143, "SIGTERM")] {
        let ranklab = Ranklab::new();
        let child = ranklab.start_and_await_checkpoint(sweep);
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
        let last = errors(&output).lines().last().unwrap().to_owned();
        assert!(last.contains(&format!("interrupted by {name} with 2 trials left")), "{last}");
        assert!(last.contains("`ranklab sweep --resume`"), "{last}");
        assert_eq!(ranklab.value("select group_concat(status) from runs"), "\"interrupted,interrupted\"");
        let output = ranklab.run(&["sweep", "--resume"]);
        assert!(succeeded(&output).ends_with("2 trained, 0 finished before, 0 failed\n"));
        assert!(errors(&output).contains("goes on after epoch"), "{}", errors(&output));
        assert!(ranklab.figures() == unbroken.figures(), "{name} changed the figures");
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let ranklab = Ranklab::new();
    // Generating images is not looked at between steps.
    let mut child = ranklab.start(&["images=20000", "patients=20"]);
    await_that("the images' folder", || ranklab.path("data").exists());
    send("-INT", &child);
    sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None, "it did not wait for its work");
    send("-INT", &child);
    let sent = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(sent.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_next_command_that_looks_finds_a_killed_run_interrupted() {
    for look in [&["runs"][..], &["runs", "show", "1"], &["report", "--runs", "1"], &["query", "select 1"]] {
        let ranklab = Ranklab::new();
        let mut child = ranklab.start_and_await_checkpoint(&["rank=1", "epochs=5000"]);
        assert_eq!(ranklab.value("select status from runs"), "running");
        child.kill().unwrap();
        // Not waited for: a zombie is no process that trains.
        let output = ranklab.run(look);
        assert!(errors(&output).contains("note: run 1 was interrupted: its process is gone"), "{look:?}");
        assert_eq!(ranklab.value("select status from runs"), "interrupted");
        child.wait().unwrap();
        // It takes its checkpoint along.
        succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
        assert!(!ranklab.checkpoint().exists());
    }
}

#[test]
fn a_damaged_checkpoint_is_told_in_a_line_and_the_trial_starts_over() {
    let sweep: &[&str] = &["rank=1", "epochs=40"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let damages: [(&str, Damage<'_>); 4] = [
        ("damaged", &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("cut short", &|bytes| bytes.truncate(bytes.len() - 7)),
        ("cut short", &|bytes| bytes.clear()),
        ("no checkpoint of this version", &|bytes| bytes[..8].copy_from_slice(b"no magic")),
    ];
    for (said, damage) in damages {
        let ranklab = Ranklab::new();
        let mut child = ranklab.start_and_await_checkpoint(sweep);
        child.kill().unwrap();
        child.wait().unwrap();
        let mut bytes = fs::read(ranklab.checkpoint()).unwrap();
        damage(&mut bytes);
        fs::write(ranklab.checkpoint(), bytes).unwrap();
        let output = ranklab.sweep(sweep);
        succeeded(&output);
        let notes = errors(&output);
        let line = notes
            .lines()
            .find(|line| line.contains("run 1 starts over"))
            .unwrap_or_else(|| panic!("{notes}"));
        assert!(line.contains(said) && line.contains("runs/000001/checkpoint"), "{line}");
        assert!(ranklab.figures() == unbroken.figures(), "{said}");
    }
}

#[test]
fn a_database_without_the_metrics_of_a_checkpoint_makes_the_trial_start_over() {
    let sweep: &[&str] = &["rank=1", "epochs=40"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let ranklab = Ranklab::new();
    let mut child = ranklab.start_and_await_checkpoint(sweep);
    child.kill().unwrap();
    child.wait().unwrap();
    // As an older copy of the database would have it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
        store.query("DELETE FROM epoch_metrics WHERE epoch = 1").await.unwrap();
        store.close().await;
    });
    let output = ranklab.sweep(sweep);
    succeeded(&output);
    let said = "run 1 starts over: the database lacks metrics of epochs before its checkpoint";
    assert!(errors(&output).contains(said), "{}", errors(&output));
    assert!(ranklab.figures() == unbroken.figures());
}

#[test]
fn a_diverged_trial_is_not_trained_again_and_the_sweep_goes_on() {
    let ranklab = Ranklab::new();
    let sweep: &[&str] = &["lr=1e38,0.005", "rank=1"];
    let error = failed(&ranklab.sweep(sweep));
    assert!(error.contains("training diverged: the loss is") && error.contains("at step"), "{error}");
    assert_eq!(ranklab.value("select finished, diverged, failed from sweep_progress"), "1,1,0");
    assert_eq!(ranklab.value("select diverged_epoch from runs where status = 'diverged'"), "1");
    let again = ranklab.sweep(sweep);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.ends_with("0 trained, 1 finished before, 0 failed, 1 diverged\n"), "{said}");
    assert!(failed(&again).contains("training diverged"));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
}

#[test]
fn the_last_good_checkpoint_of_a_diverged_run_is_kept_as_one_of_its_files() {
    let ranklab = Ranklab::new();
    // Its weights grow by about that much with every step, and two steps are an epoch.
    let error = failed(&ranklab.sweep(&["lr=3000", "rank=1", "batch=24", "epochs=6"]));
    assert!(error.contains("epoch 1 before it is kept in 000001/checkpoint"), "{error}");
    let bytes = fs::read(ranklab.checkpoint()).unwrap().len();
    assert_eq!(ranklab.value("select kind, bytes from artifacts"), format!("checkpoint,{bytes}"));
    assert_eq!(ranklab.value("select diverged_epoch, max(epoch) from runs, epoch_metrics"), "2,1");
    succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
    assert!(!ranklab.checkpoint().exists());
}

#[test]
fn processes_that_run_one_sweep_train_each_trial_once_and_a_killed_ones_trials_as_well() {
    let sweep: &[&str] = &["rank=1,2,3", "seed=0,1", "epochs=12", "jobs=1"];
    let alone = Ranklab::new();
    succeeded(&alone.sweep(sweep));
    let ranklab = Ranklab::new();
    let mut first = ranklab.start_and_await_checkpoint(sweep);
    let others: Vec<Child> = (0..3).map(|_| ranklab.start(sweep)).collect();
    first.kill().unwrap();
    first.wait().unwrap();
    let mut trained = 0;
    for other in others {
        let said = succeeded(&other.wait_with_output().unwrap());
        let count = said.split(": ").nth(1).unwrap().split(' ').next().unwrap();
        trained += count.parse::<usize>().unwrap();
        assert!(said.ends_with(" 0 failed\n"), "{said}");
    }
    // What the killed one had finished is not trained again.
    assert!((5..=6).contains(&trained), "{trained}");
    assert_eq!(ranklab.value("select count(*), count(distinct config_hash) from runs"), "6,6");
    assert!(ranklab.figures() == alone.figures());
}

#[test]
fn a_database_of_an_earlier_version_is_brought_up_to_date_by_whatever_command_looks() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures/schema_2.db");
    for (look, said) in [
        (&["runs"][..], "model_4"),
        (&["report", "--runs", "1,2,3"], "report.md"),
        (&["query", "select sum(finished), sum(diverged) from sweep_progress", "--format", "csv"], "3,0"),
    ] {
        let ranklab = Ranklab::new();
        fs::create_dir(ranklab.path("runs")).unwrap();
        fs::copy(&fixture, ranklab.path("runs/ranklab.db")).unwrap();
        let answer = ranklab.stdout(look);
        assert!(answer.contains(said), "{answer}");
    }
}

/// Needs the right to mount; without it the test says so and stops.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_clear_line_and_with_room_the_sweep_goes_on() {
    let sweep: &[&str] = &["rank=1,2", "epochs=6"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let ranklab = Ranklab::new();
    let folder = Mounted::new(ranklab.path("runs"));
    let Some(folder) = folder else {
        eprintln!("skipped: a tmpfs cannot be mounted here");
        return;
    };
    let mut lines = Vec::new();
    for kilobytes in [128, 400, 800, 1600, 3200, 6400, 12_800] {
        folder.resize(kilobytes);
        let output = ranklab.sweep(sweep);
        if output.status.success() {
            break;
        }
        let line = failed(&output);
        assert!(
            line.contains("No space left on device") || line.contains("no space left to write"),
            "{kilobytes} KiB: {line}"
        );
        lines.push(line);
    }
    assert!(lines.len() >= 4, "the disk was never full: {lines:?}");
    folder.resize(256_000);
    succeeded(&ranklab.sweep(sweep));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
    assert!(ranklab.figures() == unbroken.figures(), "{lines:?}");
    eprintln!("{} sweeps ended on the full disk:\n{}", lines.len(), lines.join("\n"));
}

/// A tmpfs of a given size.
struct Mounted(PathBuf);

impl Mounted {
    fn new(folder: PathBuf) -> Option<Self> {
        fs::create_dir(&folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn resize(&self, kilobytes: usize) {
        let options = format!("remount,size={kilobytes}k");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
