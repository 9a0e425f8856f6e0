//! The report as a Markdown file.

mod file;
mod gallery;
mod table;

pub use file::Markdown;
pub(crate) use file::render;
