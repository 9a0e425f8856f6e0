//! 2×2 max pooling of feature maps on any device.

use burn::tensor::{Tensor, activation::leaky_relu, s};

use crate::{device::on_processor, differentiable, feature_map::FeatureMap};

impl FeatureMap {
    /// 2×2 max pooling with stride 2; an odd last row or column is dropped, as Keras does.
    #[must_use]
    pub fn max_pool(self) -> Self {
        if on_processor(&self.values.device()) {
            differentiable::max_pool(self)
        } else {
            self.max_pool_with_tensors()
        }
    }

    /// 2×2 max pooling followed by a LeakyReLU with slope `leak`, as one row per image in Keras' order (row, column,
    /// channel): `[batch, pooled positions · channels]`.
    pub fn pool_into_rows(self, leak: f64) -> Tensor<2> {
        if on_processor(&self.values.device()) {
            differentiable::pool_into_rows(self, leak)
        } else {
            self.max_pool_with_tensors().map(|values| leaky_relu(values, leak)).flatten()
        }
    }

    fn max_pool_with_tensors(self) -> Self {
        let (batch, channels) = (self.batch(), self.channels());
        let (height, width) = (self.height / 2, self.width / 2);
        let inner = batch * channels;
        let grid =
            self.values.reshape([self.height, self.width, inner]).slice(s![0..2 * height, 0..2 * width, ..]);
        let rows = grid.reshape([height, 2, 2 * width * inner]);
        let rows = rows.clone().slice(s![.., 0..1, ..]).max_pair(rows.slice(s![.., 1..2, ..]));
        let columns = rows.reshape([height * width, 2, inner]);
        let pooled = columns.clone().slice(s![.., 0..1, ..]).max_pair(columns.slice(s![.., 1..2, ..]));
        Self::new(pooled.reshape([height * width, batch, channels]), height, width)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    use super::*;
    use crate::randomness::Randomness;

    #[test]
    fn pooling_takes_the_largest_of_each_two_by_two_window_and_drops_an_odd_edge() {
        // Two images, one channel, 3 rows of 4: image 1 is the negative of image 0.
        let values: Vec<f32> = (0..12).flat_map(|value| [value as f32, -(value as f32)]).collect();
        let tensor = Tensor::from_data(TensorData::new(values, [12, 2, 1]), &Device::flex());
        let pooled = FeatureMap::new(tensor, 3, 4).max_pool();
        assert_eq!((pooled.height, pooled.width), (1, 2));
        let found: Vec<f32> = pooled.values.into_data().try_to_vec().unwrap();
        assert_eq!(found, [5.0, 0.0, 7.0, -2.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pooling_on_the_processor_and_its_gradient_are_those_of_the_tensors(
            height in 2usize..9, width in 2usize..9, images in 1usize..5, channels in 1usize..40,
            seed in 0u64..1000,
        ) {
            let device = Device::flex().autodiff();
            let mut randomness = Randomness::new(seed, 0);
            let shape = [height * width, images, channels];
            let x = randomness.normal(shape.iter().product(), 1.0);
            let towards = randomness.normal((height / 2) * (width / 2) * images * channels, 1.0);
            let run = |pooled: &dyn Fn(FeatureMap) -> Tensor<2>| {
                let x = Tensor::<3>::from_data(TensorData::new(x.clone(), shape), &device).require_grad();
                let y = pooled(FeatureMap::new(x.clone(), height, width));
                let towards = Tensor::from_data(TensorData::new(towards.clone(), y.dims()), &device);
                let gradients = (y.clone() * towards).sum().backward();
                let read = |values: TensorData| values.try_to_vec::<f32>().unwrap();
                (read(y.into_data()), read(x.grad(&gradients).unwrap().into_data()))
            };
            prop_assert_eq!(
                run(&|map| map.max_pool().flatten()),
                run(&|map| map.max_pool_with_tensors().flatten())
            );
            prop_assert_eq!(
                run(&|map| map.pool_into_rows(0.1)),
                run(&|map| map.max_pool_with_tensors().map(|values| leaky_relu(values, 0.1)).flatten())
            );
        }
    }
}
