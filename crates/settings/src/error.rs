//! Errors in settings and experiment files.

use std::path::PathBuf;

/// An error in settings. Each message is one line that names the key or file and says what to do;
/// [`Error::Multiple`] has as many lines as errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An invalid value, alone or in combination with others. The message names the key.
    #[error("{0}")]
    Setting(String),
    /// Several errors, one on each line.
    #[error("{}", lines(.0))]
    Multiple(Vec<Error>),
    /// A key that does not exist.
    #[error("unknown key `{key}`{file}{suggestion}")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The file that holds it: empty, or ` in FILE`.
        file: String,
        /// `: did you mean …?`, or how to list the keys.
        suggestion: String,
    },
    /// A baseline that names no configuration.
    #[error(
        "baseline `{text}` selects nothing: give a model or settings, such as `model_4` or `model_5 rank=4`"
    )]
    Baseline {
        /// As it was written.
        text: String,
    },
    /// An error in an experiment file.
    #[error("experiment file {path}: {problem}", path = .path.display())]
    Experiment {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one line.
        problem: String,
    },
    /// An experiment file that cannot be read.
    #[error("reading the experiment file {path} failed: {reason}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A relative path, when the current folder is unknown.
    #[error("finding the current folder for {path} failed: {reason}", path = .path.display())]
    CurrentFolder {
        /// The path as given.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
}

/// The distinct messages of errors, one on each line.
fn lines(errors: &[Error]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for error in errors {
        for line in error.to_string().lines() {
            if !lines.iter().any(|known| known == line) {
                lines.push(line.to_owned());
            }
        }
    }
    lines.join("\n")
}

impl Error {
    /// Joins `errors` into one error; `None` if there are none.
    pub fn all(mut errors: Vec<Self>) -> Option<Self> {
        match errors.len() {
            0 => None,
            1 => errors.pop(),
            _ => Some(Self::Multiple(errors)),
        }
    }
}
