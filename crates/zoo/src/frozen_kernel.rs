//! A frozen, transformed kernel in the form that is fastest on its device.

use std::{fmt, sync::Arc};

use burn::{
    backend::DispatchDevice,
    module::Module,
    tensor::{Device, Tensor, TensorData},
};

use crate::{
    processor::{
        packed::{PANEL, pack, pack_transposed, packed_values},
        tiles::{transform_and_pack, transform_kernel},
    },
    winograd::POSITIONS,
};

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
    #[module(skip)]
    pub(crate) panels: Arc<Panels>,
}

/// The values of a packed convolution.
#[derive(Default)]
pub(crate) struct Panels {
    /// All positions' panels, one after the other.
    pub(crate) forward: Vec<f32>,
    /// The same of the transpose, for the map's gradient; absent where nobody asks for it.
    pub(crate) backward: Option<Vec<f32>>,
    /// `[C_out]`.
    pub(crate) bias: Vec<f32>,
}

impl fmt::Debug for Panels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Panels of {} values", self.forward.len())
    }
}

impl FrozenKernel {
    /// From a kernel `[9, channels_in, channels_out]` and the convolution's bias, for `device`. Without `gradient` the convolution's
    /// input may count as constant.
    pub fn new(kernel: &[f32], bias: &[f32], channels: [usize; 2], gradient: bool, device: &Device) -> Self {
        if on_processor(device) {
            Self::packed(kernel, bias, channels, gradient)
        } else {
            Self::plain(kernel, channels, device)
        }
    }

    /// For tensors.
    pub(crate) fn plain(kernel: &[f32], [channels_in, channels_out]: [usize; 2], device: &Device) -> Self {
        let transformed = transform_kernel(kernel, channels_in * channels_out);
        let data = TensorData::new(transformed, [POSITIONS, channels_in, channels_out]);
        Self::Plain(Tensor::from_data(data, device))
    }

    fn packed(kernel: &[f32], bias: &[f32], [channels_in, channels_out]: [usize; 2], gradient: bool) -> Self {
        let packed = |pack: fn(&[f32], usize, usize) -> Vec<f32>, inner, columns| {
            let values = packed_values::<PANEL>(inner, columns);
            transform_and_pack(kernel, channels_in * channels_out, values, |matrix| {
                pack(matrix, inner, columns)
            })
        };
        let panels = Panels {
            forward: packed(pack::<PANEL>, channels_in, channels_out),
            backward: gradient.then(|| packed(pack_transposed::<PANEL>, channels_out, channels_in)),
            bias: bias.to_vec(),
        };
        Self::Packed(PackedKernel { channels_in, channels_out, panels: Arc::new(panels) })
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
