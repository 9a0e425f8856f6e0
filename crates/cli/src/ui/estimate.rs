//! Estimates how long a sweep still takes: the time that its trials took so far, extrapolated over all that is left.
//! It knows no clock: times are handed to it.

use std::time::Duration;

/// Least time in which trials made progress before there is an estimate.
const BASIS: Duration = Duration::from_secs(1);
/// Progress of a trial that has not ended is at most this: its evaluation and its records come last.
const MOST: f64 = 0.99;

/// What is known of one trial.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    /// Work of the whole trial, compared with others.
    work: f64,
    /// Share of the work that was done when this process went on with the trial.
    from: Option<f64>,
    /// Share of the work that is done.
    done: f64,
    is_training: bool,
    is_over: bool,
}

/// The time that is left of a sweep. Times are since the sweep began and never fall.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Estimate {
    trials: Vec<Known>,
    /// Time in which trials made progress, up to the last moment at which none trained.
    spent: Duration,
    /// Since when trials make progress without a break.
    since: Option<Duration>,
}

impl Estimate {
    /// An estimate of trials with this much work each, in any unit.
    pub(crate) fn new(work: impl IntoIterator<Item = f64>) -> Self {
        let waiting = |work: f64| Known {
            work: if work > 0.0 { work } else { 1.0 },
            from: None,
            done: 0.0,
            is_training: false,
            is_over: false,
        };
        Self { trials: work.into_iter().map(waiting).collect(), ..Self::default() }
    }

    /// A trial that trains has done this share of its work. The first share of a resumed trial is no work of this
    /// process. Time before the first progress, in which images are read and frozen parts computed, does not count.
    pub(crate) fn progress(&mut self, trial: usize, done: f64, now: Duration) {
        let Some(known) = self.trials.get_mut(trial).filter(|known| !known.is_over) else { return };
        let done = if done.is_finite() { done.clamp(0.0, MOST) } else { known.done };
        known.from.get_or_insert(done);
        known.done = done.max(known.done);
        known.is_training = true;
        self.since.get_or_insert(now);
    }

    /// A trial ended here, with or without a result. It needs no more time.
    pub(crate) fn end(&mut self, trial: usize, has_result: bool, now: Duration) {
        let Some(known) = self.trials.get_mut(trial) else { return };
        if has_result && known.from.is_some() {
            known.done = 1.0;
        }
        known.is_over = true;
        self.rest(trial, now);
    }

    /// A trial was interrupted; it needs the rest of its time.
    pub(crate) fn interrupt(&mut self, trial: usize, now: Duration) {
        self.rest(trial, now);
    }

    /// A trial had ended before: it needs no time and says nothing of the others.
    pub(crate) fn skip(&mut self, trial: usize) {
        if let Some(known) = self.trials.get_mut(trial) {
            known.is_over = true;
        }
    }

    fn rest(&mut self, trial: usize, now: Duration) {
        if let Some(known) = self.trials.get_mut(trial) {
            known.is_training = false;
        }
        if !self.trials.iter().any(|known| known.is_training) {
            self.spent += self.since.take().map_or(Duration::ZERO, |since| now.saturating_sub(since));
        }
    }

    /// Share of all work that is done, including that of trials that ended before.
    pub(crate) fn share(&self) -> f64 {
        let all: f64 = self.trials.iter().map(|known| known.work).sum();
        let done: f64 =
            self.trials.iter().map(|known| known.work * if known.is_over { 1.0 } else { known.done }).sum();
        if all > 0.0 { done / all } else { 1.0 }
    }

    /// The time left, as if all trials went on at the speed so far; zero once all have ended, and never zero before.
    /// `None` without a basis.
    pub(crate) fn left(&self, now: Duration) -> Option<Duration> {
        let open = self.trials.iter().filter(|known| !known.is_over);
        if open.clone().next().is_none() {
            return Some(Duration::ZERO);
        }
        let left: f64 = open.map(|known| known.work * (1.0 - known.done)).sum();
        let done: f64 = self
            .trials
            .iter()
            .map(|known| known.work * (known.done - known.from.unwrap_or(known.done)))
            .sum();
        let spent = self.spent + self.since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        if done <= 0.0 || spent < BASIS {
            return None;
        }
        let seconds = spent.as_secs_f64() * left / done;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).max(Duration::from_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(estimate: &Estimate, now: u64) -> Option<u64> {
        estimate.left(seconds(now)).map(|left| left.as_secs_f64().round() as u64)
    }

    #[test]
    fn trials_that_have_not_begun_count() {
        let mut estimate = Estimate::new([1.0; 4]);
        assert_eq!(left(&estimate, 50), None);
        // Reading images takes 100 s, which happens once.
        estimate.progress(0, 0.0, seconds(100));
        assert_eq!(left(&estimate, 110), None);
        estimate.progress(0, 0.5, seconds(110));
        assert_eq!(left(&estimate, 110), Some(70));
        estimate.end(0, true, seconds(120));
        assert_eq!(left(&estimate, 120), Some(60));
        // Between two trials no time passes for the estimate.
        assert_eq!(left(&estimate, 500), Some(60));
        assert!((estimate.share() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn trials_that_train_together_share_the_time() {
        let mut estimate = Estimate::new([1.0; 6]);
        for trial in 0..4 {
            estimate.progress(trial, 0.0, seconds(0));
            estimate.progress(trial, 0.5, seconds(20));
        }
        // Two of six trials in 20 s.
        assert_eq!(left(&estimate, 20), Some(40));
        for trial in 0..4 {
            estimate.end(trial, true, seconds(40));
        }
        assert_eq!(left(&estimate, 40), Some(20));
    }

    #[test]
    fn trials_that_finished_before_are_no_basis() {
        let mut estimate = Estimate::new([1.0; 4]);
        estimate.skip(0);
        estimate.skip(1);
        assert_eq!(left(&estimate, 10), None);
        estimate.progress(2, 0.0, seconds(10));
        estimate.end(2, true, seconds(40));
        assert_eq!(left(&estimate, 40), Some(30));
        estimate.skip(3);
        assert_eq!(left(&estimate, 40), Some(0));
    }

    #[test]
    fn what_a_resumed_trial_did_earlier_is_no_basis() {
        let mut estimate = Estimate::new([1.0; 2]);
        estimate.progress(0, 0.8, seconds(0));
        estimate.progress(0, 0.9, seconds(10));
        assert_eq!(left(&estimate, 10), Some(110));
        estimate.interrupt(0, seconds(10));
        assert_eq!(left(&estimate, 60), Some(110));
    }

    #[test]
    fn a_diverged_trial_took_only_the_time_that_it_took_and_longer_trials_take_longer() {
        let mut estimate = Estimate::new([1.0, 3.0]);
        estimate.progress(0, 0.0, seconds(0));
        estimate.progress(0, 0.5, seconds(10));
        estimate.end(0, false, seconds(10));
        assert_eq!(left(&estimate, 10), Some(60));
        estimate.end(1, false, seconds(10));
        assert_eq!(left(&estimate, 10), Some(0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Each step advances a trial, ends it one way or another, or lets time pass.
        #[test]
        fn time_is_left_while_work_remains_and_none_at_the_end(
            work in prop::collection::vec(0.0f64..20.0, 1..9),
            steps in prop::collection::vec((0usize..9, 0u8..6, 0.0f64..1.2, 0u64..90), 0..60),
        ) {
            let trials = work.len();
            let mut estimate = Estimate::new(work);
            let (mut now, mut over) = (Duration::ZERO, vec![false; trials]);
            for (trial, what, share, passed) in steps {
                let trial = trial % trials;
                now += seconds(passed);
                match what {
                    0 => estimate.end(trial, share > 0.5, now),
                    1 => estimate.skip(trial),
                    2 => estimate.interrupt(trial, now),
                    _ => estimate.progress(trial, share, now),
                }
                over[trial] |= what < 2;
                let share = estimate.share();
                prop_assert!((0.0..=1.0 + 1e-9).contains(&share));
                match over.iter().all(|over| *over) {
                    true => prop_assert_eq!(estimate.left(now), Some(Duration::ZERO)),
                    false => prop_assert_ne!(estimate.left(now), Some(Duration::ZERO)),
                }
            }
            for trial in 0..trials {
                estimate.end(trial, true, now);
            }
            prop_assert_eq!(estimate.left(now), Some(Duration::ZERO));
        }

        /// Equal trials, `together` at a time, at a constant speed.
        #[test]
        fn a_steady_sweep_is_estimated_exactly_from_its_first_progress(
            groups in 1u64..6, together in 1usize..5, duration in 10u64..1000, tenth in 1u64..10,
        ) {
            let trials = groups as usize * together;
            let mut estimate = Estimate::new(vec![1.0; trials]);
            let first = seconds(duration).mul_f64(tenth as f64 / 10.0);
            for trial in 0..together {
                estimate.progress(trial, 0.0, Duration::ZERO);
                estimate.progress(trial, tenth as f64 / 10.0, first);
            }
            let expected = duration as f64 * groups as f64 - first.as_secs_f64();
            prop_assert!((estimate.left(first).unwrap().as_secs_f64() - expected).abs() < 1e-3 * expected);
        }
    }
}
