//! Decodes a PNG and resizes it to a square of RGB pixels.

use std::{cell::RefCell, io::Cursor};

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{ImageFormat, ImageReader, Limits, RgbImage};
use ranklab_settings::Resize;

/// Largest width and height of an image in pixels.
const LARGEST_SIDE: u32 = 4096;
/// Largest memory for decoding an image: the largest image with 16 bits in four channels.
const LARGEST_ALLOCATION: u64 = 128 << 20;

thread_local! {
    static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
}

/// Decodes a PNG of any colour type to 8-bit RGB.
///
/// # Errors
/// When the bytes are not a complete PNG or the image is too large, with the reason.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    reader.limits(limits);
    Ok(reader.decode().map_err(|problem| problem.to_string())?.into_rgb8())
}

/// Resizes to `size × size` RGB bytes, row by row.
///
/// Both passes use 16 bits per channel. Rounding to 8 bits between them would shift four values in ten by one level
/// against OpenCV. OpenCV's rounding remains: one level in up to a seventh of the values.
///
/// # Errors
/// When the image has no pixels.
pub fn resize(image: &RgbImage, size: usize, method: Resize) -> Result<Vec<u8>, String> {
    let side = u32::try_from(size).map_err(|_| format!("an image size of {size} is too large"))?;
    let wide: Vec<u16> = image.as_raw().iter().map(|&value| u16::from(value) << 8).collect();
    let source = ImageRef::new(image.width(), image.height(), bytemuck::cast_slice(&wide), PixelType::U16x3)
        .map_err(|problem| problem.to_string())?;
    let algorithm = match method {
        Resize::Opencv => ResizeAlg::Interpolation(FilterType::Bilinear),
        Resize::Antialias => ResizeAlg::Convolution(FilterType::Bilinear),
    };
    let mut target = Image::new(side, side, PixelType::U16x3);
    RESIZER
        .with_borrow_mut(|resizer| {
            resizer.resize(&source, &mut target, &ResizeOptions::new().resize_alg(algorithm))
        })
        .map_err(|problem| problem.to_string())?;
    let values = target.buffer().chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]]));
    Ok(values.map(|value| (value.saturating_add(128) >> 8) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The image that tests/golden/preprocessing.py makes by the same formula.
    fn pattern(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([0, 1, 2].map(|channel| ((x * 7 + y * 13 + channel * 29 + (x * y) / 5) % 256) as u8))
        })
    }

    #[test]
    fn resizing_agrees_with_opencv_to_one_grey_level() {
        // Made by tests/golden/preprocessing.py with OpenCV's default bilinear resize.
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/preprocessing.json")).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let number = |key: &str| case[key].as_u64().unwrap();
            let image = pattern(number("width") as u32, number("height") as u32);
            let found = resize(&image, number("size") as usize, Resize::Opencv).unwrap();
            let expected: Vec<u8> = case["pixels"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_u64().unwrap() as u8)
                .collect();
            assert_eq!(found.len(), expected.len());
            let differences: Vec<u8> = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
            let largest = *differences.iter().max().unwrap();
            let unequal = differences.iter().filter(|difference| **difference > 0).count();
            assert!(largest <= 1, "{}×{}: differs by {largest}", number("width"), number("height"));
            assert!(unequal * 4 < found.len(), "{unequal} of {} values differ", found.len());
        }
    }

    #[test]
    fn antialiasing_averages_where_opencv_picks() {
        // Black and white columns in turn: averaged, everything is grey.
        let stripes = RgbImage::from_fn(128, 128, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let smooth = resize(&stripes, 32, Resize::Antialias).unwrap();
        assert!(smooth.iter().all(|value| (100..=155).contains(value)));
        assert_ne!(smooth, resize(&stripes, 32, Resize::Opencv).unwrap());
    }

    #[test]
    fn a_png_cut_in_half_is_an_error_and_a_grey_one_becomes_rgb() {
        let mut bytes = Vec::new();
        let grey = image::GrayImage::from_pixel(20, 10, image::Luma([7]));
        grey.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        assert_eq!(decode(&bytes).unwrap().get_pixel(3, 3).0, [7, 7, 7]);
        assert!(decode(&bytes[..bytes.len() / 2]).is_err());
        assert!(decode(b"not a png").is_err());
    }
}
