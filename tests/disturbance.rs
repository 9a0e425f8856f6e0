//! What disturbs sweeps in tests, and the figures that must come out all the same.

use std::{
    fs,
    io::Read,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::command::{Ranklab, succeeded};

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

impl Ranklab {
    /// The figures of a finished sweep, and that nothing else is left in the runs' folders.
    pub fn figures(&self) -> String {
        let figures = FIGURES.map(|sql| self.stdout(&["query", sql, "--format", "csv"])).concat();
        for folder in fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path()) {
            if folder.is_dir() && folder.file_name().unwrap().to_str().unwrap().starts_with('0') {
                let mut files: Vec<_> =
                    fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
                files.sort();
                assert_eq!(files, ["database", "model.safetensors"], "{}", folder.display());
            }
        }
        figures
    }

    pub fn value(&self, sql: &str) -> String {
        self.stdout(&["query", sql, "--format", "csv"]).lines().nth(1).unwrap().to_owned()
    }

    /// Starts a command and returns at once.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts a small sweep that is much longer than a machine takes to look, and returns when its first checkpoint
    /// is there.
    pub fn start_and_await_checkpoint(&self, more: &[&str]) -> Child {
        let mut child = self.start(&Self::sweep_arguments(more));
        await_of(&mut child, "a checkpoint", |child| {
            assert_eq!(child.try_wait().unwrap(), None, "the sweep ended before it was disturbed");
            self.checkpoint().exists()
        });
        child
    }

    /// A small sweep that was stopped between its first checkpoint and its end, and what it said. `stop` is given
    /// the process and returns when it is gone.
    pub fn stopped_after_its_checkpoint(more: &[&str], stop: impl Fn(Child) -> Output) -> (Self, Output) {
        // A busy machine may be slower to look than the sweep to end.
        for _ in 0..20 {
            let ranklab = Self::new();
            let mut child = ranklab.start(&Self::sweep_arguments(more));
            await_of(&mut child, "a checkpoint or the end", |child| {
                ranklab.checkpoint().exists() || child.try_wait().unwrap().is_some()
            });
            let output = stop(child);
            if ranklab.checkpoint().exists() && !ranklab.some_run_ended() {
                return (ranklab, output);
            }
        }
        panic!("nothing met a run between its first checkpoint and its end");
    }

    /// A run that ended may still have its checkpoint for a moment.
    fn some_run_ended(&self) -> bool {
        self.value("select count(*) from runs where status <> 'interrupted'") != "0"
    }

    /// A small sweep that was killed between its first checkpoint and its end.
    pub fn killed_after_its_checkpoint(more: &[&str]) -> Self {
        let kill = |mut child: Child| {
            child.kill().unwrap();
            child.wait_with_output().unwrap()
        };
        Self::stopped_after_its_checkpoint(more, kill).0
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.path("runs/000001/checkpoint")
    }
}

/// How long a busy machine may take for something that takes seconds.
const PATIENCE: Duration = Duration::from_secs(600);

pub fn await_that(what: &str, happened: impl FnMut() -> bool) {
    assert!(happens(happened), "waited too long for {what}");
}

/// The same for something that a process does; one that does not is killed, and what it printed is told.
pub fn await_of(child: &mut Child, what: &str, mut happened: impl FnMut(&mut Child) -> bool) {
    if happens(|| happened(child)) {
        return;
    }
    child.kill().unwrap();
    let mut said = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut said).unwrap();
    }
    panic!("waited too long for {what}; the process said: {said}");
}

fn happens(mut happened: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(2));
    }
    true
}

pub fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether the process has ended and nobody has asked for its exit code yet.
pub fn is_zombie(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    status.rsplit(')').next().unwrap().trim_start().starts_with('Z')
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Pseudo-random numbers of a seed (Steele et al. 2014, SplitMix64).
pub struct Moments(pub u64);

impl Moments {
    /// Evenly from 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A sweep and what is done to it.
pub struct Trouble<'a, Place> {
    /// The command's arguments.
    pub sweep: &'a [&'a str],
    /// How often it is disturbed in all, in as many sweeps as that takes.
    pub times: u64,
    /// Of the moments.
    pub seed: u64,
    /// What a sweep needs before it starts; nothing where the machine has none left.
    pub prepare: &'a dyn Fn(&Ranklab) -> Option<Place>,
    /// Stops it in the hard way and gives what it said until then; nothing where the machine does not let it.
    pub stop: &'a dyn Fn(Child, &mut Place) -> Option<Output>,
}

/// So many stops that met no finished epoch come too early.
const TOO_EARLY: u64 = 6;

impl<Place> Trouble<'_, Place> {
    /// Starts the sweep over and over, stops it at random moments, and compares what comes out to a sweep
    /// that nobody disturbed. Returns what happened, in words.
    pub fn make(&self) -> String {
        let mut moments = Moments(self.seed);
        let undisturbed = Ranklab::new();
        let Some(_place) = (self.prepare)(&undisturbed) else { return REFUSED.to_owned() };
        let started = Instant::now();
        succeeded(&undisturbed.run(self.sweep));
        // As it was measured last: other programs come and go.
        let mut seconds = started.elapsed().as_secs_f64();
        let expected = undisturbed.figures();
        let trials = undisturbed.value("select count(*) from runs");
        let (mut stopped, mut sweeps, mut continued, mut rejoined, mut early) = (0, 0, 0, 0, 0);
        let listen = |output: &Output| {
            let said = errors(output);
            let again =
                |line: &&str| line.contains("starts over") && !line.contains("no epoch of it was completed");
            assert_eq!(said.lines().find(again), None, "an epoch that was finished is trained again");
            said.matches("resumes after epoch").count()
        };
        // Moments are chance: a few more until one meets a run after its first epoch.
        let more = |stopped, rejoined| stopped < self.times || (rejoined == 0 && stopped < 5 * self.times);
        while more(stopped, rejoined) {
            let ranklab = Ranklab::new();
            let Some(mut place) = (self.prepare)(&ranklab) else { return REFUSED.to_owned() };
            sweeps += 1;
            let mut undisturbed = true;
            loop {
                let started = Instant::now();
                let mut child = ranklab.start(self.sweep);
                // Half of it, so that most meet their sweep: each process skips what earlier ones finished.
                let deadline = started + Duration::from_secs_f64(moments.next() * seconds / 2.0);
                while more(stopped, rejoined)
                    && Instant::now() < deadline
                    && child.try_wait().unwrap().is_none()
                {
                    sleep(Duration::from_millis(1));
                }
                let meets = more(stopped, rejoined) && child.try_wait().unwrap().is_none();
                let output = if meets {
                    let Some(output) = (self.stop)(child, &mut place) else { return REFUSED.to_owned() };
                    output
                } else {
                    child.wait_with_output().unwrap()
                };
                let found = listen(&output);
                rejoined += found;
                if !meets {
                    succeeded(&output);
                    if undisturbed {
                        seconds = started.elapsed().as_secs_f64();
                    }
                    break;
                }
                (stopped, undisturbed) = (stopped + 1, false);
                early = if found > 0 { 0 } else { early + 1 };
                if early == TOO_EARLY {
                    // The machine has become slower since it was measured.
                    (seconds, early) = (1.5 * seconds, 0);
                }
            }
            assert_eq!(ranklab.value("select count(*) from runs"), trials);
            assert!(ranklab.figures() == expected, "sweep {sweeps} differs from the undisturbed one");
            continued += ranklab.value("select sum(interruptions) from runs").parse::<u64>().unwrap();
        }
        assert!(rejoined > 0, "no stop met a run after its first epoch");
        format!(
            "{stopped} stops in {sweeps} sweeps of {trials} trials; {continued} continuations recorded, {rejoined} from a \
             finished epoch; every figure is that of an undisturbed sweep"
        )
    }
}

/// What is told instead where a machine that let the test begin does not let it go on.
const REFUSED: &str = "skipped: the machine refuses it by now";
