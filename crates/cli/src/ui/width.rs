//! The width that text on standard output may take.

use std::{env, io};

/// Columns of `$COLUMNS` if it is set, else of the terminal; `None` where standard output is no terminal.
pub(crate) fn output_width() -> Option<usize> {
    columns_given().or_else(|| {
        let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(columns)).filter(|columns| *columns > 0)
    })
}

/// Columns of texts for people, which are read badly in long lines: those of the output, 80 of a pipe.
pub(crate) fn text_width() -> usize {
    output_width().unwrap_or(80).clamp(20, 80)
}

/// A positive number in `$COLUMNS`.
fn columns_given() -> Option<usize> {
    env::var("COLUMNS").ok()?.trim().parse().ok().filter(|columns| *columns > 0)
}
