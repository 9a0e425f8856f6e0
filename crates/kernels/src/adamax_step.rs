//! One step of Adamax for one parameter: a single pass over its values on the processor, tensors
//! elsewhere.

use burn::{
    backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};
use burn_flex::FlexTensor;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::device::on_processor;

/// Values that one task takes.
const VALUES_PER_TASK: usize = 1 << 14;

/// The constants of a step of Adamax.
#[derive(Clone, Copy, Debug)]
pub struct AdamaxConstants {
    /// Decay of the first moment.
    pub beta_1: f32,
    /// Decay of the infinity norm.
    pub beta_2: f32,
    /// Keeps the division defined.
    pub epsilon: f32,
    /// Learning rate over the first moment's bias.
    pub rate: f32,
}

/// The parameter, its moment and its norm after a step of Adamax.
pub fn adamax_step<const D: usize>(
    constants: AdamaxConstants,
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moment: Tensor<D>,
    norm: Tensor<D>,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    if on_processor(&parameter.device()) {
        let tensors = [parameter, gradient, moment, norm].map(Tensor::into_dispatch);
        let [parameter, gradient, moment, norm] = tensors;
        let (parameter, moment, norm) =
            <Dispatch as AdamaxStep>::adamax_step(parameter, gradient, moment, norm, constants);
        let [parameter, moment, norm] = [parameter, moment, norm].map(Tensor::from_dispatch);
        return (parameter, moment, norm);
    }
    let AdamaxConstants { beta_1, beta_2, epsilon, rate } = constants;
    let magnitude = gradient.clone().abs().add_scalar(epsilon);
    let moment = moment.mul_scalar(beta_1) + gradient.mul_scalar(1.0 - beta_1);
    let norm = norm.mul_scalar(beta_2).max_pair(magnitude);
    let change = (moment.clone() / norm.clone()).mul_scalar(rate);
    (parameter - change, moment, norm)
}

/// The step on the backend that has it.
#[backend_extension(Flex)]
pub(crate) trait AdamaxStep: Backend {
    /// Parameter, moment and norm, all changed in place where they are not shared.
    fn adamax_step(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment: FloatTensor<Self>,
        norm: FloatTensor<Self>,
        constants: AdamaxConstants,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// A tensor whose values are all of its memory, in order.
fn whole(tensor: FlexTensor) -> FlexTensor {
    let values = tensor.layout().shape().num_elements();
    let is_whole = tensor.is_contiguous()
        && tensor.layout().start_offset() == 0
        && tensor.storage::<f32>().len() == values;
    if is_whole { tensor } else { FlexTensor::from_data(tensor.into_data()) }
}

impl AdamaxStep for Flex {
    fn adamax_step(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment: FloatTensor<Self>,
        norm: FloatTensor<Self>,
        constants: AdamaxConstants,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [mut parameter, gradient, mut moment, mut norm] = [parameter, gradient, moment, norm].map(whole);
        let gradients = gradient.storage::<f32>().par_chunks(VALUES_PER_TASK);
        let parameters = parameter.storage_mut::<f32>().par_chunks_mut(VALUES_PER_TASK);
        let moments = moment.storage_mut::<f32>().par_chunks_mut(VALUES_PER_TASK);
        let norms = norm.storage_mut::<f32>().par_chunks_mut(VALUES_PER_TASK);
        parameters.zip(gradients).zip(moments.zip(norms)).for_each(
            |((parameters, gradients), (moments, norms))| {
                pulp::Arch::new().dispatch(Pass { constants, parameters, gradients, moments, norms });
            },
        );
        (parameter, moment, norm)
    }
}

struct Pass<'a> {
    constants: AdamaxConstants,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    moments: &'a mut [f32],
    norms: &'a mut [f32],
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let AdamaxConstants { beta_1, beta_2, epsilon, rate } = self.constants;
        let values = self.parameters.iter_mut().zip(self.gradients);
        let states = self.moments.iter_mut().zip(self.norms);
        for ((parameter, gradient), (moment, norm)) in values.zip(states) {
            *moment = *moment * beta_1 + gradient * (1.0 - beta_1);
            *norm = (*norm * beta_2).max(gradient.abs() + epsilon);
            *parameter -= *moment / *norm * rate;
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_step_is_adamax_and_leaves_what_others_hold(
            values in prop::collection::vec(prop::array::uniform4(-9.0f32..9.0), 1..70),
        ) {
            let constants = AdamaxConstants { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, rate: 0.05 };
            // Parameter, gradient, moment and norm, which is never negative.
            let column = |place: usize| -> Vec<f32> {
                values.iter().map(|values| if place == 3 { values[3].abs() } else { values[place] }).collect()
            };
            let tensor = |place| {
                Tensor::<1>::from_data(TensorData::new(column(place), [values.len()]), &Device::flex())
            };
            let parameter = tensor(0);
            let held = parameter.clone();
            let found = adamax_step(constants, parameter, tensor(1), tensor(2), tensor(3));
            let read = |tensor: Tensor<1>| tensor.into_data().try_to_vec::<f32>().unwrap();
            let found = (read(found.0), read(found.1), read(found.2));
            for (place, &[parameter, gradient, moment, norm]) in values.iter().enumerate() {
                let moment = 0.9 * moment + 0.1 * gradient;
                let norm = (0.999 * norm.abs()).max(gradient.abs() + 1e-8);
                prop_assert!((found.1[place] - moment).abs() < 1e-5);
                prop_assert!((found.2[place] - norm).abs() < 1e-5);
                let after = parameter - 0.05 * moment / norm;
                prop_assert!((found.0[place] - after).abs() < 1e-3 * (1.0 + after.abs()));
            }
            prop_assert_eq!(read(held), column(0));
        }
    }
}
