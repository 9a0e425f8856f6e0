//! Live lines on a terminal that can draw them: they are drawn again several times a second, in its present width.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{board::Board, output::set_bars, terminal::error_columns};

/// Columns of a terminal that does not know its width.
const ASSUMED: usize = 79;
/// Time between two drawings of a line.
const REDRAW: Duration = Duration::from_millis(250);

/// A board that the threads which draw share with the one that trains.
pub(crate) type SharedBoard = Arc<Mutex<Board>>;

/// The live lines below everything else that is logged: a counted task, the trials that train, the sweep.
pub(crate) struct LiveLines {
    all: MultiProgress,
    board: SharedBoard,
    started: Instant,
    sweep: ProgressBar,
    task: Option<ProgressBar>,
    trials: BTreeMap<usize, ProgressBar>,
}

impl LiveLines {
    /// Live lines of a board whose times are since `started`; `None` where standard error cannot draw them.
    pub(crate) fn new(board: SharedBoard, started: Instant) -> Option<Self> {
        let all = MultiProgress::new();
        // indicatif hides bars where standard error is no terminal, or one whose TERM is `dumb`, empty or unset.
        // Hidden bars drop the lines printed above them.
        if all.is_hidden() || std::env::var_os("TERM").is_some_and(|term| term.is_empty()) {
            return None;
        }
        let sweep = drawn_by(&board, started, |board, most, now| board.sweep_line(most, now));
        let sweep = begun(all.add(sweep));
        set_bars(Some(all.clone()));
        Some(Self { all, board, started, sweep, task: None, trials: BTreeMap::new() })
    }

    /// Adds and removes lines, as the board has them now.
    pub(crate) fn follow(&mut self) {
        let (has_task, running) = {
            let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            (board.has_task(), board.running().collect::<Vec<_>>())
        };
        if has_task && self.task.is_none() {
            let bar = drawn_by(&self.board, self.started, |board, most, _| board.task_line(most));
            self.task = Some(begun(self.all.insert(0, bar)));
        }
        if !has_task && let Some(task) = self.task.take() {
            self.remove(&task);
        }
        let gone: Vec<usize> =
            self.trials.keys().copied().filter(|position| !running.contains(position)).collect();
        for position in gone {
            if let Some(bar) = self.trials.remove(&position) {
                self.remove(&bar);
            }
        }
        for position in running {
            self.trials.entry(position).or_insert_with(|| {
                let line = move |board: &Board, most, _| board.trial_line(position, most);
                begun(self.all.insert_before(&self.sweep, drawn_by(&self.board, self.started, line)))
            });
        }
    }

    fn remove(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.all.remove(bar);
    }

    /// Removes all lines from the terminal.
    pub(crate) fn finish(self) {
        for bar in self.task.iter().chain(self.trials.values()).chain([&self.sweep]) {
            bar.finish_and_clear();
        }
        set_bars(None);
    }
}

/// A bar that is drawn now and again later.
fn begun(bar: ProgressBar) -> ProgressBar {
    bar.tick();
    bar.enable_steady_tick(REDRAW);
    bar
}

/// A bar that is nothing but a line of a board.
fn drawn_by(
    board: &SharedBoard,
    started: Instant,
    line: impl Fn(&Board, usize, Duration) -> String + Clone + Send + Sync + 'static,
) -> ProgressBar {
    let board = board.clone();
    let draw = move |_: &ProgressState, output: &mut dyn Write| {
        let board = board.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line(&board, error_columns().unwrap_or(ASSUMED), started.elapsed());
        // A line that cannot be formatted stays empty.
        let _ = output.write_str(&line);
    };
    let style = ProgressStyle::with_template("{line}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::no_length().with_style(style.with_key("line", draw))
}
