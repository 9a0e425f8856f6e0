//! Charts in the Markdown files.

use crate::charts::Figure;
use crate::render::escape::markdown as plain;

/// A chart under its heading, with its caption.
pub(super) fn chart(figure: &Figure) -> [String; 3] {
    [format!("### {}", plain(&figure.title)), image(figure), plain(&figure.caption)]
}

/// A link to the chart's file.
pub(super) fn image(figure: &Figure) -> String {
    // A description ends at a closing bracket.
    format!("![{}](figures/{})", plain(&figure.description), figure.file_name)
}
