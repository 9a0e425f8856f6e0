//! Batches: from feature records or decoded images to the tensors that enter the trained part.

use std::sync::Arc;

use burn::tensor::Device;
use ranklab_kernels::Calibration;
use ranklab_zoo::{UpperInput, preprocess};

use crate::{Error, feature_cache::FeatureCache};

/// Where batches come from.
#[derive(Debug)]
pub(crate) enum Input {
    /// The frozen trunk's features.
    Features {
        /// The records.
        features: FeatureCache,
        /// The frozen products of the convolution above the cut, where they are of use.
        frozen: Option<FeatureCache>,
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
    /// The calibration of the trunk that made the features, where it has one.
    pub(crate) fn calibration(&self) -> Option<&Calibration> {
        match self {
            Self::Features { features, .. } => features.calibration(),
            Self::Images { .. } => None,
        }
    }

    /// The batch of the given images, position-major.
    ///
    /// # Errors
    /// When the features cannot be read any more.
    pub(crate) fn batch(&self, indices: &[usize], device: &Device) -> Result<UpperInput, Error> {
        match self {
            Self::Features { features, frozen } => Ok(UpperInput {
                map: features.map(indices, device)?,
                frozen: frozen.as_ref().map(|frozen| frozen.gather(indices)).transpose()?.map(Arc::new),
            }),
            Self::Images { rgb, size } => {
                let bytes = size * size * 3;
                let mut batch = Vec::with_capacity(indices.len() * bytes);
                for &image in indices {
                    batch.extend_from_slice(&rgb[image * bytes..][..bytes]);
                }
                Ok(preprocess(&batch, indices.len(), *size, device).into())
            }
        }
    }
}
