//! `ranklab data`: fetches images, lists them, generates synthetic ones.

mod fetch;
mod manifest;
mod synthetic;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::{folders::Folders, signals::Signals};

/// Fetch images, list them, or generate SYNTHETIC ones.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab data fetch                            fetch the official zip
  ranklab data fetch ~/Downloads/cell_images.zip --any
  ranklab data fetch https://mirror.example/cell_images.zip
  ranklab data manifest data/cell_images.zip    show counts and left-out files
  ranklab data synthetic --images 200")]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

/// A subcommand of `ranklab data`.
#[derive(Subcommand, Clone, Debug)]
enum DataCommand {
    Fetch(fetch::FetchArgs),
    Manifest(manifest::ManifestArgs),
    Synthetic(synthetic::SyntheticArgs),
}

/// Runs a subcommand; a signal that ends it is an error.
pub(crate) fn data(folders: &Folders, arguments: &DataArgs) -> anyhow::Result<()> {
    let signals = Signals::listen().context("cannot install signal handlers")?;
    let stop = signals.stop_check();
    let (result, interrupted_state) = match &arguments.command {
        DataCommand::Fetch(arguments) => {
            (fetch::fetch(folders, arguments, &stop), arguments.interrupted_state())
        }
        DataCommand::Manifest(arguments) => (
            manifest::manifest(folders, arguments, &stop),
            "before all images were read; repeat the command to read them",
        ),
        DataCommand::Synthetic(arguments) => (
            synthetic::synthetic(folders, arguments, &stop),
            "before all images were generated; repeat the command to generate them",
        ),
    };
    result.map_err(|problem| match problem.downcast_ref() {
        Some(ranklab_data::Error::Stopped) => {
            signals.interruption(interrupted_state).map_or(problem, anyhow::Error::from)
        }
        _ => problem,
    })
}
