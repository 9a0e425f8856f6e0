//! Drawn images of blobs and annuli in several formats, with the group in each name.

use std::{fs, path::Path};

use image::{ImageFormat, Rgb, RgbImage};

/// Number of groups.
pub const GROUPS: usize = 6;
/// Images of each class in a group.
const IN_GROUP: usize = 5;
/// Formats in turn, with extensions of their files.
const FORMATS: [(&str, ImageFormat); 5] = [
    ("png", ImageFormat::Png),
    ("jpg", ImageFormat::Jpeg),
    ("webp", ImageFormat::WebP),
    ("tif", ImageFormat::Tiff),
    ("JPEG", ImageFormat::Jpeg),
];

/// A drawn image: its class, its group from 1 and the name of its file.
pub struct Drawn {
    pub class: &'static str,
    pub group: usize,
    pub name: String,
}

/// A blob or an annulus whose place, size and colours depend on `number`.
fn draw(is_annulus: bool, group: usize, number: usize) -> RgbImage {
    let (centre, radius) = (20.0 + number as f32, 9.0 + number as f32);
    let ground = [200 - 10 * group as u8, 190, 180 + 5 * group as u8];
    RgbImage::from_fn(44, 40, |x, y| {
        let distance = ((x as f32 - centre).powi(2) + (y as f32 - 20.0).powi(2)).sqrt();
        let is_inside = distance < radius && !(is_annulus && distance < radius - 4.0);
        Rgb(if is_inside { [40, 60 + 8 * number as u8, 90] } else { ground })
    })
}

/// Draws all images; `path` gives each its path.
pub fn draw_images(path: impl Fn(&Drawn) -> std::path::PathBuf) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    for class in ["blob", "annulus"] {
        for group in 1..=GROUPS {
            for (number, (extension, format)) in FORMATS.iter().enumerate().take(IN_GROUP) {
                let name = format!("group_{group}_{number}.{extension}");
                let image = Drawn { class, group, name };
                let path = path(&image);
                fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
                draw(class == "annulus", group, number).save_with_format(path, *format).unwrap();
                drawn.push(image);
            }
        }
    }
    drawn
}
