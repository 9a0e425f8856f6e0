//! What the tool writes: progress, tables, results, warnings and errors.

pub(crate) mod convergence;
pub(crate) mod errors;
pub(crate) mod output;
pub(crate) mod panics;
pub(crate) mod printable;
pub(crate) mod profile;
pub(crate) mod progress;
pub(crate) mod query_result;
pub(crate) mod table;
