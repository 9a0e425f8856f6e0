//! Ends the work of a worker from outside: at the end of its time, and when its sweep is cancelled.

use std::{
    sync::{
        Arc, OnceLock,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ranklab_runs::SweepFolder;
use ranklab_trainer::Stop;

use crate::summary::Ending;

/// Time between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A request to stop with its reason; the first one counts.
#[derive(Clone, Debug)]
pub(crate) struct Halt {
    stop: Stop,
    reason: Arc<OnceLock<Ending>>,
}

impl Halt {
    pub(crate) fn new(stop: Stop) -> Self {
        Self { stop, reason: Arc::default() }
    }

    pub(crate) fn request(&self, reason: Ending) {
        let _ = self.reason.set(reason);
        self.stop.request();
    }

    /// Why the work stops; `None` while nobody asked. A request without a reason comes from a signal.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let reason = self.reason.get().copied();
        self.stop.is_requested().then(|| reason.unwrap_or(Ending::Stopped))
    }
}

/// A thread that looks at the clock and at the sweep's folder until it is dropped.
pub(crate) struct Watch {
    ending: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts to watch. A cancellation that equals `known` does not count.
    pub(crate) fn start(
        halt: Halt,
        folder: SweepFolder,
        known: Option<String>,
        deadline: Option<Instant>,
    ) -> Self {
        let (ending, ended) = channel();
        let look = move || {
            while ended.recv_timeout(LOOK_AGAIN) == Err(RecvTimeoutError::Timeout) {
                if is_cancelled(&folder, known.as_deref()) {
                    halt.request(Ending::Cancelled);
                }
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    halt.request(Ending::Time);
                }
            }
        };
        // Without a thread, only the looks between trials and epochs remain.
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(look).ok();
        Self { ending: Some(ending), thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.ending.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a sweep is cancelled in another way than `known`.
pub(crate) fn is_cancelled(folder: &SweepFolder, known: Option<&str>) -> bool {
    folder.cancellation().is_some_and(|found| Some(found.as_str()) != known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_that_was_not_known_stops_the_work_and_so_does_the_end_of_the_time() {
        let runs = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(runs.path(), "one", 3);
        folder.cancel().unwrap();
        let known = folder.cancellation();
        assert!(is_cancelled(&folder, None) && !is_cancelled(&folder, known.as_deref()));
        let halt = Halt::new(Stop::default());
        let watch = Watch::start(halt.clone(), folder.clone(), known, None);
        folder.cancel().unwrap();
        wait_for(&halt);
        drop(watch);
        assert_eq!(halt.ending(), Some(Ending::Cancelled));
        let halt = Halt::new(Stop::default());
        let other = SweepFolder::new(runs.path(), "one", 4);
        let _watch = Watch::start(halt.clone(), other, None, Some(Instant::now()));
        wait_for(&halt);
        assert_eq!(halt.ending(), Some(Ending::Time));
    }

    fn wait_for(halt: &Halt) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while halt.ending().is_none() {
            assert!(Instant::now() < deadline, "nothing stopped the work");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
