//! What the tool writes: progress, tables, results, warnings and errors.

mod board;
pub(crate) mod chosen_columns;
mod column_contents;
pub(crate) mod convergence;
pub(crate) mod errors;
mod estimate;
mod fit;
pub(crate) mod fitting;
pub(crate) mod layout;
mod lines;
mod live;
pub(crate) mod outcome;
pub(crate) mod output;
pub(crate) mod panics;
pub(crate) mod printable;
pub(crate) mod profile;
pub(crate) mod progress;
pub(crate) mod query_result;
pub(crate) mod saturation;
pub(crate) mod table;
mod table_layout;
pub(crate) mod terminal;
mod value_text;
