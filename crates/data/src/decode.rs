//! Decodes an image and resizes it to a square of RGB pixels.

use std::{cell::RefCell, io::Cursor};

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, ImageResult, Limits, RgbImage,
    metadata::Orientation,
};
use ranklab_settings::Resize;

use crate::{format::format_of, jpeg_end::check_end, tiff_palette::without_palette, tiff_tags::TiffTags};

/// Largest width and height of an image in pixels.
const LARGEST_SIDE: u32 = 4096;
/// Largest memory for decoding an image: the largest image with 16 bits in four channels.
const LARGEST_ALLOCATION: u64 = 128 << 20;

/// What to do about pixels that are not supported.
const CONVERT: &str = "convert the image to 8-bit RGB, for example to PNG";

thread_local! {
    static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
}

/// Decodes a PNG, JPEG, BMP, TIFF or WebP image of any colour type to 8-bit RGB. The first bytes decide the format.
/// Transparency is dropped. Of several pages or frames the first is decoded. The orientation that a JPEG, TIFF or WebP
/// names is applied; that of a PNG is not, as in earlier versions.
///
/// # Errors
/// When the bytes are not a complete image of these formats or the image is too large, with the reason.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    let format = format_of(bytes)?;
    if format == ImageFormat::Jpeg {
        check_end(bytes)?;
    }
    let (bytes, palette) = match format {
        ImageFormat::Tiff => without_palette(bytes),
        _ => (bytes.into(), None),
    };
    let mut reader = ImageReader::with_format(Cursor::new(&*bytes), format);
    reader.limits(limits());
    let image = match format {
        ImageFormat::Png => reader.decode(),
        _ => decode_upright(reader),
    };
    let image = image.map_err(|problem| in_words(&problem, &bytes))?;
    check_range(&image)?;
    let image = match palette {
        Some(palette) => palette.apply(&image),
        None => image,
    };
    Ok(image.into_rgb8())
}

/// Why an image cannot be decoded, and what to do about colours that are not supported.
fn in_words(problem: &ImageError, bytes: &[u8]) -> String {
    let kind = TiffTags::find(bytes).and_then(|tags| tags.in_words());
    match (problem, kind) {
        (ImageError::Unsupported(_), Some(kind)) => {
            format!("its pixels are of a kind that is not supported, {kind}; {CONVERT}")
        }
        (ImageError::Unsupported(problem), None) => {
            format!("its pixels or their compression are not supported ({problem}); {CONVERT}")
        }
        _ => problem.to_string(),
    }
}

/// Refuses floating-point pixels outside of 0 to 1, whose white is not known.
fn check_range(image: &DynamicImage) -> Result<(), String> {
    let values: &[f32] = match image {
        DynamicImage::ImageRgb32F(image) => image.as_raw(),
        DynamicImage::ImageRgba32F(image) => image.as_raw(),
        _ => return Ok(()),
    };
    match values.iter().all(|value| (0.0..=1.0).contains(value)) {
        true => Ok(()),
        false => Err(format!("its pixels are floating-point numbers outside of 0 to 1; {CONVERT}")),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    limits
}

/// Decodes an image and applies the orientation that it names.
fn decode_upright(reader: ImageReader<Cursor<&[u8]>>) -> ImageResult<DynamicImage> {
    let mut decoder = reader.into_decoder()?;
    limits().reserve(decoder.total_bytes())?;
    // An orientation that cannot be read spoils no image.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
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
    use image::{GrayImage, ImageBuffer, RgbaImage};

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

    /// An image as a file of this format.
    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn a_png_cut_in_half_is_an_error_and_a_grey_one_becomes_rgb() {
        let bytes = encoded(GrayImage::from_pixel(20, 10, image::Luma([7])), ImageFormat::Png);
        assert_eq!(decode(&bytes).unwrap().get_pixel(3, 3).0, [7, 7, 7]);
        assert!(decode(&bytes[..bytes.len() / 2]).is_err());
        assert!(decode(b"not a png").is_err());
    }

    /// PNGs that earlier versions of `tools/hostile/examples/seeds.rs` wrote, and the pixels that it gave them.
    #[test]
    fn pngs_have_the_pixels_of_earlier_versions() {
        let rgb = decode(include_bytes!("../../../tools/fuzz/corpus/png/rgb")).unwrap();
        assert_eq!(rgb, RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 7])));
        let grey = decode(include_bytes!("../../../tools/fuzz/corpus/png/grey")).unwrap();
        assert_eq!(grey, RgbImage::from_pixel(20, 3, image::Rgb([9; 3])));
        let alpha = decode(include_bytes!("../../../tools/fuzz/corpus/png/alpha")).unwrap();
        assert_eq!(alpha, RgbImage::from_pixel(5, 5, image::Rgb([1, 2, 3])));
        let deep = decode(include_bytes!("../../../tools/fuzz/corpus/png/deep")).unwrap();
        assert_eq!(deep, RgbImage::from_pixel(4, 4, image::Rgb([233, 0, 1])));
    }

    #[test]
    fn lossless_formats_give_the_pixels_of_a_png_and_a_jpeg_nearly() {
        let image = pattern(24, 17);
        for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
            assert_eq!(decode(&encoded(image.clone(), format)).unwrap(), image, "{format:?}");
        }
        let smooth = RgbImage::from_fn(24, 17, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 90]));
        let lossy = decode(&encoded(smooth.clone(), ImageFormat::Jpeg)).unwrap();
        let differs = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 32;
        assert_eq!(lossy.dimensions(), (24, 17));
        assert_eq!(lossy.as_raw().iter().zip(smooth.as_raw()).filter(|pair| differs(*pair)).count(), 0);
    }

    #[test]
    fn grey_transparent_and_16_bit_images_become_rgb_of_8_bits() {
        let grey = GrayImage::from_pixel(8, 8, image::Luma([70]));
        let clear = RgbaImage::from_pixel(8, 8, image::Rgba([10, 20, 30, 0]));
        let deep =
            ImageBuffer::<image::Rgb<u16>, _>::from_pixel(8, 8, image::Rgb([257 * 10, 257 * 20, 257 * 30]));
        for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::WebP] {
            let pixel = |image: DynamicImage| decode(&encoded(image, format)).unwrap().get_pixel(3, 3).0;
            if format != ImageFormat::WebP {
                assert_eq!(pixel(grey.clone().into()), [70; 3], "{format:?}");
            }
            assert_eq!(pixel(clear.clone().into()), [10, 20, 30], "{format:?}");
            if matches!(format, ImageFormat::Png | ImageFormat::Tiff) {
                assert_eq!(pixel(deep.clone().into()), [10, 20, 30], "{format:?}");
            }
        }
        let jpeg = decode(&encoded(grey, ImageFormat::Jpeg)).unwrap();
        assert_eq!(jpeg.get_pixel(3, 3).0, [70; 3]);
    }

    /// A JPEG with an EXIF segment that holds nothing but this orientation.
    fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let exif = [
            &b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..],
            &[orientation, 0, 0, 0, 0, 0, 0, 0],
        ];
        let exif = exif.concat();
        let length = (exif.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], b"\xff\xe1", &length, &exif, &jpeg[2..]].concat()
    }

    #[test]
    fn the_orientation_of_a_photograph_is_applied() {
        // Black on the left, white on the right, 16 × 8 pixels.
        let image = RgbImage::from_fn(16, 8, |x, _| image::Rgb([if x < 8 { 0 } else { 255 }; 3]));
        let jpeg = encoded(image, ImageFormat::Jpeg);
        let upright = decode(&with_orientation(&jpeg, 1)).unwrap();
        assert_eq!((upright.dimensions(), upright.get_pixel(1, 4).0[0] < 30), ((16, 8), true));
        // Turned by 180 degrees, and by 90 clockwise: white on the left, black above.
        let turned = decode(&with_orientation(&jpeg, 3)).unwrap();
        assert_eq!((turned.dimensions(), turned.get_pixel(1, 4).0[0] > 225), ((16, 8), true));
        let quarter = decode(&with_orientation(&jpeg, 6)).unwrap();
        assert_eq!((quarter.dimensions(), quarter.get_pixel(4, 1).0[0] < 30), ((8, 16), true));
        assert!(quarter.get_pixel(4, 14).0[0] > 225);
    }

    #[test]
    fn files_of_every_format_that_are_cut_short_are_refused_with_a_reason() {
        for format in
            [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP]
        {
            let bytes = encoded(pattern(40, 40), format);
            for length in [0, 3, 20, bytes.len() / 3, bytes.len() / 2, bytes.len() * 9 / 10] {
                let refused = decode(&bytes[..length]).unwrap_err();
                assert!(!refused.is_empty() && !refused.contains('\n'), "{format:?} {length}: {refused}");
            }
        }
    }

    /// A TIFF of 4 × 2 pixels with three samples of this size, format and interpretation, all bytes of which are `byte`.
    fn tiff(bits: u16, format: u16, interpretation: u16, byte: u8) -> Vec<u8> {
        let pixels = 4 * 2 * 3 * u32::from(bits) / 8;
        let fields: [(u16, u16, u32, u32); 9] = [
            (256, 4, 1, 4),
            (257, 4, 1, 2),
            (258, 3, 3, 122),
            (259, 3, 1, 1),
            (262, 3, 1, interpretation.into()),
            (273, 4, 1, 134),
            (277, 3, 1, 3),
            (279, 4, 1, pixels),
            (339, 3, 3, 128),
        ];
        let mut bytes = [&b"II*\0\x08\0\0\0"[..], &(fields.len() as u16).to_le_bytes()].concat();
        for (tag, kind, count, value) in fields {
            bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        bytes.extend([0; 4]);
        bytes.extend([bits, bits, bits, format, format, format].map(u16::to_le_bytes).concat());
        assert_eq!(bytes.len(), 134);
        bytes.extend(vec![byte; pixels as usize]);
        bytes
    }

    #[test]
    fn a_tiff_of_unusual_pixels_is_refused_in_words_that_say_what_to_do() {
        assert_eq!(decode(&tiff(8, 1, 2, 7)).unwrap().get_pixel(1, 1).0, [7; 3]);
        // Floating-point zeros, and about 0.02.
        assert_eq!(decode(&tiff(32, 3, 2, 0)).unwrap().get_pixel(1, 1).0, [0; 3]);
        for (file, kind) in [
            (tiff(8, 1, 6, 7), "not supported, YCbCr; convert the image to 8-bit RGB"),
            (tiff(8, 1, 8, 7), "not supported, CIELab; convert"),
            (tiff(64, 3, 2, 7), "not supported, 64-bit floating-point; convert"),
            (tiff(32, 1, 2, 7), "not supported, 32-bit; convert"),
            (tiff(32, 3, 2, 0x60), "floating-point numbers outside of 0 to 1; convert"),
        ] {
            let refused = decode(&file).unwrap_err();
            assert!(refused.contains(kind) && !refused.contains("Unknown"), "{kind}: {refused}");
        }
    }

    #[test]
    fn images_of_too_many_pixels_are_refused_in_every_format() {
        for format in
            [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP]
        {
            let wide = RgbImage::new(LARGEST_SIDE + 1, 1);
            assert!(decode(&encoded(wide, format)).is_err(), "{format:?}");
        }
    }
}
