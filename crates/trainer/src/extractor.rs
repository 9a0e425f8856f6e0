//! The frozen trunk in the form that is fastest on its device.

use burn::tensor::Device;
use ranklab_kernels::{Calibration, on_processor};
use ranklab_settings::Precision;
use ranklab_zoo::{Cut, ProcessorTrunk, Trunk, preprocess, weights::TrunkWeights};

use crate::{Error, precision::rounding};

/// Images that pass a device's trunk at once.
const DEVICE_BATCH: usize = 64;

/// The trunk in the form that is fastest on its device.
pub(crate) enum Extractor {
    Processor(ProcessorTrunk),
    Tensors(Trunk, Device, usize),
}

impl Extractor {
    /// The trunk below `cut` for square images of `size` pixels.
    ///
    /// # Errors
    /// When the precision needs a calibration that covers the trunk and has none, or the device has no such precision.
    pub(crate) fn new(
        weights: &TrunkWeights,
        cut: Cut,
        size: usize,
        device: &Device,
        (precision, calibration): (Precision, Option<&Calibration>),
    ) -> Result<Self, Error> {
        if !on_processor(device) {
            return match precision {
                Precision::F32 => {
                    Ok(Self::Tensors(Trunk::new(weights, cut, size, device), device.clone(), size))
                }
                other => Err(Error::Setting(format!(
                    "precision={} is computed on device=flex alone; give device=flex",
                    other.name()
                ))),
            };
        }
        let trunk = ProcessorTrunk::rounded(weights, cut, size, rounding(precision, calibration)?);
        Ok(Self::Processor(trunk.map_err(|problem| Error::Setting(problem.to_string()))?))
    }

    /// Images that keep the device busy.
    pub(crate) fn images_at_once(&self) -> usize {
        match self {
            Self::Processor(_) => ProcessorTrunk::images_at_once(),
            Self::Tensors(..) => DEVICE_BATCH,
        }
    }

    /// One record `[positions, channels]` per image.
    pub(crate) fn records(&self, rgb: &[u8], images: usize) -> Result<Vec<f32>, Error> {
        match self {
            Self::Processor(trunk) => Ok(trunk.forward(rgb)),
            Self::Tensors(trunk, device, size) => {
                let map = trunk.forward(preprocess(rgb, images, *size, device));
                let data = map.values.swap_dims(0, 1).into_data();
                data.try_to_vec().map_err(|problem| Error::Device(format!("{problem:?}")))
            }
        }
    }

    /// Frees the working memory that the processor's trunk keeps for its next images.
    pub(crate) fn release_memory(&self) {
        if let Self::Processor(_) = self {
            ProcessorTrunk::release_memory();
        }
    }
}
