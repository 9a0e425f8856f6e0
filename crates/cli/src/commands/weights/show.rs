//! `ranklab weights show`: checks the stored weights and shows their hash.

use std::path::Path;

use clap::Args;
use ranklab_zoo::weights::TrunkWeights;

/// Check the stored weights and show their hash.
#[derive(Args, Clone, Debug)]
pub(super) struct ShowArgs {}

/// Loads the weights stored at `path`, which checks them.
pub(super) fn show(path: &Path, ShowArgs {}: &ShowArgs) -> anyhow::Result<TrunkWeights> {
    Ok(TrunkWeights::load(path)?)
}
