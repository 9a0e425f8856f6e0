//! Records for other programs: the database as Parquet files, runs for an MLflow server, a description for Datasette.

pub mod datasette;
mod error;
mod foreign;
pub mod mlflow;
pub mod parquet;

pub use error::{Error, Result};
