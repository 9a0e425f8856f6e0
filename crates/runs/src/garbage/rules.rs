//! Rules for what else counts as garbage.

use std::{path::PathBuf, time::Duration};

/// Optional age and size limits; unreferenced files always count.
#[derive(Clone, Debug, Default)]
pub struct GarbageRules {
    /// Where generated images lie; what a killed process left half-written there counts as well.
    pub data_folder: Option<PathBuf>,
    /// Feature caches that were not used for so long, and checkpoints of runs that were interrupted so long ago.
    pub older_than: Option<Duration>,
    /// Feature caches beyond so many bytes in all, the least recently used first.
    pub keep_bytes: Option<u64>,
}
