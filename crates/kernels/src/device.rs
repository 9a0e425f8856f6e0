//! Whether a device is this processor.

use burn::{backend::DispatchDevice, tensor::Device};

/// Whether tensors on `device`, with autodiff or without, lie in this processor's memory, so that the kernels of
/// this crate can read them. Every choice between these kernels and burn's tensors asks here.
pub fn on_processor(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}
