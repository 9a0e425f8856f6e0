//! A `ranklab` of its own for each test: own folders, output captured.

use std::{
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

/// Settings of the smallest sweep that does everything: 60 generated images of 32 pixels.
pub const SMALL: &[&str] = &[
    "dataset=synthetic",
    "images=60",
    "patients=6",
    "image_size=32",
    "weights=random",
    "epochs=1",
    "batch=8",
];

/// Folders of one test and the binary in them.
pub struct Ranklab {
    pub folder: TempDir,
}

impl Ranklab {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The binary with the given arguments in the test's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ranklab"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RANKLAB_RUNS")
            .env_remove("RANKLAB_DATA")
            .env_remove("RANKLAB_REPORTS")
            .env_remove("RANKLAB_CONFIG")
            .env_remove("RANKLAB_DATABASE")
            .env_remove("RANKLAB_DATABASE_WAIT")
            .env_remove("COLUMNS");
        command
    }

    /// Runs with the given arguments in the test's folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The arguments of a sweep of [`SMALL`] with more settings, which win.
    pub fn sweep_arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
        let key = |setting: &str| setting.split('=').next().map(str::to_owned);
        let replaced = |small: &&&str| more.iter().any(|setting| key(setting) == key(small));
        let small: Vec<&str> = SMALL.iter().filter(|small| !replaced(small)).copied().collect();
        [&["sweep"], small.as_slice(), more].concat()
    }

    /// Runs a sweep of [`SMALL`] with more settings, which win.
    pub fn sweep(&self, more: &[&str]) -> Output {
        self.run(&Self::sweep_arguments(more))
    }

    /// Standard output of a command that must succeed.
    pub fn stdout(&self, arguments: &[&str]) -> String {
        succeeded(&self.run(arguments))
    }
}

/// Standard output of a command that must have succeeded.
pub fn succeeded(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The first line of what a command printed, with its line break: of a sweep, its counts.
pub fn first_line(printed: &str) -> String {
    printed.split_inclusive('\n').next().unwrap_or_default().to_owned()
}

/// The error line of a command that must have failed: exactly one, and no panic.
pub fn failed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    assert_eq!(stderr.lines().last(), Some(errors[0]), "{stderr}");
    errors[0].to_owned()
}

/// Copies a file, cut to the given share of its length.
pub fn cut(from: &Path, to: &Path, share: f64) {
    let bytes = std::fs::read(from).unwrap();
    std::fs::write(to, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
}
