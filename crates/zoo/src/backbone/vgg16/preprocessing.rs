//! RGB bytes to VGG16's input: BGR, channel means subtracted, not scaled, as
//! `keras.applications.vgg16.preprocess_input` does it.

use burn::tensor::{Device, Tensor, TensorData};
use ranklab_kernels::FeatureMap;

use super::shape::VGG16;

/// Turns RGB bytes `[images, size, size, 3]` into VGG16's input as a position-major map.
pub fn preprocess(rgb: &[u8], images: usize, size: usize, device: &Device) -> FeatureMap {
    let positions = size * size;
    let mut values = vec![0.0; positions * images * 3];
    for (image, pixels) in rgb.chunks_exact(positions * 3).enumerate().take(images) {
        for (position, pixel) in pixels.chunks_exact(3).enumerate() {
            preprocess_pixel(pixel, &mut values[(position * images + image) * 3..][..3]);
        }
    }
    FeatureMap::new(Tensor::from_data(TensorData::new(values, [positions, images, 3]), device), size, size)
}

/// Turns RGB bytes into VGG16's input in the order of the bytes.
pub(super) fn preprocess_in_place(rgb: &[u8], values: &mut [f32]) {
    for (values, pixel) in values.chunks_exact_mut(3).zip(rgb.chunks_exact(3)) {
        preprocess_pixel(pixel, values);
    }
}

#[inline(always)]
fn preprocess_pixel(rgb: &[u8], bgr: &mut [f32]) {
    for channel in 0..3 {
        bgr[channel] = f32::from(rgb[2 - channel]) - VGG16.channel_means[channel];
    }
}
