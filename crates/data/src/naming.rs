//! Names of images, independent of the location of their folder or zip: the scheme's root folder and the path below
//! the common parent of the class folders. A folder, its parent and a zip of it give equal names.

use ranklab_settings::{Class, ClassScheme};

/// The parts of a file's name within its dataset, without empty ones and `.`.
pub(crate) fn parts(file: &str, separators: &[char]) -> Vec<String> {
    file.split(separators).filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

/// The class of the nearest class folder around a file, and the number of folders above that folder.
pub(crate) fn class_folder(parts: &[String], scheme: &ClassScheme) -> Option<(Class, usize)> {
    let folders = parts.split_last().map_or(&[][..], |(_, folders)| folders);
    folders.iter().enumerate().rev().find_map(|(depth, part)| Some((scheme.class_of_folder(part)?, depth)))
}

/// The number of common folders above all class folders.
pub(crate) fn common_depth<'a>(files: impl Iterator<Item = &'a [String]>, scheme: &ClassScheme) -> usize {
    let mut common: Option<&[String]> = None;
    for parts in files {
        let Some((_, depth)) = class_folder(parts, scheme) else { continue };
        let above = &parts[..depth];
        common = Some(match common {
            None => above,
            Some(so_far) => {
                let equal = so_far.iter().zip(above).take_while(|(a, b)| a == b).count();
                &so_far[..equal]
            }
        });
    }
    common.map_or(0, <[String]>::len)
}

/// The name of a file in a class folder, without the `common` folders above all class folders.
pub(crate) fn canonical(parts: &[String], common: usize, scheme: &ClassScheme) -> String {
    format!("{}/{}", scheme.root(), parts[common..].join("/"))
}

/// A canonical name without the root folder of its scheme, as in records of earlier versions.
pub(crate) fn without_root<'a>(name: &'a str, scheme: &ClassScheme) -> &'a str {
    name.strip_prefix(scheme.root()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[&str]) -> Vec<String> {
        let scheme = ClassScheme::default();
        let parts: Vec<Vec<String>> = files.iter().map(|file| parts(file, &['/'])).collect();
        let common = common_depth(parts.iter().map(Vec::as_slice), &scheme);
        parts.iter().map(|parts| canonical(parts, common, &scheme)).collect()
    }

    #[test]
    fn a_folder_its_parents_and_a_zip_with_dots_give_the_names_of_the_official_archive() {
        let official = ["cell_images/Parasitized/a.png", "cell_images/Uninfected/b.png"];
        for files in [
            official,
            ["Parasitized/a.png", "Uninfected/b.png"],
            ["./Parasitized/a.png", "./Uninfected/b.png"],
            ["deep/down/Parasitized/a.png", "deep/down/Uninfected/b.png"],
            ["a/./b//Parasitized/a.png", "a/b/Uninfected/b.png"],
            // A class folder's name above both is no class.
            ["Uninfected/Parasitized/a.png", "Uninfected/Uninfected/b.png"],
        ] {
            assert_eq!(names(&files), official, "{files:?}");
        }
    }

    #[test]
    fn folders_that_part_above_the_classes_stay_in_the_names() {
        assert_eq!(
            names(&["x/train/Parasitized/a.png", "x/test/Parasitized/a.png", "x/test/Uninfected/more/b.png"]),
            [
                "cell_images/train/Parasitized/a.png",
                "cell_images/test/Parasitized/a.png",
                "cell_images/test/Uninfected/more/b.png"
            ]
        );
    }

    #[test]
    fn the_nearest_class_folder_decides() {
        let of = |file: &str| class_folder(&parts(file, &['/']), &ClassScheme::default());
        assert_eq!(of("Parasitized/more/a.png"), Some((Class::Positive, 0)));
        assert_eq!(of("x/Parasitized/Uninfected/a.png"), Some((Class::Negative, 2)));
        assert_eq!(of("x/Parasitized"), None);
        assert_eq!(of("Parasitized.png"), None);
    }
}
