//! Waiting for a lock that another process holds, or for a server that is away: for how long, and the line that reports it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::holder::{Holder, by};
use crate::location::Location;

/// A wait is reported after this time.
const QUIET: Duration = Duration::from_secs(3);
/// The longest wait of a command that has to write, unless another one is set.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);
/// The longest wait where another answer exists: a lock that is held for moments only is no lock.
pub(crate) const BRIEF: Duration = Duration::from_millis(200);

/// A wait for a lock on the runs database, or for its server, which has lasted for three seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The database.
    pub location: Location,
    /// The process that holds the lock, where the system shows it.
    pub holder: Option<Holder>,
    /// Whether its server cannot be reached; otherwise it is locked.
    pub is_away: bool,
    /// The longest that this command waits in all.
    pub longest: Duration,
}

impl fmt::Display for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (location, longest) = (&self.location, self.longest.as_secs());
        let state = match self.is_away {
            true => "away".to_owned(),
            false => format!("locked {}", by(self.holder.as_ref())),
        };
        write!(
            formatter,
            "waiting for the runs database {location}, which is {state}, for at most {longest} s"
        )
    }
}

static LIMIT: OnceLock<Duration> = OnceLock::new();

/// Sets the longest wait of commands that have to write, which is five minutes otherwise. Only the first call counts.
pub fn wait_at_most(longest: Duration) {
    let _ = LIMIT.set(longest);
}

/// The longest wait of a command that has to write.
pub(crate) fn longest() -> Duration {
    LIMIT.get().copied().unwrap_or(LONGEST)
}

type Report = Box<dyn Fn(&Waiting) + Send + Sync>;

static REPORT: OnceLock<Report> = OnceLock::new();

/// The databases whose waits were reported and last.
static REPORTED: Mutex<Vec<Location>> = Mutex::new(Vec::new());

fn reported() -> MutexGuard<'static, Vec<Location>> {
    // A panic cannot leave the locations inconsistent.
    REPORTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets what is called, on any thread, when a wait has lasted for three seconds. Only the first call counts.
pub fn on_waiting(report: impl Fn(&Waiting) + Send + Sync + 'static) {
    let _ = REPORT.set(Box::new(report));
}

/// One wait, from its start to its end.
pub(crate) struct Wait<'a> {
    location: &'a Location,
    longest: Duration,
    /// Finds who holds the lock.
    find: fn(&Location) -> Option<Holder>,
    /// Who was seen to hold it last.
    seen: Option<Holder>,
    started: Instant,
    /// Whether it was reported, or another wait for the same database was.
    is_reported: bool,
    /// Whether this wait is the one that was reported.
    has_reported: bool,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(
        location: &'a Location,
        longest: Duration,
        find: fn(&Location) -> Option<Holder>,
    ) -> Self {
        let started = Instant::now();
        Self { location, longest, find, seen: None, started, is_reported: false, has_reported: false }
    }

    /// Notes who holds the lock, where that was found out otherwise.
    pub(crate) fn see(&mut self, holder: Option<Holder>) {
        self.seen = holder.or(self.seen.take());
    }

    fn holder(&self) -> Option<Holder> {
        self.seen.clone().or_else(|| (self.find)(self.location))
    }

    /// Whether there is time for another attempt.
    pub(crate) fn lasts(&self) -> bool {
        self.started.elapsed() < self.longest
    }

    /// Whether to try again after the lock was found taken. Reports the wait once it has lasted.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.goes_on_while(false)
    }

    /// Whether to try again after the server was not reached. Reports the wait once it has lasted.
    pub(crate) fn goes_on_without_server(&mut self) -> bool {
        self.goes_on_while(true)
    }

    fn goes_on_while(&mut self, is_away: bool) -> bool {
        let waited = self.started.elapsed();
        if waited >= QUIET && !self.is_reported {
            self.is_reported = true;
            self.report(is_away);
        }
        waited < self.longest
    }

    /// Reports the wait, unless another one for the same database was reported and lasts.
    fn report(&mut self, is_away: bool) {
        {
            let mut reported = reported();
            if reported.contains(self.location) {
                return;
            }
            reported.push(self.location.clone());
        }
        self.has_reported = true;
        let (location, holder) = (self.location.clone(), self.holder());
        let waiting = Waiting { location, holder, is_away, longest: self.longest };
        if let Some(report) = REPORT.get() {
            report(&waiting);
        }
    }

    /// The error of a wait that ended without the lock, with the time that it took.
    pub(crate) fn error(&self) -> Error {
        let (holder, waited) = (self.holder(), Some(self.started.elapsed()));
        Error::Locked { location: self.location.clone(), holder, waited }
    }

    /// An error that ended the wait, with the time that it took.
    pub(crate) fn ended(&self, error: Error) -> Error {
        match error {
            Error::Locked { .. } => self.error(),
            Error::Away { location, reason, advice, .. } => {
                Error::Away { location, reason, advice, waited: Some(self.started.elapsed()) }
            }
            other => other,
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.has_reported {
            reported().retain(|location| location != self.location);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_how_long_it_took_and_not_how_long_it_might_have() {
        let location = Location::file("/none/ranklab.db");
        let wait = Wait::new(&location, Duration::from_secs(300), |_| None);
        let Error::Locked { waited: Some(waited), .. } = wait.error() else { panic!("another error") };
        assert!(waited < Duration::from_secs(60), "{waited:?}");
    }

    #[test]
    fn of_several_waits_for_one_database_one_is_reported_at_a_time() {
        let (location, other) = (Location::file("/none/one.db"), Location::file("/none/other.db"));
        let waits = || Wait::new(&location, Duration::from_secs(300), |_| None);
        let (mut first, mut second) = (waits(), waits());
        first.report(true);
        second.report(true);
        let mut elsewhere = Wait::new(&other, Duration::from_secs(300), |_| None);
        elsewhere.report(true);
        assert_eq!((first.has_reported, second.has_reported, elsewhere.has_reported), (true, false, true));
        drop(first);
        let mut third = waits();
        third.report(true);
        assert!(third.has_reported);
    }
}
