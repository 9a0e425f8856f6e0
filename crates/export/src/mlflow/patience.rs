//! Repeats what failed and may pass, with longer and longer pauses.

use std::thread;
use std::time::{Duration, Instant};

use super::failure::Failure;

/// How often a request is made, how long the first pause is, and for how long it is repeated. Each further pause is twice as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Attempts altogether, at least one.
    pub attempts: u32,
    /// The pause after the first failure.
    pub first_pause: Duration,
    /// Time of one attempt, from the connection to the end of the answer. The file of an upload gets more.
    pub answer: Duration,
    /// Time after which no further attempt begins.
    pub longest: Duration,
}

impl Default for Patience {
    /// Five attempts, with seven and a half seconds of pauses, of half a minute each; none begins after a minute.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            answer: Duration::from_secs(30),
            longest: Duration::from_secs(60),
        }
    }
}

impl Patience {
    /// Repeats `call` while it fails in a way that may pass.
    pub(super) fn repeat<T>(self, mut call: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        let (mut pause, begin) = (self.first_pause, Instant::now());
        for _ in 1..self.attempts {
            match call() {
                Err(failure) if failure.may_pass && begin.elapsed() + pause < self.longest => {
                    thread::sleep(pause);
                }
                outcome => return outcome.map_err(Failure::settled),
            }
            pause *= 2;
        }
        call().map_err(Failure::settled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Cause;
    use super::*;

    const SHORT: Patience = Patience {
        attempts: 3,
        first_pause: Duration::from_millis(1),
        answer: Duration::from_secs(1),
        longest: Duration::from_secs(60),
    };

    #[test]
    fn no_attempt_begins_after_the_longest_time() {
        let mut calls = 0;
        let outcome: Result<(), _> = Patience { longest: Duration::from_millis(20), ..SHORT }.repeat(|| {
            calls += 1;
            thread::sleep(Duration::from_millis(20));
            Err(Failure::passing("GET /", Cause::Away("silent".into())))
        });
        assert!(calls == 1 && !outcome.unwrap_err().may_pass);
    }

    #[test]
    fn what_may_pass_is_repeated_and_what_stays_is_not() {
        let mut calls = 0;
        let busy = || Failure::passing("GET /", Cause::Server("500".into()));
        let outcome = SHORT.repeat(|| {
            calls += 1;
            if calls < 3 { Err(busy()) } else { Ok(calls) }
        });
        assert_eq!(outcome, Ok(3));
        let mut calls = 0;
        let outcome: Result<(), _> = SHORT.repeat(|| {
            calls += 1;
            Err(busy())
        });
        assert_eq!((outcome, calls), (Err(busy().settled()), 3));
        let mut calls = 0;
        let refused = Failure::lasting("GET /", Cause::Unauthorized("401".into()));
        let outcome: Result<(), _> = SHORT.repeat(|| {
            calls += 1;
            Err(refused.clone())
        });
        assert_eq!((outcome, calls), (Err(refused.clone()), 1));
    }
}
