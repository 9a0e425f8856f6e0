//! What the tool says: answers on standard output, everything else on standard error. Nothing here panics: a reader
//! that went away or a log on a full disk is no reason to stop training. Text passes `printable.rs` here, once more
//! than a caller that joins names needs, so that none of them is forgotten.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use indicatif::MultiProgress;
use serde::Serialize;

use crate::printable::{printable_json, printable_lines};

/// Writes an answer to standard output. A reader that has read enough (`| head`) is no error: the rest is for nobody,
/// and the exit code is that of the work.
///
/// # Errors
/// When standard output cannot be written for another reason, as on a full disk.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let written = output.write_all(printable_lines(text).as_bytes()).and_then(|()| output.flush());
    written.or_else(unless_read_enough)
}

/// A value as JSON over several lines, the last of them ended.
///
/// # Errors
/// When the value cannot be written as JSON.
pub(crate) fn json_text(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(printable_json(&serde_json::to_string_pretty(value)?) + "\n")
}

/// Whether an answer that failed to be written has a reader that wants more of it: one that has read enough is no
/// error.
///
/// # Errors
/// The error with its context.
pub(crate) fn unless_read_enough(error: io::Error) -> anyhow::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error).context("the answer cannot be written to standard output"),
    }
}

/// Progress bars that are drawn on standard error.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Sets the bars above which lines are written from now on.
pub(crate) fn write_above(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Writes one line to standard error, at once so that lines of several processes stay whole, and above the progress
/// bars, from any thread. A line that cannot be written is dropped.
pub(crate) fn tell(line: impl Display) {
    let line = printable_lines(&line.to_string());
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner);
    // Where bars cannot be drawn any more, the line alone may still arrive.
    if bars.as_ref().is_none_or(|bars| bars.println(&line).is_err()) {
        let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}
