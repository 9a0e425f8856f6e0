//! From the setting of a precision to frozen products: those of the trunk, with the images that it is calibrated on, and
//! those above the cut.

use ranklab_kernels::{Calibration, Precision as TrunkPrecision, Products, Rounding};
use ranklab_settings::Precision;
use ranklab_zoo::{Cut, ProcessorTrunk, weights::TrunkWeights};

use crate::{Error, images::ImageLoader};

/// Training images that a trunk is calibrated on, at most.
const CALIBRATED_ON: usize = 256;
/// Images that are calibrated on at once.
const AT_ONCE: usize = 32;

/// How the trunk below the cut multiplies.
const fn of_trunk(precision: Precision) -> TrunkPrecision {
    match precision {
        Precision::F32 => TrunkPrecision::F32,
        Precision::Bf16 => TrunkPrecision::Bf16,
        Precision::Int16 => TrunkPrecision::Int16,
        Precision::Int8 => TrunkPrecision::Int8,
    }
}

/// Whether the scales of a precision come from images.
pub(crate) const fn is_calibrated(precision: Precision) -> bool {
    of_trunk(precision).needs_calibration()
}

/// The images that a trunk is calibrated on, by their place in the set: evenly spaced among the training images, the same
/// in whatever order those are given.
pub(crate) fn calibration_images(train: &[usize]) -> Vec<usize> {
    let mut sorted = train.to_vec();
    sorted.sort_unstable();
    let count = sorted.len().min(CALIBRATED_ON);
    (0..count).map(|place| sorted[place * sorted.len() / count]).collect()
}

/// The calibration of the trunk below `cut` on some images of the set.
///
/// # Errors
/// When an image cannot be read.
pub(crate) fn calibrate(
    weights: &TrunkWeights,
    cut: Cut,
    images: &dyn ImageLoader,
    indices: &[usize],
) -> Result<Calibration, Error> {
    let trunk = ProcessorTrunk::new(weights, cut, images.size());
    let mut calibration = Calibration::default();
    for some in indices.chunks(AT_ONCE) {
        let rgb = images.load(some).map_err(Error::Images)?;
        calibration = calibration.merged(&trunk.calibrate(&rgb));
    }
    Ok(calibration)
}

/// How frozen convolutions above the cut multiply.
pub(crate) const fn products(precision: Precision) -> Products {
    match precision {
        Precision::F32 | Precision::Bf16 => Products::F32,
        Precision::Int16 | Precision::Int8 => Products::Int16,
    }
}

/// What the trunk's products take.
///
/// # Errors
/// When the precision needs a calibration and there is none.
pub(crate) fn rounding(
    precision: Precision,
    calibration: Option<&Calibration>,
) -> Result<Rounding<&Calibration>, Error> {
    Rounding::new(of_trunk(precision), calibration).ok_or_else(|| {
        Error::Setting(format!("precision={} needs a calibration, and there is none", precision.name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_images_are_training_images_evenly_spaced_in_any_order() {
        let train: Vec<usize> = (0..1000).map(|place| 3 * place + 1).collect();
        let chosen = calibration_images(&train);
        assert_eq!(chosen.len(), CALIBRATED_ON);
        assert!(chosen.iter().all(|image| train.contains(image)));
        assert!(chosen.windows(2).all(|pair| (9..=12).contains(&(pair[1] - pair[0]))));
        let reversed: Vec<usize> = train.iter().rev().copied().collect();
        assert_eq!(calibration_images(&reversed), chosen);
        assert_eq!(calibration_images(&[5, 2]), [2, 5]);
        assert!(calibration_images(&[]).is_empty());
    }
}
