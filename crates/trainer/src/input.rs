//! Batches: from feature records or decoded images to the tensors that enter the trained part.

use burn::tensor::{Device, Tensor, TensorData};
use ranklab_zoo::{FeatureMap, preprocess};

use crate::features::Features;

/// Where batches come from.
#[derive(Debug)]
pub(crate) enum Input {
    /// The frozen trunk's features.
    Features {
        /// The records.
        features: Features,
        /// Height, width and channels of a record.
        shape: [usize; 3],
    },
    /// Decoded images, for a network that is trained from its first convolution on.
    Images {
        /// RGB bytes `[images, size, size, 3]`.
        rgb: Vec<u8>,
        /// Side in pixels.
        size: usize,
    },
}

impl Input {
    /// The batch of the given images, position-major.
    pub(crate) fn batch(&self, indices: &[usize], device: &Device) -> FeatureMap {
        match self {
            Self::Features { features, shape: [height, width, channels] } => {
                let (positions, images) = (height * width, indices.len());
                let mut values = vec![0.0; positions * images * channels];
                for (place, &image) in indices.iter().enumerate() {
                    for (position, source) in features.record(image).chunks_exact(*channels).enumerate() {
                        values[(position * images + place) * channels..][..*channels].copy_from_slice(source);
                    }
                }
                let data = TensorData::new(values, [positions, images, *channels]);
                FeatureMap::new(Tensor::from_data(data, device), *height, *width)
            }
            Self::Images { rgb, size } => {
                let bytes = size * size * 3;
                let mut batch = Vec::with_capacity(indices.len() * bytes);
                for &image in indices {
                    batch.extend_from_slice(&rgb[image * bytes..][..bytes]);
                }
                preprocess(&batch, indices.len(), *size, device)
            }
        }
    }
}
