//! Optional age and size limits for removal.

use std::{path::PathBuf, time::Duration};

/// Optional age and size limits; unreferenced files always count.
#[derive(Clone, Debug, Default)]
pub struct GarbageRules {
    /// Folder of generated images; half-written files of killed processes in it also count.
    pub data_folder: Option<PathBuf>,
    /// Age after which unused feature caches and checkpoints of interrupted runs count.
    pub older_than: Option<Duration>,
    /// Total bytes of feature caches to keep; the least recently used ones over it count.
    pub keep_bytes: Option<u64>,
}
