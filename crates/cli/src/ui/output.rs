//! Console output: results on standard output, everything else on standard error, including closed pipes and full
//! disks. Nothing here panics: a closed pipe or a log on a full disk is no reason to stop training. Text is made
//! printable here, so that no caller has to remember it.

use std::{
    fmt::Display,
    fs::File,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use indicatif::MultiProgress;
use serde::Serialize;

use super::{
    layout::wrapped,
    printable::{printable, printable_json, printable_lines},
    terminal::{error_columns, output_columns},
};

/// Writes a result to standard output. A pipe that its reader has closed (`| head`) is no error: the rest is dropped,
/// and the exit code is that of the work.
///
/// # Errors
/// When standard output cannot be written for another reason, as on a full disk.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let written = output.write_all(printable_lines(text).as_bytes()).and_then(|()| output.flush());
    written.or_else(unless_closed)
}

/// Writes a text for people to standard output: on a terminal no line is longer than it is wide, in a pipe each stands whole.
///
/// # Errors
/// When standard output cannot be written, except by a closed pipe.
pub(crate) fn print_fitted(text: &str) -> anyhow::Result<()> {
    let Some(width) = output_columns() else { return print(text) };
    let lines: Vec<String> = text.lines().map(|line| wrapped(line, width, true)).collect();
    print(&(lines.join("\n") + "\n"))
}

/// Writes rows to standard output, one per line, with a tab between their two fields. Fields are made printable.
///
/// # Errors
/// When standard output cannot be written, except by a closed pipe.
pub(crate) fn print_tabbed(rows: &[[String; 2]]) -> anyhow::Result<()> {
    let line = |[first, second]: &[String; 2]| format!("{}\t{}\n", printable(first), printable(second));
    let text: String = rows.iter().map(line).collect();
    let mut output = io::stdout().lock();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    written.or_else(unless_closed)
}

/// A value as JSON over several lines, with a line break at the end.
///
/// # Errors
/// When the value cannot be written as JSON.
pub(crate) fn json_text(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(printable_json(&serde_json::to_string_pretty(value)?) + "\n")
}

/// Ignores the error of a pipe that its reader has closed.
///
/// # Errors
/// Any other error of standard output.
pub(crate) fn unless_closed(error: io::Error) -> anyhow::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error).context("cannot write to standard output"),
    }
}

/// Progress bars that are drawn on standard error.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Sets the progress bars that later lines are written above; `None` when no bar is drawn any more.
pub(crate) fn set_bars(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// File that keeps the logged lines as well.
static KEPT: Mutex<Option<File>> = Mutex::new(None);

/// Keeps later logged lines in a file as well.
pub(crate) fn keep_log(file: File) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
}

/// Writes one line to standard error, above the live lines, from any thread. It is written in one call, so that
/// lines of several processes stay whole. A line that cannot be written is dropped. On a terminal it goes on in further
/// lines where it is too long for one.
pub(crate) fn log(line: impl Display) {
    let line = printable_lines(&line.to_string());
    if let Some(file) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner);
    let line = match error_columns() {
        // Where nothing is drawn below, a long path stays whole and can be copied.
        Some(most) => {
            line.split('\n').map(|line| wrapped(line, most, bars.is_none())).collect::<Vec<_>>().join("\n")
        }
        None => line,
    };
    // If the bars cannot be drawn, the line without them may still arrive.
    if bars.as_ref().is_none_or(|bars| bars.println(&line).is_err()) {
        let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}
