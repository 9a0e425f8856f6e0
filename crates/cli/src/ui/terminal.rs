//! Widths of the terminals that the two outputs are shown on.

use console::Term;

/// Narrowest terminal that text is laid out for.
const NARROWEST: usize = 20;

/// Columns for lines on standard error; `None` where it is no terminal, or one that does not know its width. The last
/// column stays free: some terminals begin a new line as soon as it is written.
pub(crate) fn error_columns() -> Option<usize> {
    columns(&Term::stderr()).map(|columns| columns - 1)
}

/// Columns for lines on standard output; `None` where it is no terminal, or one that does not know its width.
pub(crate) fn output_columns() -> Option<usize> {
    columns(&Term::stdout()).map(|columns| columns - 1)
}

fn columns(terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal.size_checked()?;
    Some(usize::from(columns).max(NARROWEST))
}
