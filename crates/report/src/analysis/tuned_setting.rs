//! A setting that a configuration chose for itself, and what it was chosen from.

use std::collections::BTreeMap;

use serde::Serialize;

/// A setting that a configuration chose for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TunedSetting {
    /// Its path.
    pub path: String,
    /// Each value that was tried, with the runs (of a seed and fold each) that it was chosen in.
    pub chosen: BTreeMap<String, usize>,
}
