//! Puts into the binary which commit's sources it is compiled from, and whether they had been changed.
//!
//! Asked at build time, because a binary may run anywhere and long after its working tree has moved on. The
//! commit is the last one that changed what is compiled: commits to docs do not make another binary, and with
//! it checkpoints that belong to none.

use std::{path::Path, process::Command};

/// What is compiled, from the workspace's root.
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
    // A folder stands for all in it; a path that is not there would make every build run this again.
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
    let (hash, dirty, said) = match (&commit, &changes) {
        (Some(commit), Some(changes)) if changes.is_empty() => {
            (commit.as_str(), "false", format!("{version} (commit {commit})"))
        }
        (Some(commit), _) => {
            (commit.as_str(), "true", format!("{version} (commit {commit} with uncommitted changes)"))
        }
        // Sources without a repository, or in somebody else's that does not track them.
        (None, _) => ("", "", version.to_owned()),
    };
    println!("cargo::rustc-env=RANKLAB_COMMIT={hash}");
    println!("cargo::rustc-env=RANKLAB_DIRTY={dirty}");
    println!("cargo::rustc-env=RANKLAB_VERSION={said}");
}
