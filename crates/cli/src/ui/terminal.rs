//! Widths of the terminals that the two outputs are shown on.

use console::Term;

/// Narrowest terminal that text is laid out for.
const NARROWEST: usize = 20;
/// Widest lines of long texts.
const WIDEST: usize = 80;

/// Columns for lines on standard error; `None` where it is no terminal, or one that does not know its width. The last
/// column stays free: some terminals begin a new line as soon as it is written.
pub(crate) fn error_columns() -> Option<usize> {
    columns(&Term::stderr()).map(|columns| columns - 1)
}

/// Columns for text on standard output: `$COLUMNS` where it is set, else those of the terminal; `None` where it is no
/// terminal, or one that does not know its width.
pub(crate) fn output_columns() -> Option<usize> {
    columns_given().or_else(|| columns(&Term::stdout()).map(|columns| columns - 1))
}

/// Columns for texts of long lines, which are read badly: those of the output, at most 80, and 80 of a pipe.
pub(crate) fn text_columns() -> usize {
    output_columns().unwrap_or(WIDEST).clamp(NARROWEST, WIDEST)
}

/// A positive number in `$COLUMNS`.
fn columns_given() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.trim().parse().ok().filter(|columns| *columns > 0)
}

fn columns(terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal.size_checked()?;
    Some(usize::from(columns).max(NARROWEST))
}
