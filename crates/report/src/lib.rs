//! Runs to one analysis, and its views: words, charts, one HTML page and one Markdown file.
//!
//! [`load`] reads the rows of a sweep or of chosen runs. Everything after it is a pure function of those rows: the same
//! rows give the same bytes. [`analysis`] computes what they say as one serialisable object; words are made of it, then
//! charts, then files.

pub mod analysis;
mod charts;
mod data;
mod document;
mod error;
mod external_rows;
#[cfg(test)]
mod fixture;
mod load;
mod not_converged;
mod options;
mod pictures;
mod plan_record;
mod render;
mod result_tables;
mod run_card;
mod words;

pub use analysis::{Analysis, WantedCells, analyse, wanted_pictures};
pub use data::{ExternalImages, ReportData, RunData, Unfinished, UnfinishedRun};
pub use error::{Error, Result};
pub use external_rows::{ExternalRow, external_rows};
pub use load::{Selection, load};
pub use not_converged::{NotConverged, not_converged};
pub use options::Options;
pub use pictures::{CellPicture, CellPictures};
pub use plan_record::{LeftOut, PlanChange, PlanRecord, RegisteredPlan};
pub use render::{
    Markdown, Moved, PredictedGroup, PredictedImage, PredictionsPage, Written, latest_page, render_html,
    render_markdown, render_predictions, write,
};
pub use result_tables::{ResultRow, ResultTable, result_tables};
pub use run_card::run_card;
