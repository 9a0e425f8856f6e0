//! Formats of images: the names that files have, and the format that their first bytes say.

use image::ImageFormat;

/// The formats, for messages.
pub(crate) const FORMATS: &str = "PNG, JPEG, BMP, TIFF or WebP";
/// Extensions of image files, in lower case.
const EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "bmp", "dib", "tif", "tiff", "webp"];
/// Extensions of image files in other formats.
const OTHER_EXTENSIONS: [&str; 14] =
    ["jp2", "jxl", "gif", "avif", "heic", "heif", "pgm", "ppm", "pnm", "apng", "dcm", "svs", "ndpi", "raw"];

/// Whether a file with this name is read as an image. Its first bytes, not its extension, decide the format.
pub(crate) fn is_image_name(name: &str) -> bool {
    EXTENSIONS.contains(&extension(name).as_str())
}

/// Whether the name is that of an image in a format that is not read.
pub(crate) fn has_other_format(name: &str) -> bool {
    OTHER_EXTENSIONS.contains(&extension(name).as_str())
}

/// The extension of a name in lower case, without its dot; empty if there is none.
pub(crate) fn extension(name: &str) -> String {
    let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, after)| after);
    // The rest of a long name after a dot is not an extension.
    let plain = extension.len() <= 8 && extension.chars().all(|letter| letter.is_ascii_alphanumeric());
    if plain { extension.to_ascii_lowercase() } else { "…".to_owned() }
}

/// The format of an image by its first bytes.
///
/// # Errors
/// When they are those of no format that is read, with the reason.
pub(crate) fn format_of(bytes: &[u8]) -> Result<ImageFormat, String> {
    use ImageFormat::{Bmp, Jpeg, Png, Tiff, WebP};
    match image::guess_format(bytes) {
        Ok(format @ (Png | Jpeg | Bmp | Tiff | WebP)) => Ok(format),
        Ok(other) => Err(format!("it is a {} file; only {FORMATS} images are read", name_of(other))),
        Err(_) if bytes.is_empty() => Err("the file is empty".to_owned()),
        Err(_) => Err(format!("it is no {FORMATS} image")),
    }
}

/// The common name of a format, such as `GIF`.
fn name_of(format: ImageFormat) -> String {
    format.extensions_str().first().unwrap_or(&"foreign").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide_the_format() {
        for (bytes, format) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], ImageFormat::Png),
            (b"\xff\xd8\xff\xe0", ImageFormat::Jpeg),
            (b"BM......", ImageFormat::Bmp),
            (b"II*\0....", ImageFormat::Tiff),
            (b"MM\0*....", ImageFormat::Tiff),
            (b"RIFF....WEBPVP8 ", ImageFormat::WebP),
        ] {
            assert_eq!(format_of(bytes), Ok(format));
        }
        let refused = |bytes: &[u8]| format_of(bytes).unwrap_err();
        assert_eq!(
            refused(b"GIF89a...."),
            "it is a GIF file; only PNG, JPEG, BMP, TIFF or WebP images are read"
        );
        assert_eq!(refused(b"not an image"), "it is no PNG, JPEG, BMP, TIFF or WebP image");
        assert_eq!(refused(b""), "the file is empty");
    }

    #[test]
    fn names_of_images_end_in_one_of_the_extensions() {
        for name in ["a.png", "a.b.JPG", "a.jpeg", "a.Tif", "a.webp", "a.bmp"] {
            assert!(is_image_name(name) && !has_other_format(name), "{name}");
        }
        for name in ["a.gif", "a.dcm"] {
            assert!(!is_image_name(name) && has_other_format(name), "{name}");
        }
        for name in ["png", ".png", "a.txt", "a. a png", "a"] {
            assert!(!is_image_name(name) && !has_other_format(name), "{name}");
        }
    }
}
