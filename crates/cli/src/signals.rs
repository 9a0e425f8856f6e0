//! SIGINT and SIGTERM: the first one asks the sweep to stop where it can be continued, a second one ends the
//! process at once.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ranklab_trainer::Stop;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// What a shell reports of a process that a signal ended: 128 and its number.
const SIGNALLED: i32 = 128;

/// Listens to both signals from now on.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: Stop,
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// Starts listening.
    pub(crate) fn listen() -> io::Result<Self> {
        let (stop, received) = (Stop::default(), Arc::new(AtomicUsize::new(0)));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds no wish yet, the second one does.
            flag::register_conditional_shutdown(signal, SIGNALLED + signal, stop.flag())?;
            flag::register(signal, stop.flag())?;
            flag::register_usize(signal, received.clone(), usize::try_from(signal).unwrap_or(0))?;
        }
        Ok(Self { stop, received })
    }

    /// The wish that a signal makes.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// What is to be said when a signal ended a sweep with `left` trials undone.
    pub(crate) fn interrupted(&self, left: usize) -> Option<Interrupted> {
        let trials = if left == 1 { "1 trial".to_owned() } else { format!("{left} trials") };
        self.ended(format!(
            "with {trials} left, saved up to the last completed epoch; `ranklab sweep --resume`, or the same command again, goes on from there"
        ))
    }

    /// What is to be said when a signal ended the work: by which one, and how far it was.
    pub(crate) fn ended(&self, how: String) -> Option<Interrupted> {
        let signal = self.received.load(Ordering::Relaxed);
        (signal != 0).then_some(Interrupted { signal: i32::try_from(signal).unwrap_or(SIGINT), how })
    }
}

/// A signal ended the work.
#[derive(Debug)]
pub(crate) struct Interrupted {
    signal: i32,
    how: String,
}

impl Interrupted {
    /// The exit code that shells give such a process.
    pub(crate) fn exit_code(&self) -> u8 {
        u8::try_from(SIGNALLED + self.signal).unwrap_or(1)
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.signal == SIGTERM { "SIGTERM" } else { "SIGINT" };
        write!(formatter, "interrupted by {name} {}", self.how)
    }
}

impl std::error::Error for Interrupted {}
