//! Where and from what a run was made: sources, host, process and its memory.

/// The sources that the program was compiled from; unknown where they were in no repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The last commit that changed them.
    pub commit: Option<String>,
    /// Whether they had changes that were not committed.
    pub dirty: Option<bool>,
}

/// This machine's name.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// Peak resident memory of this process in bytes, feature maps included; 0 where the system does not
/// tell.
pub(crate) fn peak_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0, |kilobytes: i64| kilobytes * 1024)
}
