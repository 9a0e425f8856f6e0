//! What the tool says: answers on standard output, everything else on standard error. Nothing here panics: a reader
//! that went away or a log on a full disk is no reason to stop training.

use std::{
    fmt::Display,
    io::{self, Write},
};

use anyhow::Context as _;

/// Writes an answer to standard output. A reader that has read enough (`| head`) is no error: the rest is for nobody,
/// and the exit code is that of the work.
///
/// # Errors
/// When standard output cannot be written for another reason, as on a full disk.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("the answer cannot be written to standard output"),
    }
}

/// Writes one line to standard error, at once so that lines of several processes stay whole. Where that cannot be
/// written, nobody is left to be told.
pub(crate) fn tell(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
