//! Errors of reading a workspace.

use std::{io, path::PathBuf};

/// Why a workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder that could not be read.
    #[error("failed to read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A source file that is not Rust.
    #[error("failed to parse {path} at line {line}")]
    Source {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        source: syn::Error,
    },
    /// A manifest that is not TOML or names no package.
    #[error("failed to parse {path}: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// A module without a file.
    #[error("{path} declares the module {module}, which has no file")]
    Module {
        /// The file with the declaration.
        path: PathBuf,
        /// The module's name.
        module: String,
    },
}

/// A result of reading a workspace.
pub type Result<T> = std::result::Result<T, Error>;
