//! Encodes squares of RGB pixels as PNG files.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

/// Encodes `size × size` RGB pixels, row by row, as a PNG file. Equal pixels give equal bytes.
///
/// # Errors
/// When there are not `size × size × 3` bytes.
pub fn encode_png(rgb: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let side = u32::try_from(size).map_err(|_| format!("an image size of {size} is too large"))?;
    let image = RgbImage::from_raw(side, side, rgb.to_vec())
        .filter(|image| image.as_raw().len() == size * size * 3)
        .ok_or_else(|| format!("{} bytes are no image of {size} × {size} pixels", rgb.len()))?;
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).map_err(|problem| problem.to_string())?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    #[test]
    fn pixels_survive_and_a_wrong_count_is_refused() {
        let pixels: Vec<u8> = (0..8 * 8 * 3).map(|value| (value * 7 % 256) as u8).collect();
        let png = encode_png(&pixels, 8).unwrap();
        assert_eq!(decode(&png).unwrap().into_raw(), pixels);
        assert!(encode_png(&pixels, 7).unwrap_err().contains("192 bytes"));
        assert!(encode_png(&pixels, 9).is_err());
    }
}
