//! The report as Markdown: a short file and one with all details.

mod figure;
mod file;
mod gallery;
mod short;
mod table;

pub use file::Markdown;
pub(crate) use file::render;
pub(crate) use short::DETAILS;
