//! A frozen, transformed kernel in the form that is fastest on its device.

use std::{fmt, sync::Arc};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};

use crate::{
    device::on_processor,
    processor::{Products, held_kernel::HeldKernel, tiles::transform_kernel},
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
    /// `U`; absent where its products are known beforehand.
    pub(crate) forward: Option<Arc<HeldKernel>>,
    /// `Uᵀ`, for the map's gradient; absent where it is not asked for.
    pub(crate) backward: Option<Arc<HeldKernel>>,
    /// `[C_out]`.
    pub(crate) bias: Vec<f32>,
}

impl fmt::Debug for Panels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = |kernel: &Option<Arc<HeldKernel>>| kernel.as_ref().map_or(0, |kernel| kernel.len());
        write!(formatter, "Panels of {} values", values(&self.forward) + values(&self.backward))
    }
}

impl PackedKernel {
    /// Frees `U`: its products are known from now on.
    pub fn forget_forward(&mut self) {
        let Panels { backward, bias, .. } = &*self.panels;
        let panels = Panels { forward: None, backward: backward.clone(), bias: bias.clone() };
        self.panels = Arc::new(panels);
    }
}

impl FrozenKernel {
    /// From a kernel `[9, channels_in, channels_out]` and the convolution's bias, for `device`. Without `gradient` the convolution's
    /// input may count as constant.
    pub(crate) fn new(
        kernel: &[f32],
        bias: &[f32],
        channels: [usize; 2],
        (gradient, products): (bool, Products),
        device: &Device,
    ) -> Self {
        if on_processor(device) {
            Self::packed(kernel, bias, channels, gradient, products)
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

    fn packed(
        kernel: &[f32],
        bias: &[f32],
        [channels_in, channels_out]: [usize; 2],
        gradient: bool,
        products: Products,
    ) -> Self {
        let channels = [channels_in, channels_out];
        let panels = Panels {
            forward: Some(Arc::new(HeldKernel::new(kernel, channels, products))),
            backward: gradient.then(|| Arc::new(HeldKernel::transposed(kernel, channels, products))),
            bias: bias.to_vec(),
        };
        Self::Packed(PackedKernel { channels_in, channels_out, panels: Arc::new(panels) })
    }

    /// The values that the processor holds for products in `f32`, rounded to 16 bits, for tensors on `device`; `None` of a
    /// kernel that it does not hold like that.
    pub(crate) fn rounded(&self, device: &Device) -> Option<Self> {
        let Self::Packed(kernel) = self else { return None };
        let values = kernel.panels.forward.as_ref()?.rounded()?;
        let shape = [POSITIONS, kernel.channels_in, kernel.channels_out];
        Some(Self::Plain(Tensor::from_data(TensorData::new(values, shape), device)))
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        match self {
            Self::Plain(kernel) => [kernel.dims()[1], kernel.dims()[2]],
            Self::Packed(kernel) => [kernel.channels_in, kernel.channels_out],
        }
    }
}
