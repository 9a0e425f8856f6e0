//! `ranklab data synthetic`: generates SYNTHETIC cells.

use clap::Args;
use ranklab_data::synthetic::ensure;
use ranklab_settings::SyntheticConfig;

use crate::{folders::Folders, signals::StopCheck, ui::output::print};

/// Generate SYNTHETIC cells.
#[derive(Args, Clone, Debug)]
pub(super) struct SyntheticArgs {
    /// Number of images, half of them in each class.
    #[arg(long, default_value_t = SyntheticConfig::default().images)]
    images: usize,
    /// Number of patients; each has a different stain.
    #[arg(long, default_value_t = SyntheticConfig::default().patients)]
    patients: usize,
    /// Seed of every pixel.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Generates the images, unless they exist, and prints their path.
pub(super) fn synthetic(
    folders: &Folders,
    arguments: &SyntheticArgs,
    stop: StopCheck<'_>,
) -> anyhow::Result<()> {
    let config =
        SyntheticConfig { images: arguments.images, patients: arguments.patients, seed: arguments.seed };
    let path = ensure(&config, &folders.data, &|_, _| stop())?;
    print(&format!("{} (SYNTHETIC)\n", path.display()))
}
