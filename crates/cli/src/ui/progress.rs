//! Progress of a sweep: lines that stay, and live lines below them on a terminal that can draw them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use ranklab_sweep::{Plan, SweepEvent};
use ranklab_trainer::Event;

use super::{
    board::Board,
    lines::{Setting, line_of},
    live::{LiveLines, SharedBoard},
    output::log,
    printable::printable,
    terminal::error_columns,
};

/// Shows the progress of a sweep on standard error.
pub(crate) struct Progress {
    board: SharedBoard,
    started: Instant,
    live: Option<LiveLines>,
    quiet: bool,
    /// Tenths of the current trial's counted tasks that were already logged.
    logged_tenths: BTreeSet<(String, usize)>,
}

impl Progress {
    /// Live lines where standard error can draw them, otherwise only lines that stay; nothing when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        Self::with_board(quiet, Board::default())
    }

    /// The progress of a plan.
    pub(crate) fn of_plan(quiet: bool, plan: &Plan) -> Self {
        let epochs = plan.configurations().map(|config| config.training.epochs as f64);
        Self::with_board(quiet, Board::new(epochs.collect()))
    }

    fn with_board(quiet: bool, board: Board) -> Self {
        let (board, started) = (Arc::new(Mutex::new(board)), Instant::now());
        let live = if quiet { None } else { LiveLines::new(board.clone(), started) };
        Self { board, started, live, quiet, logged_tenths: BTreeSet::new() }
    }

    /// Logs one line, above the live lines where there are any.
    pub(crate) fn line(&self, text: &str) {
        if !self.quiet {
            log(printable(text));
        }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &SweepEvent) {
        if self.quiet {
            return;
        }
        let setting = {
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            let together = board.running().len() > 1;
            board.see(event, self.started.elapsed());
            let most = error_columns().unwrap_or(usize::MAX);
            Setting { trials: board.trials(), together: together || board.running().len() > 1, most }
        };
        if let Some(live) = &mut self.live {
            live.follow();
        } else {
            self.count(event);
        }
        if let Some(line) = line_of(event, setting) {
            self.line(&line);
        }
    }

    /// Logs every tenth of a counted task, where there are no live lines.
    fn count(&mut self, event: &SweepEvent) {
        let (task, done, total) = match event {
            SweepEvent::DataProgress { task, done, total } => (*task, *done, *total),
            SweepEvent::Training { event: Event::FeatureProgress { done, total }, .. } => {
                ("features", *done, *total)
            }
            SweepEvent::TrialStarted { .. } => return self.logged_tenths.clear(),
            _ => return,
        };
        if self.logged_tenths.insert((task.to_owned(), 10 * done / total.max(1))) {
            self.line(&format!("  {task}: {done}/{total} images"));
        }
    }

    /// Removes the live lines from the terminal.
    pub(crate) fn finish(self) {
        if let Some(live) = self.live {
            live.finish();
        }
    }
}
