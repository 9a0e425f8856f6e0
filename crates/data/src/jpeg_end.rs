//! Refuses a JPEG that is cut short. The decoder fills what is missing with grey and reports no error.

/// First byte of every marker.
const MARKER: u8 = 0xff;
/// Second bytes of the markers that matter here.
const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const TEMPORARY: u8 = 0x01;
const FIRST_RESTART: u8 = 0xd0;
const LAST_RESTART: u8 = 0xd7;

/// Checks that a JPEG has an end. Bytes after it are allowed.
///
/// # Errors
/// When the file ends before, with the reason.
pub(crate) fn check_end(bytes: &[u8]) -> Result<(), String> {
    find_end(bytes).ok_or_else(|| "the JPEG is cut short: its end is missing".to_owned())
}

/// Walks over the segments and the compressed data between them up to the end of the image. `None` where the file ends
/// before.
fn find_end(bytes: &[u8]) -> Option<()> {
    let mut at = 0;
    loop {
        // Compressed data up to the next marker; between segments there is none.
        at += bytes.get(at..)?.iter().position(|byte| *byte == MARKER)?;
        at += bytes.get(at..)?.iter().position(|byte| *byte != MARKER)?;
        let marker = bytes[at];
        at += 1;
        match marker {
            END_OF_IMAGE => return Some(()),
            // A byte of 255 in compressed data, and markers without a segment.
            0 | TEMPORARY | START_OF_IMAGE | FIRST_RESTART..=LAST_RESTART => {}
            // Compressed data follow the segment of a scan, and other segments follow the others.
            _ => {
                let length = [*bytes.get(at)?, *bytes.get(at + 1)?];
                at += usize::from(u16::from_be_bytes(length)).max(2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;

    #[test]
    fn every_jpeg_that_is_cut_is_noticed() {
        let mut bytes = Vec::new();
        let image =
            RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8]));
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        assert_eq!(check_end(&bytes), Ok(()));
        assert_eq!(check_end(&[&bytes[..], b"more"].concat()), Ok(()));
        for length in 0..bytes.len() {
            assert!(check_end(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
        }
    }

    #[test]
    fn the_end_of_a_preview_within_a_segment_is_not_that_of_the_image() {
        let preview = b"\xff\xd8\xff\xd9";
        let segment = [&b"\xff\xe1\0\x06"[..], preview].concat();
        let whole =
            [&b"\xff\xd8"[..], &segment, b"\xff\xda\0\x02data\xff\0data\xff\xd3data\xff\xd9"].concat();
        assert_eq!(check_end(&whole), Ok(()));
        assert!(check_end(&whole[..whole.len() - 2]).is_err());
    }
}
