//! Repeats what failed and may pass, with longer and longer pauses.

use std::thread;
use std::time::Duration;

use super::failure::Failure;

/// How often a request is made, and how long the first pause is. Each further one is twice as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Attempts altogether, at least one.
    pub attempts: u32,
    /// The pause after the first failure.
    pub first_pause: Duration,
}

impl Default for Patience {
    /// Five attempts within seven and a half seconds.
    fn default() -> Self {
        Self { attempts: 5, first_pause: Duration::from_millis(500) }
    }
}

impl Patience {
    /// Repeats `call` while it fails in a way that may pass.
    pub(super) fn repeat<T>(self, mut call: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        let mut pause = self.first_pause;
        for _ in 1..self.attempts {
            match call() {
                Err(failure) if failure.may_pass => thread::sleep(pause),
                outcome => return outcome,
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

    const SHORT: Patience = Patience { attempts: 3, first_pause: Duration::from_millis(1) };

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
