//! Which files of a folder or zip are images, and what is passed over and why.

use std::{collections::BTreeMap, fmt};

/// Folder of what macOS keeps beside the files of a zip, and the start of such a file's name.
const MACOS_FOLDER: &str = "__MACOSX";
const MACOS_TWIN: &str = "._";
/// What systems leave in folders that they showed.
const OF_THE_SYSTEM: [&str; 4] = [".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r"];
/// Extensions of pictures that are no PNG.
const PICTURES: [&str; 22] = [
    "jpg", "jpeg", "jpe", "jfif", "jp2", "jxl", "bmp", "dib", "gif", "tif", "tiff", "webp", "avif", "heic",
    "heif", "pgm", "ppm", "pnm", "apng", "dcm", "svs", "raw",
];

/// Why a file is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passing {
    /// Its name does not end in `.png`.
    NotPng,
    /// Its name, or that of a folder around it, begins with a dot.
    Hidden,
    /// A link that leads nowhere.
    BrokenLink,
    /// A link to a folder that it lies in.
    Circle,
    /// A link to a folder that is read already.
    Repeated,
    /// A pipe, a socket or a device.
    Special,
    /// A link within a zip.
    LinkInZip,
    /// Entries of a zip that share a name.
    SameName,
}

/// What was passed over for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many.
    pub count: usize,
    /// How many of them look like images.
    pub images: usize,
    /// The first by name.
    pub first: String,
    /// How many of each extension, with its dot; empty for none.
    extensions: BTreeMap<String, usize>,
}

/// Files that are no images, counted by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    by_reason: BTreeMap<Passing, Passed>,
}

impl PassedOver {
    /// By reason.
    pub fn iter(&self) -> impl Iterator<Item = (Passing, &Passed)> {
        self.by_reason.iter().map(|(reason, passed)| (*reason, passed))
    }

    /// Files that look like images.
    pub fn images(&self) -> usize {
        self.by_reason.values().map(|passed| passed.images).sum()
    }

    /// One line per reason: how many, why, and which is the first.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.by_reason.iter().map(|(reason, passed)| line(*reason, passed))
    }

    /// Notes a file, or a link, with the parts of its name.
    pub(crate) fn note(&mut self, reason: Passing, parts: &[String]) {
        self.add(reason, parts, false);
    }

    /// Notes a file with the parts of its name; in a class folder a file without an extension looks like an image.
    fn add(&mut self, reason: Passing, parts: &[String], in_class_folder: bool) {
        let name = parts.last().map_or("", String::as_str);
        let extension = extension(name);
        let passed = self.by_reason.entry(reason).or_default();
        let shown = parts.join("/");
        if passed.count == 0 || shown < passed.first {
            passed.first = shown;
        }
        passed.count += 1;
        let unnamed = extension.is_empty() && in_class_folder;
        passed.images += usize::from(unnamed || is_png(name) || is_picture(name));
        let extension = if extension.is_empty() { extension } else { format!(".{extension}") };
        *passed.extensions.entry(extension).or_default() += 1;
    }

    /// Whether a file is an image by its name. One that is none and may be taken for one is noted.
    pub(crate) fn is_image(&mut self, parts: &[String], in_class_folder: bool) -> bool {
        let name = parts.last().map_or("", String::as_str);
        if parts.iter().any(|part| part == MACOS_FOLDER)
            || name.starts_with(MACOS_TWIN)
            || OF_THE_SYSTEM.contains(&name)
        {
            return false;
        }
        let (png, picture) = (is_png(name), is_picture(name));
        if parts.iter().any(|part| part.starts_with('.')) {
            if png || picture {
                self.note(Passing::Hidden, parts);
            }
            return false;
        }
        if !png && (picture || in_class_folder) {
            self.add(Passing::NotPng, parts, in_class_folder);
        }
        png
    }
}

fn line(reason: Passing, passed: &Passed) -> String {
    let (count, first) = (passed.count, &passed.first);
    let said = |one: &str, many: &str| {
        if count == 1 { format!("{one}: {first}") } else { format!("{count} {many}, {first} first") }
    };
    match reason {
        Passing::NotPng => {
            let kinds: Vec<String> = passed
                .extensions
                .iter()
                .map(|(extension, count)| match extension.as_str() {
                    "" => format!("{count} without an extension"),
                    extension => format!("{count} {extension}"),
                })
                .collect();
            let (files, are) = if count == 1 { ("file", "is") } else { ("files", "are") };
            format!("{count} {files} {are} not named .png ({}), {first} first", kinds.join(", "))
        }
        Passing::Hidden => said("1 file is hidden", "files are hidden"),
        Passing::BrokenLink => said("1 link leads nowhere", "links lead nowhere"),
        Passing::Circle => {
            said("1 link leads to a folder that it lies in", "links lead to folders that they lie in")
        }
        Passing::Repeated => said(
            "1 link leads to a folder that is read already",
            "links lead to folders that are read already",
        ),
        Passing::Special => {
            said("1 file is a pipe, a socket or a device", "files are pipes, sockets or devices")
        }
        Passing::LinkInZip => said(
            "1 entry is a link, which zips are not read through",
            "entries are links, which zips are not read through",
        ),
        Passing::SameName => "several entries have the same name; the last of each is read".to_owned(),
    }
}

/// In lower case and without its dot; empty for none.
fn extension(name: &str) -> String {
    let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, after)| after);
    // What is no extension but the rest of a name with a dot would fill the line.
    let plain = extension.len() <= 8 && extension.chars().all(|letter| letter.is_ascii_alphanumeric());
    if plain { extension.to_ascii_lowercase() } else { "…".to_owned() }
}

pub(crate) fn is_png(name: &str) -> bool {
    extension(name) == "png"
}

fn is_picture(name: &str) -> bool {
    PICTURES.contains(&extension(name).as_str())
}

impl fmt::Display for PassedOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.lines().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::ClassScheme;

    use super::*;
    use crate::naming::{class_folder, parts};

    fn judged(files: &[&str]) -> (Vec<String>, PassedOver) {
        let mut passed = PassedOver::default();
        let mut images = Vec::new();
        for file in files {
            let parts = parts(file, &['/']);
            if passed.is_image(&parts, class_folder(&parts, &ClassScheme::default()).is_some()) {
                images.push((*file).to_owned());
            }
        }
        (images, passed)
    }

    #[test]
    fn what_systems_keep_beside_files_is_no_image_and_not_worth_a_word() {
        let (images, passed) = judged(&[
            "__MACOSX/Parasitized/._a.png",
            "deep/__MACOSX/Parasitized/a.png",
            "deep/Parasitized/._a.png",
            "Parasitized/.DS_Store",
            "Uninfected/Thumbs.db",
            "README.txt",
            "Parasitized/a.PNG",
        ]);
        assert_eq!(images, ["Parasitized/a.PNG"]);
        assert_eq!(passed, PassedOver::default());
    }

    #[test]
    fn what_looks_like_an_image_is_counted_by_reason_and_extension() {
        let (images, passed) = judged(&[
            "Parasitized/a.jpg",
            "Parasitized/b.JPG",
            "Uninfected/c.tif",
            "Uninfected/without",
            "Uninfected/notes.txt",
            "pictures/d.webp",
            "Parasitized/.e.png",
            ".thumbs/Parasitized/f.png",
            ".git/config",
            "Parasitized/g.h.png",
        ]);
        assert_eq!(images, ["Parasitized/g.h.png"]);
        assert_eq!(passed.images(), 7);
        assert_eq!(
            passed.lines().collect::<Vec<_>>(),
            [
                "6 files are not named .png (1 without an extension, 2 .jpg, 1 .tif, 1 .txt, 1 .webp), Parasitized/a.jpg first",
                "2 files are hidden, .thumbs/Parasitized/f.png first",
            ]
        );
    }
}
