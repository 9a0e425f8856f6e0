//! Progress of a sweep: bars on a terminal that can draw them, plain lines elsewhere.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};
use ranklab_sweep::SweepEvent;
use ranklab_trainer::Event;

use super::{
    output::{log, set_bars},
    printable::printable,
};

/// Shows the progress of a sweep on standard error.
pub(crate) struct Progress {
    bars: Option<Bars>,
    quiet: bool,
    trials: usize,
    epoch_started: Instant,
    /// Tenths of the current trial's counted tasks that were already logged.
    logged_tenths: BTreeSet<(String, usize)>,
    /// Training images of the current epoch so far, of all trials that train together.
    seen_images: usize,
    /// Trials that train together.
    running: usize,
}

struct Bars {
    sweep: ProgressBar,
    task: ProgressBar,
}

const SWEEP: &str = "{prefix:>9} [{bar:28}] {pos}/{len} trials  {elapsed} elapsed, {eta} left  {wide_msg}";
const TASK: &str = "{prefix:>9} [{bar:28}] {pos}/{len}  {per_sec}, {eta} left  {wide_msg}";

impl Progress {
    /// Bars where standard error can draw them, otherwise lines; nothing when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let all = MultiProgress::new();
        // indicatif hides bars where standard error is no terminal, or one whose TERM is `dumb`, empty or unset.
        // Hidden bars drop the lines printed above them.
        let drawn =
            !quiet && !all.is_hidden() && std::env::var_os("TERM").is_none_or(|term| !term.is_empty());
        let bars = drawn.then(|| {
            let bar = |template: &str| {
                let style =
                    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = all.add(ProgressBar::new(0)).with_style(style.progress_chars("=> "));
                bar.enable_steady_tick(Duration::from_millis(250));
                bar
            };
            let (sweep, task) = (bar(SWEEP), bar(TASK));
            set_bars(Some(all.clone()));
            Bars { sweep, task }
        });
        Self {
            bars,
            quiet,
            trials: 0,
            epoch_started: Instant::now(),
            logged_tenths: BTreeSet::new(),
            seen_images: 0,
            running: 0,
        }
    }

    /// Logs one line, above the bars where there are any.
    pub(crate) fn line(&self, text: &str) {
        if !self.quiet {
            log(printable(text));
        }
    }

    /// Shows a counted task: as a bar, or as a line at every tenth.
    fn count(&mut self, task: &str, done: usize, total: usize, message: &str) {
        if let Some(bars) = &self.bars {
            if done <= 1 || bars.task.prefix() != task {
                bars.task.reset();
                bars.task.set_prefix(task.to_owned());
            }
            bars.task.set_length(total as u64);
            bars.task.set_position(done as u64);
            bars.task.set_message(message.to_owned());
        } else if self.logged_tenths.insert((task.to_owned(), 10 * done / total.max(1))) {
            self.line(&format!("  {task}: {done}/{total} {message}"));
        }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: SweepEvent) {
        match event {
            SweepEvent::Planned { sweep, trials, finished } => {
                self.trials = trials;
                if let Some(bars) = &self.bars {
                    bars.sweep.set_prefix("sweep");
                    bars.sweep.set_length(trials as u64);
                }
                self.line(&format!("sweep {sweep}: {trials} trials, {finished} already finished"));
            }
            SweepEvent::TrialSkipped { position, label, run } => {
                self.line(&format!(
                    "[{}/{}] {label}: already finished as run {run}",
                    position + 1,
                    self.trials
                ));
                self.step_sweep();
            }
            SweepEvent::TrialStarted { position, label } => {
                self.logged_tenths.clear();
                self.running += 1;
                if let Some(bars) = &self.bars {
                    bars.sweep.set_message(printable(&label));
                }
                self.line(&format!("[{}/{}] {label}", position + 1, self.trials));
            }
            SweepEvent::DataProgress { task, done, total } => self.count(task, done, total, "images"),
            SweepEvent::Notice(text) => self.line(&format!("note: {text}")),
            SweepEvent::Training { position, event } => self.training(position, event),
            // `--profile` shows it after the sweep.
            SweepEvent::Profile(_) => {}
            SweepEvent::TrialFinished { position, label, run, result } => {
                self.line(&format!(
                    "[{}/{}] {label}: run {run}, accuracy {:.4}, sensitivity {:.4}, specificity {:.4}, AUC {}, best epoch {}, {:.0} s",
                    position + 1,
                    self.trials,
                    result.test_accuracy,
                    result.sensitivity,
                    result.specificity,
                    result.auc.map_or("-".to_owned(), |auc| format!("{auc:.4}")),
                    result.best_epoch,
                    result.feature_seconds + result.train_seconds + result.test_seconds,
                ));
                self.step_sweep();
            }
            SweepEvent::TrialDiverged { position, label, run, reason } => {
                self.line(&format!(
                    "[{}/{}] {label}: run {run} DIVERGED: {reason}",
                    position + 1,
                    self.trials
                ));
                self.step_sweep();
            }
            SweepEvent::TrialInterrupted { position, label, run } => {
                self.line(&format!(
                    "[{}/{}] {label}: run {run} interrupted; repeat the command to resume it",
                    position + 1,
                    self.trials
                ));
                self.running = self.running.saturating_sub(1);
            }
            SweepEvent::TrialFailed { position, label, reason } => {
                self.line(&format!("[{}/{}] {label}: FAILED: {reason}", position + 1, self.trials));
                self.step_sweep();
            }
        }
    }

    fn step_sweep(&mut self) {
        self.running = self.running.saturating_sub(1);
        if let Some(bars) = &self.bars {
            bars.sweep.inc(1);
        }
    }

    fn training(&mut self, position: usize, event: Event) {
        let trial =
            if self.running > 1 { format!("[{}/{}] ", position + 1, self.trials) } else { String::new() };
        match event {
            Event::Features { path: Some(_), products_of, bytes, images, reused } => {
                let what = match products_of {
                    None => "trunk features".to_owned(),
                    Some(layer) => format!("frozen part of {layer}"),
                };
                let from = if reused { "read from the cache" } else { "computed and cached" };
                self.line(&format!("  {what} of {images} images, {}: {from}", HumanBytes(bytes)));
            }
            Event::Features { path: None, bytes, images, .. } => self.line(&format!(
                "  no layer below the adapters is frozen: {images} images stay in memory, {}",
                HumanBytes(bytes)
            )),
            Event::FeatureProgress { done, total } => self.count("features", done, total, "images"),
            Event::EpochStarted { epoch, epochs, steps } => {
                let name = format!("epoch {epoch}/{epochs}");
                self.epoch_started = Instant::now();
                match &self.bars {
                    // Another trial that trains together with the current ones.
                    Some(bars) if bars.task.prefix() == name && bars.task.position() == 0 => {
                        bars.task.inc_length(steps as u64);
                    }
                    Some(bars) => {
                        self.seen_images = 0;
                        bars.task.reset();
                        bars.task.set_length(steps as u64);
                        bars.task.set_prefix(name);
                    }
                    None => {}
                }
            }
            Event::Step { images, loss, accuracy, .. } => {
                self.seen_images += images;
                if let Some(bars) = &self.bars {
                    let speed = self.seen_images as f64 / self.epoch_started.elapsed().as_secs_f64().max(1e-6);
                    bars.task.inc(1);
                    bars.task.set_message(format!("steps, {speed:.0} images/s, loss {loss:.4}, accuracy {accuracy:.3}"));
                }
            }
            Event::Epoch(epoch) => self.line(&format!(
                "  {trial}epoch {}: loss {:.4}, accuracy {:.4}, validation loss {:.4}, validation accuracy {:.4}{}, {:.0} images/s",
                epoch.epoch,
                epoch.train_loss,
                epoch.train_accuracy,
                epoch.validation_loss,
                epoch.validation_accuracy,
                if epoch.best { " (best)" } else { "" },
                epoch.images_per_second,
            )),
            Event::FeaturesReady | Event::BestValidation(_) | Event::Checkpoint(_) | Event::TestStarted { .. } => {}
        }
    }

    /// Removes the bars from the terminal.
    pub(crate) fn finish(self) {
        if let Some(bars) = self.bars {
            bars.task.finish_and_clear();
            bars.sweep.finish_and_clear();
            set_bars(None);
        }
    }
}
