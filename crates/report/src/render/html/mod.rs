//! The report as one HTML page.

mod chart;
mod clinical;
mod facts;
mod gallery;
mod page;
mod run;
mod table;

pub(crate) use page::render;
