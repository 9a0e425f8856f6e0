//! Signals that end a process: the first one asks the work to stop where it can be resumed, a second one ends the
//! process at once.

use std::{
    fmt, io,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ranklab_trainer::Stop;
use signal_hook::{consts::SIGINT, flag};

/// The exit code that a shell reports of a process that a signal ended is this plus the number of the signal.
const SIGNALLED: i32 = 128;

/// Signals that would end the process without saving. SIGHUP comes when a terminal or an ssh session closes, SIGXCPU at a
/// limit of processor time, SIGUSR1 and SIGUSR2 from batch systems before a time limit. SIGQUIT is not among them: it
/// asks for a core dump of the process as it stands.
#[cfg(unix)]
const ENDING: &[(i32, &str)] = {
    use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    &[
        (SIGHUP, "SIGHUP"),
        (SIGINT, "SIGINT"),
        (SIGTERM, "SIGTERM"),
        (SIGUSR1, "SIGUSR1"),
        (SIGUSR2, "SIGUSR2"),
        (SIGXCPU, REPEATED),
    ]
};
#[cfg(not(unix))]
const ENDING: &[(i32, &str)] = &[(SIGINT, "SIGINT"), (signal_hook::consts::SIGTERM, "SIGTERM")];
/// The system repeats it every second.
const REPEATED: &str = "SIGXCPU";

/// A check between two steps of some work: whether to go on.
pub(crate) type StopCheck<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

/// Handlers of the signals that end a process.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: Stop,
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// Installs the handlers. A signal that was ignored when the process started stays ignored, as `nohup` has it.
    /// SIGINT is the exception: shells ignore it for background jobs, and people send it by hand.
    pub(crate) fn listen() -> io::Result<Self> {
        let (stop, received) = (Stop::default(), Arc::new(AtomicUsize::new(0)));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        for &(signal, name) in ENDING {
            if signal != SIGINT && ignores(&status, signal) {
                continue;
            }
            // In this order: the first signal finds no stop requested, the second one does.
            if name != REPEATED {
                flag::register_conditional_shutdown(signal, SIGNALLED + signal, stop.flag())?;
            }
            flag::register(signal, stop.flag())?;
            flag::register_usize(signal, received.clone(), usize::try_from(signal).unwrap_or(0))?;
        }
        Ok(Self { stop, received })
    }

    /// The request to stop that a signal makes.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// A check that ends the work once a signal has arrived.
    pub(crate) fn stop_check(&self) -> impl Fn() -> ControlFlow<()> + Sync + use<> {
        let stop = self.stop();
        move || if stop.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The error of work that a signal ended in this state; `None` where no signal has arrived.
    pub(crate) fn interruption(&self, state: &str) -> Option<Interrupted> {
        let signal = self.received.load(Ordering::Relaxed);
        (signal != 0).then_some(Interrupted {
            signal: i32::try_from(signal).unwrap_or(SIGINT),
            state: state.to_owned(),
        })
    }
}

/// Makes a write above the limit on a file's size (`ulimit -f`) fail with an error that names the file. Without this,
/// a signal ends the process with no message.
pub(crate) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        // With any handler, the write returns EFBIG (setrlimit(2)).
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// Whether a process of this /proc/PID/status ignores a signal: a bit of its `SigIgn` mask (proc_pid_status(5)). On
/// systems without that file none counts as ignored.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    u32::try_from(signal - 1).ok().and_then(|bit| mask.checked_shr(bit)).is_some_and(|rest| rest & 1 == 1)
}

/// The error of work that a signal ended.
#[derive(Debug)]
pub(crate) struct Interrupted {
    signal: i32,
    /// How far the work was, and how to resume it.
    state: String,
}

impl Interrupted {
    /// The exit code that shells give a process that this signal ended.
    pub(crate) fn exit_code(&self) -> u8 {
        u8::try_from(SIGNALLED + self.signal).unwrap_or(1)
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = ENDING.iter().find(|(signal, _)| *signal == self.signal);
        let name = known.map_or("a signal", |(_, name)| name);
        write!(formatter, "interrupted by {name} {}", self.state)
    }
}

impl std::error::Error for Interrupted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_found_in_the_mask_of_its_process() {
        let status = "Name:\tranklab\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n";
        let ignored: Vec<i32> = (1..65).filter(|signal| ignores(status, *signal)).collect();
        assert_eq!(ignored, [1, 13]);
        assert!(!ignores("", 1) && !ignores("SigIgn:\tx\n", 1) && !ignores(status, 0));
    }
}
