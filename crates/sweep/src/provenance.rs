//! The origin of a run: the commit of the program and the memory of its process.

/// The source code of the program; unknown if it was compiled outside of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Last commit that changed the source code.
    pub commit: Option<String>,
    /// Whether there were uncommitted changes.
    pub dirty: Option<bool>,
}

/// Peak resident memory of this process in bytes, including feature maps; 0 if it is unknown.
pub(crate) fn peak_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0, |kilobytes: i64| kilobytes * 1024)
}
