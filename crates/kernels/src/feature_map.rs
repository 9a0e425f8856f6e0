//! Position-major feature maps: `[height · width, batch, channels]`.

use burn::tensor::{Tensor, s};

/// A batch of feature maps, stored position by position.
///
/// Position-major storage lets a frozen convolution and its adapter run as plain matrix products
/// without permuting anything; see [`crate::TileTransform`].
#[derive(Clone, Debug)]
pub struct FeatureMap {
    /// `[height · width, batch, channels]`.
    pub values: Tensor<3>,
    /// Rows of positions.
    pub height: usize,
    /// Columns of positions.
    pub width: usize,
}

impl FeatureMap {
    /// Wraps values of shape `[height · width, batch, channels]`.
    pub fn new(values: Tensor<3>, height: usize, width: usize) -> Self {
        Self { values, height, width }
    }

    /// Images in the batch.
    pub fn batch(&self) -> usize {
        self.values.dims()[1]
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.values.dims()[2]
    }

    /// Applies an element-wise function.
    #[must_use]
    pub fn map(self, function: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        Self { values: function(self.values), ..self }
    }

    /// The images of part number `place` where every part holds `images`, or all where there is no more
    /// than one part.
    #[must_use]
    pub fn part(&self, place: usize, images: usize) -> Self {
        let (height, width) = (self.height, self.width);
        if self.batch() == images {
            return self.clone();
        }
        let range = place * images..(place + 1) * images;
        Self::new(self.values.clone().slice(s![.., range, ..]), height, width)
    }

    /// One row per image in Keras' order (row, column, channel): `[batch, height · width · channels]`.
    pub fn flatten(self) -> Tensor<2> {
        let features = self.height * self.width * self.channels();
        let batch = self.batch();
        self.values.swap_dims(0, 1).reshape([batch, features])
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn flattening_keeps_each_image_together_in_row_column_channel_order() {
        let values: Vec<f32> = (0..8).map(|value| value as f32).collect();
        // Two positions, two images, two channels.
        let tensor = Tensor::from_data(TensorData::new(values, [2, 2, 2]), &Device::flex());
        let flat = FeatureMap::new(tensor, 1, 2).flatten();
        let found: Vec<f32> = flat.into_data().try_to_vec().unwrap();
        assert_eq!(found, [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
    }
}
