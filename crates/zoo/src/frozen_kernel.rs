//! A frozen, transformed kernel in the form that is fastest on its device.

use burn::{
    backend::DispatchDevice,
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use rayon::prelude::*;

use crate::processor::packed::{PANEL, pack, pack_transposed};

/// A transformed kernel `U`: `[36, C_in, C_out]`.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one per layer")]
pub enum FrozenKernel {
    /// As it is, for devices with products of their own.
    Plain(Tensor<3>),
    /// In panels, for the processor.
    Packed(PackedKernel),
}

/// A transformed kernel in the order in which the processor's products read it.
#[derive(Module, Debug)]
pub struct PackedKernel {
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    /// All positions' panels, one after the other.
    pub(crate) forward: Tensor<1>,
    /// The same of the transpose, for the map's gradient; absent where nobody asks for it.
    pub(crate) backward: Option<Tensor<1>>,
}

impl FrozenKernel {
    /// From values `[36, channels_in, channels_out]`, for `device`. Without `gradient` the convolution's
    /// input may count as constant.
    pub fn new(values: &[f32], channels: [usize; 2], gradient: bool, device: &Device) -> Self {
        if on_processor(device) {
            Self::packed(values, channels, gradient, device)
        } else {
            Self::plain(values, channels, device)
        }
    }

    /// For tensors.
    pub(crate) fn plain(values: &[f32], [channels_in, channels_out]: [usize; 2], device: &Device) -> Self {
        let positions = values.len() / (channels_in * channels_out);
        let data = TensorData::new(values.to_vec(), [positions, channels_in, channels_out]);
        Self::Plain(Tensor::from_data(data, device))
    }

    fn packed(
        values: &[f32],
        [channels_in, channels_out]: [usize; 2],
        gradient: bool,
        device: &Device,
    ) -> Self {
        let packed = |pack: fn(&[f32], usize, usize) -> Vec<f32>, inner, columns| {
            let matrices = values.par_chunks_exact(channels_in * channels_out);
            let panels = matrices.map(|matrix| pack(matrix, inner, columns)).collect::<Vec<_>>().concat();
            let count = panels.len();
            Tensor::from_data(TensorData::new(panels, [count]), device)
        };
        Self::Packed(PackedKernel {
            channels_in,
            channels_out,
            forward: packed(pack::<PANEL>, channels_in, channels_out),
            backward: gradient.then(|| packed(pack_transposed::<PANEL>, channels_out, channels_in)),
        })
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        match self {
            Self::Plain(kernel) => [kernel.dims()[1], kernel.dims()[2]],
            Self::Packed(kernel) => [kernel.channels_in, kernel.channels_out],
        }
    }
}

/// Whether tensors on `device` lie in this processor's memory and are ours to read.
pub(crate) fn on_processor(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}
