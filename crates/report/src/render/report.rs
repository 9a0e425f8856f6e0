//! Reports from rows to text.

use crate::analysis::analyse;
use crate::data::ReportData;
use crate::document::{Document, document};
use crate::error::Result;

use super::html;
use super::markdown::{self, Markdown};

/// The content of the report on these rows.
///
/// # Errors
/// When the runs cannot be grouped or a chart cannot be drawn.
pub(crate) fn document_of(data: &ReportData) -> Result<Document> {
    document(&analyse(data)?, &data.pictures)
}

/// Renders the page. The same rows give the same bytes.
///
/// # Errors
/// When the runs cannot be grouped or a chart cannot be drawn.
pub fn render_html(data: &ReportData) -> Result<String> {
    Ok(html::render(&document_of(data)?))
}

/// Renders the Markdown file. The same rows give the same bytes.
///
/// # Errors
/// When the runs cannot be grouped or a chart cannot be drawn.
pub fn render_markdown(data: &ReportData) -> Result<Markdown> {
    Ok(markdown::render(&document_of(data)?))
}
