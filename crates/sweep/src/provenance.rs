//! From which sources a run was made, and how much memory its process took.

/// The sources that the program was compiled from; unknown where they were in no repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The last commit that changed them.
    pub commit: Option<String>,
    /// Whether they had changes that were not committed.
    pub dirty: Option<bool>,
}

/// Peak resident memory of this process in bytes, feature maps included; 0 where the system does not
/// tell.
pub(crate) fn peak_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0, |kilobytes: i64| kilobytes * 1024)
}
