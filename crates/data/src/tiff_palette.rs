//! Colours of a TIFF image whose pixels are places in a palette, which the decoder does not know: the file is decoded as
//! a grey one, and each grey level is replaced by its colour.

use std::borrow::Cow;

use image::{DynamicImage, Rgb, RgbImage};

use crate::tiff_tags::TiffTags;

/// Tags of the first page's directory (Adobe, TIFF Revision 6.0, 1992, sections 3 to 5).
const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const COLOR_MAP: u16 = 320;
/// Values of `PhotometricInterpretation`.
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;
/// Type of a field of 16-bit numbers.
const SHORT: u16 = 3;
/// Colours of a palette for pixels of 8 bits.
const COLOURS: usize = 256;

/// The colours of a palette.
pub(crate) struct Palette([Rgb<u8>; COLOURS]);

/// The file without its palette, and the palette: pixels of the file that is returned are grey levels that stand for its
/// colours. A file without a palette of 256 colours is returned as it is.
pub(crate) fn without_palette(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<Palette>) {
    match find(bytes) {
        Some(found) => {
            let mut grey = bytes.to_vec();
            let value =
                if found.file.little { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() };
            grey[found.interpretation..][..2].copy_from_slice(&value);
            (grey.into(), Some(found.palette))
        }
        None => (bytes.into(), None),
    }
}

impl Palette {
    /// The image in its colours.
    pub(crate) fn apply(&self, grey: &DynamicImage) -> DynamicImage {
        let grey = grey.to_luma8();
        RgbImage::from_fn(grey.width(), grey.height(), |x, y| self.0[usize::from(grey.get_pixel(x, y).0[0])])
            .into()
    }
}

/// What is known of a file with a palette.
struct Found<'a> {
    file: TiffTags<'a>,
    palette: Palette,
    /// Position of the value that says that pixels are places in a palette.
    interpretation: usize,
}

fn find(bytes: &[u8]) -> Option<Found<'_>> {
    let file = TiffTags::find(bytes)?;
    let interpretation = file.entry(PHOTOMETRIC_INTERPRETATION)? + 8;
    let bits = file.short(file.entry(BITS_PER_SAMPLE)? + 8)?;
    let map = file.entry(COLOR_MAP)?;
    let is_map = file.short(map + 2)? == SHORT && file.long(map + 4)? == 3 * COLOURS;
    if file.short(interpretation)? != PALETTE || bits != 8 || !is_map {
        return None;
    }
    let start = file.long(map + 8)?;
    let values: Vec<u16> =
        (0..3 * COLOURS).map(|place| file.short(start.checked_add(2 * place)?)).collect::<Option<_>>()?;
    // Levels are numbers of 16 bits; some writers leave the upper eight empty.
    let is_shallow = values.iter().all(|value| *value < 256);
    let level = |value: u16| if is_shallow { value as u8 } else { (value >> 8) as u8 };
    let colour = |place: usize| Rgb([0, 1, 2].map(|channel| level(values[channel * COLOURS + place])));
    Some(Found { palette: Palette(std::array::from_fn(colour)), file, interpretation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    /// A file of two pixels, 7 and 200, with a palette whose colour 7 is (10, 20, 30) and 200 is (40, 50, 60).
    fn file(little: bool, deep: bool) -> Vec<u8> {
        let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let mut bytes = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let (pixels, map, directory) = (8, 10, 10 + 6 * COLOURS as u32);
        bytes.extend(long(directory));
        bytes.extend([7, 200]);
        for levels in [[10, 40], [20, 50], [30, 60]] {
            let mut channel = [0u16; COLOURS];
            (channel[7], channel[200]) = (levels[0], levels[1]);
            bytes.extend(channel.iter().flat_map(|level| short(level * if deep { 257 } else { 1 })));
        }
        // Tag, type, count, value; a number of 16 bits stands first in the value's four bytes.
        let entries: [(u16, u16, u32, u32); 10] = [
            (256, 3, 1, 2),
            (257, 3, 1, 1),
            (BITS_PER_SAMPLE, 3, 1, 8),
            (259, 3, 1, 1),
            (PHOTOMETRIC_INTERPRETATION, 3, 1, u32::from(PALETTE)),
            (273, 4, 1, pixels),
            (277, 3, 1, 1),
            (278, 3, 1, 1),
            (279, 4, 1, 2),
            (COLOR_MAP, 3, 3 * COLOURS as u32, map),
        ];
        bytes.extend(short(entries.len() as u16));
        for (tag, kind, count, value) in entries {
            bytes.extend(short(tag).into_iter().chain(short(kind)).chain(long(count)));
            match (kind, count) {
                (3, 1) => bytes.extend(short(value as u16).into_iter().chain([0, 0])),
                _ => bytes.extend(long(value)),
            }
        }
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn pixels_of_a_palette_have_its_colours() {
        for (little, deep) in [(true, true), (true, false), (false, true), (false, false)] {
            let image = decode(&file(little, deep)).unwrap();
            assert_eq!(image.dimensions(), (2, 1));
            assert_eq!([0, 1].map(|x| image.get_pixel(x, 0).0), [[10, 20, 30], [40, 50, 60]]);
        }
    }

    #[test]
    fn a_palette_that_is_cut_short_is_refused() {
        let whole = file(true, true);
        for length in (0..whole.len()).step_by(7) {
            assert!(decode(&whole[..length]).is_err(), "{length}");
        }
        // A palette beyond the end of the file.
        let mut astray = whole.clone();
        let map = astray.len() - 4 - 4;
        astray[map..map + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&astray).is_err());
    }
}
