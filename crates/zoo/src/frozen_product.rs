//! The products of transformed maps with a frozen, transformed kernel, one per position of the
//! transformed domain, and their gradient for the maps.
//!
//! On the processor the kernel is kept in the order in which the product reads it, once for the product
//! and once for its gradient, which multiplies with the transpose. Elsewhere the device's own product
//! does both.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, DispatchDevice, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind, unary},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    module::Module,
    tensor::{DType, Device, Shape, Tensor, TensorData},
};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;

use crate::processor::packed;

/// A transformed kernel `U`: `[positions, C_in, C_out]`.
#[derive(Module, Debug)]
pub enum FrozenKernel {
    /// As it is, for devices with products of their own.
    Plain(Tensor<3>),
    /// In panels, for the processor.
    Packed(PackedKernel),
}

/// A transformed kernel in the order in which products read it.
#[derive(Module, Debug)]
pub struct PackedKernel {
    channels_in: usize,
    channels_out: usize,
    /// `[positions, packed]`.
    forward: Tensor<2>,
    /// The transpose, for the maps' gradient; absent where nobody asks for it.
    backward: Option<Tensor<2>>,
}

impl FrozenKernel {
    /// From values `[positions, channels_in, channels_out]`. Without `gradient` maps count as constant.
    pub fn new(
        values: &[f32],
        [channels_in, channels_out]: [usize; 2],
        gradient: bool,
        device: &Device,
    ) -> Self {
        let size = channels_in * channels_out;
        let positions = values.len() / size;
        if !on_processor(device) {
            let data = TensorData::new(values.to_vec(), [positions, channels_in, channels_out]);
            return Self::Plain(Tensor::from_data(data, device));
        }
        let packed = |pack: fn(&[f32], usize, usize) -> Vec<f32>, inner, columns| {
            let panels: Vec<Vec<f32>> =
                values.par_chunks_exact(size).map(|matrix| pack(matrix, inner, columns)).collect();
            let data = TensorData::new(panels.concat(), [positions, packed::packed_values(inner, columns)]);
            Tensor::from_data(data, device)
        };
        Self::Packed(PackedKernel {
            channels_in,
            channels_out,
            forward: packed(packed::pack, channels_in, channels_out),
            backward: gradient.then(|| packed(packed::pack_transposed, channels_out, channels_in)),
        })
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        match self {
            Self::Plain(kernel) => [kernel.dims()[1], kernel.dims()[2]],
            Self::Packed(kernel) => [kernel.channels_in, kernel.channels_out],
        }
    }

    /// `[positions, rows, C_in]` → `[positions, rows, C_out]`.
    pub fn product(&self, maps: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Plain(kernel) => maps.matmul(kernel.clone()),
            Self::Packed(kernel) => {
                let forward = kernel.forward.clone();
                let (maps, backward) = match &kernel.backward {
                    Some(backward) => (maps, backward.clone()),
                    None => (maps.detach(), forward.clone()),
                };
                let channels = [kernel.channels_in, kernel.channels_out];
                Tensor::from_dispatch(<Dispatch as FrozenProduct>::frozen_product(
                    maps.into_dispatch(),
                    forward.into_dispatch(),
                    backward.into_dispatch(),
                    channels,
                ))
            }
        }
    }
}

/// Whether tensors on `device` lie in this processor's memory and are ours to read.
pub(crate) fn on_processor(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// The product with a packed kernel.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FrozenProduct: Backend {
    /// `maps` `[positions, rows, C_in]` times `forward`; `backward` is the packed transpose.
    fn frozen_product(
        maps: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        backward: FloatTensor<Self>,
        channels: [usize; 2],
    ) -> FloatTensor<Self>;
}

impl FrozenProduct for Flex {
    fn frozen_product(
        maps: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        _backward: FloatTensor<Self>,
        [inner, columns]: [usize; 2],
    ) -> FloatTensor<Self> {
        let (maps, forward) = (maps.to_contiguous(), forward.to_contiguous());
        let (positions, rows) = (maps.layout().shape()[0], maps.layout().shape()[1]);
        let shape = Shape::from(vec![positions, rows, columns]);
        let mut out = FlexTensor::empty(shape, DType::F32);
        let (maps, panels) = (values(&maps), values(&forward));
        out.storage_mut::<f32>()
            .par_chunks_exact_mut(rows * columns)
            .zip(maps.par_chunks_exact(rows * inner))
            .zip(panels.par_chunks_exact(packed::packed_values(inner, columns)))
            .for_each(|((out, maps), panels)| packed::multiply([inner, columns], maps, panels, out));
        out
    }
}

/// A contiguous tensor's values.
fn values(tensor: &FlexTensor) -> &[f32] {
    let layout: &Layout = tensor.layout();
    &tensor.storage::<f32>()[layout.start_offset()..][..layout.shape().num_elements()]
}

impl<B: FrozenProduct, C: CheckpointStrategy> FrozenProduct for Autodiff<B, C> {
    fn frozen_product(
        maps: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        backward: FloatTensor<Self>,
        channels: [usize; 2],
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gradient;

        impl<B: FrozenProduct> Backward<B, 1> for Gradient {
            type State = (FloatTensor<B>, FloatTensor<B>, [usize; 2]);

            fn backward(
                self,
                operation: Ops<Self::State, 1>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let (forward, backward, [channels_in, channels_out]) = operation.state;
                unary::<B, _>(operation.parents, operation.node, gradients, |gradient| {
                    B::frozen_product(gradient, backward, forward, [channels_out, channels_in])
                });
            }
        }

        let (forward, backward) = (forward.primitive().clone(), backward.primitive().clone());
        let product =
            B::frozen_product(maps.primitive().clone(), forward.clone(), backward.clone(), channels);
        match Gradient.prepare::<C>([maps.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((forward, backward, channels), product),
            OpsKind::UnTracked(prepared) => prepared.finish(product),
        }
    }
}
