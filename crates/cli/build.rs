//! Records in the binary the commit of its sources, and whether they had uncommitted changes.
//!
//! The script asks git at build time, because a binary may run anywhere and long after its working tree has changed.
//! The commit is the last one that changed compiled files: a commit to docs makes no different binary, so that
//! checkpoints stay valid.

use std::{path::Path, process::Command};

/// Compiled files and folders, from the root of the workspace.
const SOURCES: [&str; 5] = ["crates", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"];

fn main() {
    let root = Path::new("../..");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(root)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .args(arguments)
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // A folder stands for all files in it. A path that does not exist would run this script in every build.
    let watch = |path: &Path| {
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    };
    for source in SOURCES {
        watch(&root.join(source));
    }
    for state in ["HEAD", "refs/heads", "packed-refs"] {
        if let Some(path) = git(&["rev-parse", "--git-path", state]) {
            watch(&root.join(path));
        }
    }
    let of_sources = |command: &[&str]| git(&[command, &["--"], &SOURCES].concat());
    let commit = of_sources(&["log", "-1", "--format=%H"]).filter(|commit| !commit.is_empty());
    let changes = of_sources(&["status", "--porcelain"]);
    let version = env!("CARGO_PKG_VERSION");
    let (hash, dirty, version_text) = match (&commit, &changes) {
        (Some(commit), Some(changes)) if changes.is_empty() => {
            (commit.as_str(), "false", format!("{version} (commit {commit})"))
        }
        (Some(commit), _) => {
            (commit.as_str(), "true", format!("{version} (commit {commit} with uncommitted changes)"))
        }
        // Sources outside a repository, or in one that does not track them.
        (None, _) => ("", "", version.to_owned()),
    };
    println!("cargo::rustc-env=RANKLAB_COMMIT={hash}");
    println!("cargo::rustc-env=RANKLAB_DIRTY={dirty}");
    println!("cargo::rustc-env=RANKLAB_VERSION={version_text}");
}
