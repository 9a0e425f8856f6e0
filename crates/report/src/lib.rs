//! Runs to polars frames, tables and plotters figures, one HTML page and one Markdown file.
//!
//! [`load`] reads the rows of a sweep or of chosen runs, everything after it is a pure function of
//! those rows: the same rows give the same bytes. [`document`] says what the report contains,
//! [`html`] and [`markdown`] how it looks.

mod cells;
mod charts;
mod comparison;
mod comparison_table;
mod convergence;
mod data;
mod document;
mod error;
mod escape;
#[cfg(test)]
mod escape_tests;
mod facts;
mod family;
mod findings;
#[cfg(test)]
mod fixture;
mod format;
mod gallery;
mod gallery_file;
mod gallery_page;
mod html;
mod intervals;
mod leakage;
mod load;
mod markdown;
mod measures;
mod operating_points;
mod options;
mod other_measures;
mod paired;
mod pictures;
mod published;
mod replace;
mod run_choice;
mod run_section;
mod sentences;
mod series;
mod splits;
mod table;
mod write;

pub use convergence::{NotConverged, not_converged};
pub use data::{ReportData, RunData, Unfinished};
pub use error::{Error, Result};
pub use html::render_html;
pub use load::{Selection, load};
pub use markdown::{Markdown, render_markdown};
pub use options::Options;
pub use pictures::{Picture, Pictures, Wanted, wanted_pictures};
pub use replace::Moved;
pub use write::{Written, write};
