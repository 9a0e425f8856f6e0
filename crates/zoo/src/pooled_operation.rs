//! model_4's trained convolution with its pooling as an operation of burn's: computed by
//! [`crate::processor`] on burn-flex, and differentiable.

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
    operation::values,
    processor::trained::{self, Shape},
};

/// The trained convolution of `map` with `weight` `[4 · C_in, C_out]` and `bias` `[C_out]`, and 2×2 max
/// pooling of it.
pub(crate) fn convolve_and_pool(map: FeatureMap, weight: Tensor<2>, bias: Tensor<1>) -> FeatureMap {
    let shape = Shape {
        height: map.height,
        width: map.width,
        images: map.batch(),
        channels_in: map.channels(),
        channels_out: bias.dims()[0],
    };
    let [height, width] = shape.pooled();
    let (pooled, _) = <Dispatch as PooledConvolution>::pooled_convolution(
        map.values.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    );
    FeatureMap::new(Tensor::from_dispatch(pooled), height, width)
}

/// The operation on each backend that has it.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait PooledConvolution: Backend {
    /// The pooled output `[pooled positions, images, C_out]`, and which of each window's values it is.
    fn pooled_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// What the backward pass keeps of one call.
#[derive(Clone, Debug)]
struct Call<T> {
    x: T,
    weight: T,
    choice: T,
    shape: Shape,
}

/// Gradients of one call, in the order of its parents: input, weight, bias.
trait PooledGradients: PooledConvolution {
    fn gradients(
        call: Call<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        with_input: bool,
    ) -> [Option<FloatTensor<Self>>; 3];
}

impl PooledConvolution for Flex {
    fn pooled_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.to_contiguous());
        let sizes = vec![shape.pooled().iter().product(), shape.images, shape.channels_out];
        let mut pooled = FlexTensor::empty(sizes.clone().into(), DType::F32);
        let mut choice = FlexTensor::empty(sizes.into(), DType::F32);
        trained::forward(
            &shape,
            values(&x),
            values(&weight),
            values(&bias),
            pooled.storage_mut(),
            choice.storage_mut(),
        );
        (pooled, choice)
    }
}

impl PooledGradients for Flex {
    fn gradients(
        call: Call<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        with_input: bool,
    ) -> [Option<FloatTensor<Self>>; 3] {
        let Call { x, weight, choice, shape } = call;
        let [x, weight, gradient] = [x, weight, gradient].map(|tensor| tensor.to_contiguous());
        let found = trained::backward(
            &shape,
            values(&x),
            values(&weight),
            values(&choice),
            values(&gradient),
            with_input,
        );
        let tensor =
            |values: Vec<f32>, shape: Vec<usize>| FlexTensor::from_data(TensorData::new(values, shape));
        let sizes = |tensor: &FlexTensor| tensor.layout().shape().to_vec();
        [
            with_input.then(|| tensor(found.input, sizes(&x))),
            Some(tensor(found.weight, sizes(&weight))),
            Some(tensor(found.bias, vec![shape.channels_out])),
        ]
    }
}

impl<B: PooledGradients, C: CheckpointStrategy> PooledConvolution for Autodiff<B, C> {
    fn pooled_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: Shape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Gradient;

        impl<B: PooledGradients> Backward<B, 3> for Gradient {
            type State = Call<FloatTensor<B>>;

            fn backward(
                self,
                operation: Ops<Self::State, 3>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = gradients.consume::<B>(&operation.node);
                let parents: [Option<NodeId>; 3] = operation.parents.map(|parent| parent.map(|node| node.id));
                let found = B::gradients(operation.state, gradient, parents[0].is_some());
                for (parent, gradient) in parents.into_iter().zip(found) {
                    if let (Some(parent), Some(gradient)) = (parent, gradient) {
                        gradients.register::<B>(parent, gradient);
                    }
                }
            }
        }

        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.primitive().clone());
        let (pooled, choice) = B::pooled_convolution(x.clone(), weight.clone(), bias, shape);
        let pooled = match Gradient.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish(Call { x, weight, choice: choice.clone(), shape }, pooled)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(pooled),
        };
        (pooled, Self::FloatTensorPrimitive::new(choice))
    }
}
