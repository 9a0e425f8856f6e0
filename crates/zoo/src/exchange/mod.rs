//! Trained networks as files of other programs: PEFT adapters, merged safetensors files and ONNX. Bytes in, bytes out:
//! who calls reads and writes the files.
//!
//! All forms take PyTorch's layouts and torchvision's convention of the input, RGB, in which the first kernel holds its
//! input channels in reverse order. The ImageNet trunk then equals torchvision's
//! `VGG16_Weights.IMAGENET1K_FEATURES`, value by value.

mod classifier;
mod description;
#[cfg(test)]
mod fixture;
mod merged;
mod module;
mod onnx;
mod peft;
mod tensor;
#[cfg(test)]
mod tests;
mod torch_layout;
mod trained;

pub use description::Description;
pub use merged::merged_safetensors;
pub use module::{MODULE_FILE, module};
pub use onnx::{is_our_onnx, onnx};
pub use peft::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, BASE_MODEL_FILE, CARD_FILE, DESCRIPTION_FILE, Factors,
    ImportedAdapter, ImportedHead, PeftFolder, peft_files, read_peft,
};
pub use trained::{ImageInput, TrainedNetwork};
