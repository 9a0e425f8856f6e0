//! The adapted convolution as an operation of burn's: computed by [`crate::processor`] on burn-flex, and
//! differentiable.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            NodeId,
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::{DType, Tensor, TensorData},
};
use burn_flex::FlexTensor;

use crate::{
    feature_map::FeatureMap,
    frozen_kernel::PackedKernel,
    processor::adapted::{self, Kernels, Shape},
};

/// The adapters of one convolution side by side, filled up to a common rank.
pub(crate) struct StackedFactors {
    /// `[adapters, 9, C_in, rank]`.
    pub(crate) down: Tensor<4>,
    /// Scaled: `[adapters, rank, C_out]`.
    pub(crate) up: Tensor<3>,
}

/// The frozen convolution of `map`, which holds batches of `images`, with `bias` added: alone, or with
/// adapters, one per batch or all on the same one. Where not `frozen`, the adapters' part alone.
pub(crate) fn convolve(
    kernel: &PackedKernel,
    bias: Tensor<1>,
    map: FeatureMap,
    factors: Option<StackedFactors>,
    images: usize,
    frozen: bool,
) -> FeatureMap {
    let (height, width) = (map.height, map.width);
    let [adapters, rank] =
        factors.as_ref().map_or([0, 0], |factors| [factors.up.dims()[0], factors.up.dims()[1]]);
    let shape = Shape {
        height,
        width,
        images,
        given: map.batch() / images,
        adapters,
        channels_in: kernel.channels_in,
        channels_out: kernel.channels_out,
        rank,
        frozen,
        input_gradient: false,
    };
    // Without the transpose nothing below is trained, nor where one input serves several adapters.
    let input_gradient = kernel.backward.is_some() && shape.given == shape.taken();
    let x = if input_gradient { map.values } else { map.values.detach() };
    let backward = kernel.backward.as_ref().unwrap_or(&kernel.forward).clone();
    let absent = bias.clone().detach();
    let (down, up) = match factors {
        Some(factors) => (factors.down.into_dispatch(), factors.up.into_dispatch()),
        None => (absent.clone().into_dispatch(), absent.into_dispatch()),
    };
    let (y, _) = <Dispatch as AdaptedConvolution>::adapted_convolution(
        x.into_dispatch(),
        down,
        up,
        kernel.forward.clone().into_dispatch(),
        backward.into_dispatch(),
        bias.into_dispatch(),
        Shape { input_gradient, ..shape },
    );
    FeatureMap::new(Tensor::from_dispatch(y), height, width)
}

/// The operation on each backend that has it.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait AdaptedConvolution: Backend {
    /// `x` `[positions, given · images, C_in]`; the factors as in [`StackedFactors`]; `forward` and
    /// `backward` the packed kernel and its transpose; `bias` `[C_out]`. Returns the output and what A
    /// makes of the input, `[positions, adapters · images, rank]`.
    fn adapted_convolution(
        x: FloatTensor<Self>,
        down: FloatTensor<Self>,
        up: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        backward: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// What the backward pass keeps of one call.
#[derive(Clone, Debug)]
struct Call<T> {
    x: T,
    down: T,
    up: T,
    forward: T,
    backward: T,
    bias: T,
    low_rank: T,
    shape: Shape,
}

/// Gradients of one call, in the order of its parents: input, down, up.
trait AdaptedGradients: AdaptedConvolution {
    fn gradients(
        call: Call<FloatTensor<Self>>,
        y_gradient: FloatTensor<Self>,
        with_input: bool,
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// A contiguous tensor's values.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let layout = tensor.layout();
    &tensor.storage::<f32>()[layout.start_offset()..][..layout.shape().num_elements()]
}

impl AdaptedConvolution for Flex {
    fn adapted_convolution(
        x: FloatTensor<Self>,
        down: FloatTensor<Self>,
        up: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        backward: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, down, up, bias] = [x, down, up, bias].map(|tensor| tensor.to_contiguous());
        let kernels = Kernels {
            forward: values(&forward),
            backward: values(&backward),
            bias: values(&bias),
            down: values(&down),
            up: values(&up),
        };
        let sizes = vec![shape.positions(), shape.taken() * shape.images, shape.channels_out];
        let mut y = FlexTensor::empty(sizes.into(), DType::F32);
        let sizes = vec![shape.positions(), shape.adapters * shape.images, shape.rank];
        let mut low_rank = FlexTensor::empty(sizes.into(), DType::F32);
        adapted::forward(&shape, &kernels, values(&x), y.storage_mut(), low_rank.storage_mut());
        (y, low_rank)
    }
}

impl AdaptedGradients for Flex {
    fn gradients(
        call: Call<FloatTensor<Self>>,
        y_gradient: FloatTensor<Self>,
        with_input: bool,
    ) -> [Option<FloatTensor<Self>>; 3] {
        let Call { x, down, up, forward, backward, bias, low_rank, shape } = call;
        let [x, down, up, y_gradient] = [x, down, up, y_gradient].map(|tensor| tensor.to_contiguous());
        let kernels = Kernels {
            forward: values(&forward),
            backward: values(&backward),
            bias: values(&bias),
            down: values(&down),
            up: values(&up),
        };
        let low_rank = values(&low_rank);
        let gradients =
            adapted::backward(&shape, &kernels, values(&x), low_rank, values(&y_gradient), with_input);
        let like = |tensor: &FlexTensor, values: Vec<f32>| {
            FlexTensor::from_data(TensorData::new(values, tensor.layout().shape().clone()))
        };
        let factors = shape.adapters > 0;
        [
            with_input.then(|| like(&x, gradients.input)),
            factors.then(|| like(&down, gradients.down)),
            factors.then(|| like(&up, gradients.up)),
        ]
    }
}

impl<B: AdaptedGradients, C: CheckpointStrategy> AdaptedConvolution for Autodiff<B, C> {
    fn adapted_convolution(
        x: FloatTensor<Self>,
        down: FloatTensor<Self>,
        up: FloatTensor<Self>,
        forward: FloatTensor<Self>,
        backward: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Gradient;

        impl<B: AdaptedGradients> Backward<B, 3> for Gradient {
            type State = Call<FloatTensor<B>>;

            fn backward(
                self,
                operation: Ops<Self::State, 3>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let y_gradient = gradients.consume::<B>(&operation.node);
                let parents: [Option<NodeId>; 3] = operation.parents.map(|parent| parent.map(|node| node.id));
                let with_input = parents[0].is_some() && operation.state.shape.input_gradient;
                let found = B::gradients(operation.state, y_gradient, with_input);
                for (parent, gradient) in parents.into_iter().zip(found) {
                    if let (Some(parent), Some(gradient)) = (parent, gradient) {
                        gradients.register::<B>(parent, gradient);
                    }
                }
            }
        }

        let nodes = [x.node(), down.node(), up.node()];
        let [x, down, up, forward, backward, bias] =
            [x, down, up, forward, backward, bias].map(|tensor| tensor.primitive().clone());
        let (y, low_rank) = B::adapted_convolution(
            x.clone(),
            down.clone(),
            up.clone(),
            forward.clone(),
            backward.clone(),
            bias.clone(),
            shape,
        );
        let y = match Gradient.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let low_rank = low_rank.clone();
                prepared.finish(Call { x, down, up, forward, backward, bias, low_rank, shape }, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        };
        (y, Self::FloatTensorPrimitive::new(low_rank))
    }
}
