//! Measured durations of a worker, which decide whether the rest of its time suffices for more.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use ranklab_trainer::Event;

use crate::event::SweepEvent;

/// Time that is set aside for an estimated duration: its own length and a quarter more.
const RESERVE: f64 = 1.25;

/// The pace of a worker: the longest start of a group of trials and the longest epoch so far.
pub(crate) struct Pace {
    deadline: Option<Instant>,
    /// When the present group was claimed.
    claimed: Instant,
    /// When the present epoch of each trial began, by position.
    epochs: HashMap<usize, Instant>,
    longest_start: Duration,
    longest_epoch: Duration,
}

impl Pace {
    pub(crate) fn new(deadline: Option<Instant>, now: Instant) -> Self {
        Self {
            deadline,
            claimed: now,
            epochs: HashMap::new(),
            longest_start: Duration::ZERO,
            longest_epoch: Duration::ZERO,
        }
    }

    /// Notes that a group of trials was claimed.
    pub(crate) fn claimed(&mut self, now: Instant) {
        self.claimed = now;
        self.epochs.clear();
    }

    /// Notes an event, and returns whether an epoch begins that the rest of the time is too short for.
    pub(crate) fn is_too_late_for(&mut self, event: &SweepEvent, now: Instant) -> bool {
        let SweepEvent::Training { position, event: Event::EpochStarted { .. } } = event else {
            return false;
        };
        match self.epochs.insert(*position, now) {
            Some(began) => self.longest_epoch = self.longest_epoch.max(now - began),
            None => self.longest_start = self.longest_start.max(now - self.claimed),
        }
        !self.suffices(self.longest_epoch, now)
    }

    /// Whether the rest of the time suffices for a trial's start and one epoch.
    pub(crate) fn allows_trial(&self, now: Instant) -> bool {
        self.suffices(self.longest_start + self.longest_epoch, now)
    }

    fn suffices(&self, estimate: Duration, now: Instant) -> bool {
        let Some(deadline) = self.deadline else { return true };
        let rest = deadline.saturating_duration_since(now);
        !rest.is_zero() && estimate.mul_f64(RESERVE) <= rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(position: usize, epoch: usize) -> SweepEvent {
        SweepEvent::Training { position, event: Event::EpochStarted { epoch, epochs: 9, steps: 1 } }
    }

    #[test]
    fn an_epoch_begins_only_where_the_longest_so_far_fits_into_the_rest() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(Some(at(100)), start);
        assert!(pace.allows_trial(at(0)));
        pace.claimed(at(0));
        // Two trials that train together: their start takes 20 s, an epoch 24 s.
        for (position, number, seconds) in [(0, 1, 20), (1, 1, 20), (0, 2, 44), (1, 2, 44), (0, 3, 68)] {
            assert!(!pace.is_too_late_for(&epoch(position, number), at(seconds)), "{seconds}");
        }
        // 24 s and a quarter more are 30 s; 8 s are left.
        assert!(pace.is_too_late_for(&epoch(0, 4), at(92)));
        // A start and an epoch are 44 s, with a quarter more 55 s.
        assert!(pace.allows_trial(at(45)) && !pace.allows_trial(at(46)));
        assert!(!pace.allows_trial(at(100)) && !pace.allows_trial(at(200)));
    }

    #[test]
    fn without_an_end_of_the_time_nothing_is_too_late() {
        let start = Instant::now();
        let mut pace = Pace::new(None, start);
        let late = start + Duration::from_secs(1_000_000);
        assert!(!pace.is_too_late_for(&epoch(0, 1), late) && pace.allows_trial(late));
    }
}
