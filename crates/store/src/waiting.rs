//! Waiting for a lock that another process holds, or for a server that is away: for how long, and the line that reports it.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::holder::{Holder, by};
use crate::location::Location;

/// A wait is reported after this time.
const QUIET: Duration = Duration::from_secs(3);
/// The longest wait of a command that has to write.
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

type Report = Box<dyn Fn(&Waiting) + Send + Sync>;

static REPORT: OnceLock<Report> = OnceLock::new();

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
    started: Instant,
    is_reported: bool,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(
        location: &'a Location,
        longest: Duration,
        find: fn(&Location) -> Option<Holder>,
    ) -> Self {
        Self { location, longest, find, started: Instant::now(), is_reported: false }
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
            let (location, holder) = (self.location.clone(), (self.find)(self.location));
            let waiting = Waiting { location, holder, is_away, longest: self.longest };
            if let Some(report) = REPORT.get() {
                report(&waiting);
            }
        }
        waited < self.longest
    }

    /// The error of a wait that ended without the lock, with the time that it took.
    pub(crate) fn error(&self) -> Error {
        let (holder, waited) = ((self.find)(self.location), Some(self.started.elapsed()));
        Error::Locked { location: self.location.clone(), holder, waited }
    }

    /// An error that ended the wait, with the time that it took.
    pub(crate) fn ended(&self, error: Error) -> Error {
        match error {
            Error::Away { location, reason, .. } => {
                Error::Away { location, reason, waited: Some(self.started.elapsed()) }
            }
            other => other,
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
}
