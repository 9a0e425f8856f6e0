//! Max pooling as an operation.

use burn::tensor::Tensor;

use super::frame::{Operation, apply};
use crate::{
    feature_map::FeatureMap,
    processor::{
        memory::Buffer,
        pooling::{self, Layout, Shape},
    },
};

fn shape(map: &FeatureMap, layout: Layout, leak: f32) -> Shape {
    let (images, channels) = (map.batch(), map.channels());
    Shape { height: map.height, width: map.width, images, channels, layout, leak }
}

fn pool<const D: usize>(map: FeatureMap, shape: Shape) -> Tensor<D> {
    let x = map.values.into_dispatch();
    Tensor::from_dispatch(apply(MaxPooling(shape), [x.clone(), x.clone(), x]))
}

/// 2×2 max pooling with stride 2, an odd last row or column dropped.
pub(crate) fn max_pool(map: FeatureMap) -> FeatureMap {
    let shape = shape(&map, Layout::Positions, 1.0);
    FeatureMap::new(pool(map, shape), shape.height / 2, shape.width / 2)
}

/// 2×2 max pooling, then LeakyReLU with slope `leak`, as one row per image in Keras' order (row, column,
/// channel): `[images, pooled positions · channels]`.
pub(crate) fn pool_into_rows(map: FeatureMap, leak: f64) -> Tensor<2> {
    let shape = shape(&map, Layout::Images, leak as f32);
    pool(map, shape)
}

#[derive(Debug)]
struct MaxPooling(Shape);

impl Operation for MaxPooling {
    fn forward(&self, [x, ..]: [&[f32]; 3], kept: Option<&mut Vec<Buffer>>) -> (Vec<f32>, Vec<usize>) {
        let (pooled, choice) = pooling::forward(&self.0, x);
        if let Some(kept) = kept {
            kept.push(choice);
        }
        (pooled, self.0.output())
    }

    fn backward(
        &self,
        _inputs: [&[f32]; 3],
        kept: &[Buffer],
        gradient: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let [choice] = kept else { return Default::default() };
        [pooling::backward(&self.0, choice, gradient), Vec::new(), Vec::new()]
    }
}
