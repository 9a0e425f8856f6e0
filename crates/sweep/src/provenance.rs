//! Where and from what a run was made: commit, host, process and its memory.

use std::process::Command;

/// Commit and cleanness of the working tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) commit: Option<String>,
    pub(crate) dirty: Option<bool>,
}

impl Tree {
    /// Asks git about the current folder; without git or a repository both are unknown.
    pub(crate) fn current() -> Self {
        let git = |arguments: &[&str]| {
            let output = Command::new("git").args(arguments).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        Self {
            commit: git(&["rev-parse", "HEAD"]),
            dirty: git(&["status", "--porcelain"]).map(|changes| !changes.is_empty()),
        }
    }
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
