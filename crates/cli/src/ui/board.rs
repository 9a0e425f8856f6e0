//! What the live lines of a sweep show: one for each trial that trains, one for a counted task, one for the sweep. It
//! knows neither a terminal nor a clock.

use std::{collections::BTreeMap, time::Duration};

use ranklab_sweep::SweepEvent;
use ranklab_trainer::Event;

use super::{
    estimate::Estimate,
    layout::{Part, columns, cut, line, part},
    printable::printable,
};

/// Columns of the shortest bar that is drawn, and of the longest.
const BAR: (usize, usize) = (10, 30);
/// Columns below which the sweep's line is only its count and the time left.
const NARROW: usize = 40;

/// A counted task, such as reading images.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Task {
    name: String,
    done: usize,
    total: usize,
}

/// A trial that trains.
#[derive(Clone, Debug, Default)]
struct Running {
    name: String,
    epoch: usize,
    epochs: usize,
    /// Steps of this epoch, done and all.
    steps: (usize, usize),
    /// Images of this epoch so far.
    images: usize,
    /// When this epoch began, and when its latest step ended.
    began: Duration,
    stepped: Duration,
    /// Loss and accuracy of the latest step.
    latest: Option<(f64, f64)>,
    is_tested: bool,
}

/// The state of a sweep, as far as its live lines show it. Times are since the command began.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Number of the sweep; `None` before its plan is registered.
    sweep: Option<i64>,
    trials: usize,
    ended: usize,
    without_result: usize,
    running: BTreeMap<usize, Running>,
    task: Option<Task>,
    /// Work of each trial of the plan.
    work: Vec<f64>,
    estimate: Estimate,
}

impl Board {
    /// A board for a plan whose trials are this much work each.
    pub(crate) fn new(work: Vec<f64>) -> Self {
        Self { work, ..Self::default() }
    }

    /// Trials of the plan.
    pub(crate) fn trials(&self) -> usize {
        self.trials
    }

    /// Positions of the trials that train.
    pub(crate) fn running(&self) -> impl ExactSizeIterator<Item = usize> {
        self.running.keys().copied()
    }

    /// Whether a counted task goes on.
    pub(crate) fn has_task(&self) -> bool {
        self.task.is_some()
    }

    /// Takes an event into account.
    pub(crate) fn see(&mut self, event: &SweepEvent, now: Duration) {
        match event {
            SweepEvent::Planned { sweep, trials, .. } => {
                (self.sweep, self.trials, self.task) = (Some(*sweep), *trials, None);
                // Trials that compute the same are one trial; then the plan does not say which is which.
                let equal = vec![1.0; *trials];
                self.estimate =
                    Estimate::new(if self.work.len() == *trials { self.work.clone() } else { equal });
            }
            SweepEvent::TrialStarted { position, label, .. } => {
                self.running.insert(*position, Running { name: printable(label), ..Running::default() });
            }
            SweepEvent::DataProgress { task, done, total } => self.count(task, *done, *total),
            SweepEvent::Training { position, event } => self.train(*position, event, now),
            SweepEvent::TrialSkipped { position, .. } => {
                self.ended += 1;
                self.estimate.skip(*position);
            }
            SweepEvent::TrialFinished { position, .. } => self.end(*position, true, now),
            SweepEvent::TrialDiverged { position, .. } | SweepEvent::TrialFailed { position, .. } => {
                self.without_result += 1;
                self.end(*position, false, now);
            }
            SweepEvent::TrialInterrupted { position, .. } => {
                self.running.remove(position);
                self.estimate.interrupt(*position, now);
            }
            SweepEvent::Notice(_) | SweepEvent::Profile(_) => {}
        }
    }

    fn end(&mut self, position: usize, has_result: bool, now: Duration) {
        self.ended += 1;
        self.running.remove(&position);
        self.estimate.end(position, has_result, now);
    }

    fn count(&mut self, name: &str, done: usize, total: usize) {
        self.task = (done < total).then(|| Task { name: name.to_owned(), done, total });
    }

    fn train(&mut self, position: usize, event: &Event, now: Duration) {
        if let Event::FeatureProgress { done, total } = event {
            return self.count("features", *done, *total);
        }
        let Some(trial) = self.running.get_mut(&position) else { return };
        match *event {
            Event::EpochStarted { epoch, epochs, steps } => {
                (trial.epoch, trial.epochs, trial.steps) = (epoch, epochs, (0, steps));
                (trial.images, trial.began, trial.stepped) = (0, now, now);
                self.task = None;
            }
            Event::Step { images, loss, accuracy, .. } => {
                trial.steps.0 += 1;
                trial.images += images;
                (trial.stepped, trial.latest) = (now, Some((loss, accuracy)));
            }
            Event::TestStarted { .. } => trial.is_tested = true,
            _ => return,
        }
        self.estimate.progress(position, trial.share(), now);
    }

    /// The line of a trial that trains.
    pub(crate) fn trial_line(&self, position: usize, most: usize) -> String {
        let Some(trial) = self.running.get(&position) else { return String::new() };
        // The bars of trials that train together begin in one column.
        let widest = self.running.values().map(|trial| columns(&trial.name)).max().unwrap_or(0);
        with_bar("  ", &trial.name, widest, trial.parts(), trial.share(), most)
    }

    /// The line of the counted task.
    pub(crate) fn task_line(&self, most: usize) -> String {
        let Some(Task { name, done, total }) = &self.task else { return String::new() };
        let parts = vec![part(0, format!("{done}/{total} images"))];
        with_bar("  ", name, 0, parts, *done as f64 / (*total).max(1) as f64, most)
    }

    /// The line of the sweep.
    pub(crate) fn sweep_line(&self, most: usize, now: Duration) -> String {
        let Some(sweep) = self.sweep else {
            return line("", "preparing", ", ", vec![part(1, format!("{} elapsed", brief(now)))], most);
        };
        let count = format!("{}/{}", self.ended, self.trials);
        let left = match self.estimate.left(now) {
            Some(Duration::ZERO) => "complete".to_owned(),
            Some(left) => format!("{} left", brief(left)),
            None => "estimating".to_owned(),
        };
        if most < NARROW {
            return cut(&line("", &count, ", ", vec![part(1, left)], most), most);
        }
        let mut parts = vec![part(0, format!("{count} trials"))];
        if self.without_result > 0 {
            parts.push(part(2, format!("{} without a result", self.without_result)));
        }
        parts.extend([part(3, format!("{} elapsed", brief(now))), part(1, left)]);
        with_bar("", &format!("sweep {sweep}"), 0, parts, self.estimate.share(), most)
    }
}

impl Running {
    /// Share of its training that is done.
    fn share(&self) -> f64 {
        let (step, steps) = self.steps;
        let of_epoch = step as f64 / steps.max(1) as f64;
        (self.epoch.saturating_sub(1) as f64 + of_epoch) / self.epochs.max(1) as f64
    }

    fn parts(&self) -> Vec<Part> {
        if self.is_tested {
            return vec![part(0, "testing")];
        }
        if self.epochs == 0 {
            return vec![part(0, "starting")];
        }
        let mut parts = vec![part(0, format!("epoch {}/{}", self.epoch, self.epochs))];
        if let Some((loss, accuracy)) = self.latest {
            parts.extend([part(2, format!("loss {loss:.4}")), part(3, format!("accuracy {accuracy:.3}"))]);
        }
        let seconds = self.stepped.saturating_sub(self.began).as_secs_f64();
        if self.images > 0 && seconds > 0.0 {
            parts.push(part(1, format!("{:.0} images/s", self.images as f64 / seconds)));
        }
        parts
    }
}

/// A line with a bar between its name and its parts, where both are complete and leave room for one.
fn with_bar(head: &str, name: &str, widest: usize, parts: Vec<Part>, share: f64, most: usize) -> String {
    let whole = line("", "", "", parts.clone(), usize::MAX);
    let name_columns = columns(name).max(widest);
    let room = most.saturating_sub(columns(head) + name_columns + columns(&whole) + 4);
    if room < BAR.0 {
        return cut(&line(head, name, "  ", parts, most), most);
    }
    let padding = " ".repeat(name_columns - columns(name));
    format!("{head}{name}{padding}  {}  {whole}", bar(share, room.min(BAR.1)))
}

/// A bar of so many columns.
fn bar(share: f64, columns: usize) -> String {
    let cells = columns - 2;
    let filled = ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells);
    let tip = if filled < cells { ">" } else { "" };
    let rest = cells - filled - tip.len();
    format!("[{}{tip}{}]", "=".repeat(filled), " ".repeat(rest))
}

/// A duration in its two largest units, never less than it is: `45s`, `3m 05s`, `1h 05m`, `2d 03h`.
fn brief(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{}d {:02}h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A board of three trials, two of which train: the first is in its second epoch of four.
    fn board() -> Board {
        let mut board = Board::new(vec![4.0, 4.0, 4.0]);
        let label = |position: usize| format!("model_5 · block5 · rank {}", [1, 16, 5][position]);
        board.see(&SweepEvent::Planned { sweep: 7, trials: 3, finished: 0 }, Duration::ZERO);
        for position in [0, 1] {
            board.see(&SweepEvent::TrialStarted { position, label: label(position), run: 1 }, Duration::ZERO);
        }
        let train = |position, event| SweepEvent::Training { position, event };
        for epoch in [1, 2] {
            board.see(&train(0, Event::EpochStarted { epoch, epochs: 4, steps: 2 }), Duration::ZERO);
        }
        let step = Event::Step { epoch: 2, step: 3, images: 900, loss: 0.25, accuracy: 0.9 };
        board.see(&train(0, step), Duration::from_secs(2));
        board
    }

    #[test]
    fn a_wide_line_has_a_bar_and_a_narrow_one_keeps_the_epoch() {
        let board = board();
        let shown = |most| board.trial_line(0, most);
        assert_eq!(
            shown(110),
            "  model_5 · block5 · rank 1   [=========>              ]  epoch 2/4, loss 0.2500, accuracy 0.900, 450 images/s"
        );
        assert_eq!(shown(80), "  model_5 · block5 · rank 1  epoch 2/4, loss 0.2500, 450 images/s");
        assert_eq!(shown(60), "  model_5 · block5 · rank 1  epoch 2/4, 450 images/s");
        assert_eq!(shown(39), "  model_5 · block5 · rank 1  epoch 2/4");
        assert_eq!(shown(24), "  mod… rank 1  epoch 2/4");
        assert_eq!(shown(19), "  m…nk 1  epoch 2/4");
        assert_eq!(board.trial_line(1, 60), "  model_5 · block5 · rank 16  [>                 ]  starting");
        assert_eq!(board.trial_line(2, 60), "");
    }

    #[test]
    fn the_line_of_the_sweep_includes_trials_that_have_not_begun() {
        let board = board();
        let shown = |most| board.sweep_line(most, Duration::from_secs(2));
        // Three eighths of one of three trials in 2 s.
        assert_eq!(shown(39), "0/3, 14s left");
        assert_eq!(shown(19), "0/3, 14s left");
        assert!(
            shown(100).starts_with("sweep 7  [=") && shown(100).ends_with("0/3 trials, 2s elapsed, 14s left")
        );
        let begun =
            Board { sweep: Some(1), trials: 2, estimate: Estimate::new([1.0; 2]), ..Board::default() };
        assert_eq!(
            begun.sweep_line(45, Duration::from_secs(9)),
            "sweep 1  0/2 trials, 9s elapsed, estimating"
        );
    }

    #[test]
    fn no_line_is_wider_than_it_may_be() {
        let mut board = board();
        board.see(
            &SweepEvent::DataProgress { task: "reading images", done: 30, total: 27_558 },
            Duration::ZERO,
        );
        board.running.get_mut(&1).unwrap().name = "漢字 · ".repeat(30);
        for most in 19..200 {
            let now = Duration::from_secs(200_000);
            let lines = [
                board.trial_line(0, most),
                board.trial_line(1, most),
                board.task_line(most),
                board.sweep_line(most, now),
            ];
            for line in lines {
                assert!(columns(&line) <= most && !line.is_empty(), "{most}: {line:?}");
            }
        }
    }

    #[test]
    fn a_duration_is_never_less_than_it_is() {
        let shown = |seconds: f64| brief(Duration::from_secs_f64(seconds));
        assert_eq!((shown(0.001), shown(44.2), shown(185.0)), ("1s".into(), "45s".into(), "3m 05s".into()));
        assert_eq!(
            (shown(59.5), shown(3900.0), shown(97_200.0)),
            ("1m 00s".into(), "1h 05m".into(), "1d 03h".into())
        );
    }
}
