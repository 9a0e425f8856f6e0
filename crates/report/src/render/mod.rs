//! Reports as files: one HTML page and one Markdown file with its figures.

mod escape;
#[cfg(test)]
mod escape_tests;
mod html;
mod markdown;
#[cfg(test)]
mod noun_tests;
mod replace;
mod report;
#[cfg(test)]
mod snapshot_tests;
mod theme;
mod write;

pub(crate) use escape::markdown as markdown_text;
pub use html::{PredictedGroup, PredictedImage, PredictionsPage, render_predictions};
pub use markdown::Markdown;
pub use replace::Moved;
pub use report::{render_html, render_markdown};
pub use write::{Written, latest_page, write};
