//! Checks the layout of the sources: circles of files, arrows between crates, and code in the wrong crate.
//!
//! [`Workspace::read`] parses every package below `crates/` and `tools/`. Each rule is a function from a workspace to
//! the lines that break it:
//!
//! | rule | function |
//! |---|---|
//! | files of a crate do not import each other in a circle | [`circles`] |
//! | crates depend on one another only as the layers allow, and each outside library stays in its crates | [`layers`] |
//! | only `cli` prints, reads environment variables and ends the process | [`effects`] |
//! | every library has one set of features, whichever crate is compiled | [`features`] |
//! | class names occur only in defaults, in the fetch, in the synthetic cells and in published figures | [`class_names`] |
//!
//! Code that only tests compile (`#[cfg(test)]`, modules named `tests`) is left out of every rule.

mod circles;
mod class_names;
mod code;
mod condition;
mod effects;
mod error;
mod features;
mod graph;
mod layers;
mod manifest;
mod module_tree;
mod resolution;
mod tokens;
mod violation;
mod workspace;

pub use circles::circles;
pub use class_names::{CLASS_NAME_FILES, class_names};
pub use effects::effects;
pub use error::{Error, Result};
pub use features::features;
pub use layers::layers;
pub use violation::Violation;
pub use workspace::{Package, Workspace};
