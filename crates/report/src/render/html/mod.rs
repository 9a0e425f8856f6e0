//! The report as one HTML page.

mod chart;
mod clinical;
mod facts;
mod gallery;
mod headline;
mod page;
mod predictions;
mod run;
mod set;
mod table;
mod verdicts;

pub(crate) use page::render;
pub use predictions::{PredictedGroup, PredictedImage, PredictionsPage, render_predictions};
