//! Images without labels: single files, folders and zips, in the order in which they are named.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use ranklab_settings::{ClassScheme, GroupRule, Resize};

use crate::{
    Error,
    decode::{decode, resize},
    progress::Progress,
    source::{ImageSource, read_file},
};

/// The first bytes of a zip with entries.
const ZIP: [u8; 4] = *b"PK\x03\x04";

/// An image without a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseImage {
    /// The path as a user would write it: the file as given, or the folder or zip as given and the name within it.
    pub name: String,
    /// The path within its folder or zip; of a single file its name.
    pub within: String,
    source: usize,
}

impl LooseImage {
    /// The image's group: found in the path within its folder or zip or in the file's name, and else in the whole path.
    pub fn group(&self, rule: &GroupRule) -> Option<&str> {
        rule.group_of(&self.within).or_else(|| rule.group_of(&self.name))
    }
}

/// Images from files, folders and zips.
#[derive(Debug)]
pub struct LooseImages {
    sources: Vec<Source>,
    images: Vec<LooseImage>,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Many(Box<ImageSource>),
}

impl LooseImages {
    /// Opens files, folders and zips, and lists their images. Class folders of `scheme` have no meaning here, except that
    /// files in them count as images that are passed over.
    ///
    /// # Errors
    /// When a path is absent, a folder or zip cannot be read or holds no image, or `progress` requests a stop.
    pub fn open(paths: &[PathBuf], scheme: &ClassScheme, progress: Progress<'_>) -> Result<Self, Error> {
        let mut opened = Self { sources: Vec::new(), images: Vec::new() };
        for path in paths {
            opened.add(path, scheme, progress)?;
        }
        Ok(opened)
    }

    fn add(&mut self, path: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<(), Error> {
        let (source, given) = (self.sources.len(), path.display().to_string());
        if !path.exists() {
            return Err(Error::NoImages { path: path.to_owned(), found: "nothing is there".to_owned() });
        }
        if !path.is_dir() && !is_zip(path)? {
            let within = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let within = within.unwrap_or_else(|| given.clone());
            self.images.push(LooseImage { name: given, within, source });
            self.sources.push(Source::File(path.to_owned()));
            return Ok(());
        }
        let many = ImageSource::open_watched(path, scheme, progress)?;
        if many.files().is_empty() {
            let passed: Vec<String> = many.passed_over().lines().collect();
            let found = match passed.as_slice() {
                [] => "it holds no images".to_owned(),
                lines => format!("it holds no images; {}", lines.join("; ")),
            };
            return Err(Error::NoImages { path: path.to_owned(), found });
        }
        let given = given.trim_end_matches('/');
        let mut within: Vec<&str> = many.files().iter().map(|file| file.file.as_str()).collect();
        within.sort_unstable();
        self.images.extend(within.into_iter().map(|within| LooseImage {
            name: format!("{given}/{within}"),
            within: within.to_owned(),
            source,
        }));
        self.sources.push(Source::Many(Box::new(many)));
        Ok(())
    }

    /// The images, by the order of the paths and by name within each.
    pub fn images(&self) -> &[LooseImage] {
        &self.images
    }

    /// One line for each reason why files of a folder or zip are passed over.
    pub fn passed_over(&self) -> impl Iterator<Item = String> {
        self.sources.iter().flat_map(|source| match source {
            Source::File(_) => Vec::new(),
            Source::Many(many) => {
                let of = |line| format!("{}: {line}", many.path().display());
                many.passed_over().lines().map(of).collect()
            }
        })
    }

    /// An image as a square of RGB bytes `[size, size, 3]`.
    ///
    /// # Errors
    /// When the file cannot be read or is no image, with the reason.
    pub fn square(&self, image: &LooseImage, size: usize, method: Resize) -> Result<Vec<u8>, String> {
        let bytes = match &self.sources[image.source] {
            Source::File(path) => read_file(path)?,
            Source::Many(many) => many.read(&image.within).map_err(|problem| match problem {
                Error::Image { problem, .. } => problem,
                other => other.to_string(),
            })?,
        };
        resize(&decode(&bytes)?, size, method)
    }
}

/// Whether a file is a zip, by its first bytes or, for an empty or damaged one, by its name.
fn is_zip(path: &Path) -> Result<bool, Error> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
        return Ok(true);
    }
    // A pipe would block, and is refused when it is read.
    if !path.is_file() {
        return Ok(false);
    }
    let mut first = Vec::new();
    let file = File::open(path).map_err(Error::io("opening", path))?;
    file.take(ZIP.len() as u64).read_to_end(&mut first).map_err(Error::io("reading", path))?;
    Ok(first == ZIP)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ranklab_settings::SyntheticConfig;
    use zip::ZipArchive;

    use super::*;
    use crate::{progress::unwatched, synthetic};

    fn open(paths: &[PathBuf]) -> Result<LooseImages, Error> {
        LooseImages::open(paths, &ClassScheme::default(), &unwatched)
    }

    #[test]
    fn files_folders_and_zips_give_the_same_pixels_under_the_names_that_a_user_gave() {
        let folder = tempfile::tempdir().unwrap();
        let zip = folder.path().join("cells.zip");
        synthetic::write_zip(&SyntheticConfig { images: 6, patients: 2, seed: 0 }, &zip, &unwatched).unwrap();
        // A zip without its extension is found by its bytes.
        let plain = folder.path().join("cells");
        fs::copy(&zip, &plain).unwrap();
        let unpacked = folder.path().join("unpacked");
        ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap().extract(&unpacked).unwrap();
        let from_zip = open(std::slice::from_ref(&plain)).unwrap();
        let from_folder = open(std::slice::from_ref(&unpacked)).unwrap();
        assert_eq!((from_zip.images().len(), from_folder.images().len()), (6, 6));
        let file = unpacked.join(&from_folder.images()[2].within);
        let all = open(&[file.clone(), unpacked.clone(), plain]).unwrap();
        assert_eq!(all.images().len(), 13);
        assert_eq!(all.images()[0].name, file.display().to_string());
        assert_eq!(all.images()[3].name, file.display().to_string());
        let square = |images: &LooseImages, place: usize| {
            images.square(&images.images()[place], 64, Resize::Opencv).unwrap()
        };
        assert_eq!(square(&all, 0), square(&from_zip, 2));
        assert_eq!(square(&all, 0), square(&from_folder, 2));
        assert_ne!(square(&all, 0), square(&all, 1));
    }

    #[test]
    fn an_image_is_in_one_group_as_a_file_and_through_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let rule: GroupRule = "(patient_[0-9]+)".parse().unwrap();
        for (file, group) in [("patient_99/patient_0_0.png", "patient_0"), ("patient_99/a.png", "patient_99")]
        {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            let through =
                [path.clone(), path.parent().unwrap().to_owned()].map(|path| open(&[path]).unwrap());
            for images in through {
                assert_eq!(images.images()[0].group(&rule), Some(group), "{file}");
            }
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn absent_and_empty_paths_are_one_clear_line_and_unreadable_images_name_their_reason() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| open(&[path.to_owned()]).unwrap_err().to_string();
        assert!(message(&folder.path().join("absent")).contains("nothing is there"));
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        fs::write(empty.join("notes.txt"), "x").unwrap();
        assert!(message(&empty).contains("it holds no images"), "{}", message(&empty));
        let broken = folder.path().join("broken.png");
        fs::write(&broken, "not a png").unwrap();
        let images = open(&[broken]).unwrap();
        assert!(images.square(&images.images()[0], 64, Resize::Opencv).is_err());
    }
}
