//! The frame that makes a computation on slices a burn operation on tensors of burn-flex, differentiable once.

use std::{
    fmt::Debug,
    sync::{Arc, OnceLock},
};

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
    tensor::TensorData,
};
use burn_flex::FlexTensor;

use crate::processor::memory::Buffer;

/// What an operation computes from up to three tensors, all contiguous.
pub(crate) trait Operation: Debug + Send + Sync {
    /// The output and its dimensions. What [`Operation::backward`] wants to find again goes to `kept`, if
    /// there will be a backward pass.
    fn forward(&self, inputs: [&[f32]; 3], kept: Option<&mut Vec<Buffer>>) -> (Vec<f32>, Vec<usize>);

    /// The inputs' gradients from the output's; empty ones count as absent.
    fn backward(
        &self,
        inputs: [&[f32]; 3],
        kept: &[Buffer],
        gradient: &[f32],
        wanted: [bool; 3],
    ) -> [Vec<f32>; 3];
}

/// One use of an operation, from its forward to its backward pass.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    operation: Arc<dyn Operation>,
    /// Present where there will be a backward pass.
    kept: Option<Arc<OnceLock<Vec<Buffer>>>>,
}

/// Applies an operation. Inputs that it has no use for may be anything.
pub(crate) fn apply(
    operation: impl Operation + 'static,
    inputs: [FloatTensor<Dispatch>; 3],
) -> FloatTensor<Dispatch> {
    let [first, second, third] = inputs;
    let call = Call { operation: Arc::new(operation), kept: None };
    <Dispatch as OwnOperations>::own_operation(first, second, third, call)
}

/// Operations on each backend that has them.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait OwnOperations: Backend {
    /// The output of `call` on three inputs.
    fn own_operation(
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        third: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self>;
}

/// Their backward passes.
trait OwnGradients: OwnOperations {
    fn own_gradients(
        inputs: [FloatTensor<Self>; 3],
        call: Call,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// A contiguous tensor's values.
fn values(tensor: &FlexTensor) -> &[f32] {
    let layout = tensor.layout();
    &tensor.storage::<f32>()[layout.start_offset()..][..layout.shape().num_elements()]
}

fn tensor(values: Vec<f32>, dimensions: Vec<usize>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dimensions))
}

impl OwnOperations for Flex {
    fn own_operation(
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        third: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        let inputs = [first, second, third].map(|tensor| tensor.to_contiguous());
        let inputs = std::array::from_fn(|place| values(&inputs[place]));
        let (output, dimensions) = match call.kept {
            None => call.operation.forward(inputs, None),
            Some(keep) => {
                let mut kept = Vec::new();
                let output = call.operation.forward(inputs, Some(&mut kept));
                // A call goes forward once.
                let _ = keep.set(kept);
                output
            }
        };
        tensor(output, dimensions)
    }
}

impl OwnGradients for Flex {
    fn own_gradients(
        inputs: [FloatTensor<Self>; 3],
        call: Call,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let dimensions = inputs.clone().map(|tensor| tensor.layout().shape().to_vec());
        let inputs = inputs.map(|tensor| tensor.to_contiguous());
        let inputs = std::array::from_fn(|place| values(&inputs[place]));
        let kept = call.kept.as_ref().and_then(|kept| kept.get()).map(Vec::as_slice).unwrap_or_default();
        let gradient = gradient.to_contiguous();
        let gradients = call.operation.backward(inputs, kept, values(&gradient), wanted);
        let mut dimensions = dimensions.into_iter();
        gradients.map(|values| {
            let dimensions = dimensions.next().unwrap_or_default();
            (!values.is_empty()).then(|| tensor(values, dimensions))
        })
    }
}

impl<B: OwnGradients, C: CheckpointStrategy> OwnOperations for Autodiff<B, C> {
    fn own_operation(
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        third: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gradient;

        impl<B: OwnGradients> Backward<B, 3> for Gradient {
            type State = ([FloatTensor<B>; 3], Call);

            fn backward(
                self,
                operation: Ops<Self::State, 3>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = gradients.consume::<B>(&operation.node);
                let parents: [Option<NodeId>; 3] = operation.parents.map(|parent| parent.map(|node| node.id));
                let (inputs, call) = operation.state;
                let wanted = std::array::from_fn(|place| parents[place].is_some());
                let found = B::own_gradients(inputs, call, gradient, wanted);
                for (parent, gradient) in parents.into_iter().zip(found) {
                    if let (Some(parent), Some(gradient)) = (parent, gradient) {
                        gradients.register::<B>(parent, gradient);
                    }
                }
            }
        }

        let nodes = [first.node(), second.node(), third.node()];
        let inputs = [first, second, third].map(|tensor| tensor.primitive().clone());
        let [first, second, third] = inputs.clone();
        match Gradient.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let call = Call { kept: Some(Arc::default()), ..call };
                let output = B::own_operation(first, second, third, call.clone());
                prepared.finish((inputs, call), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::own_operation(first, second, third, call)),
        }
    }
}
