//! Lists the images in a folder, also through links to other folders; each folder is read once.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use ranklab_settings::{Class, ClassScheme};

use crate::{
    Error,
    format::is_image_name,
    naming::class_folder,
    passed_over::{PassedOver, PassedOverReason, SYNTHETIC_MARKER},
    progress::Progress,
};

/// The images in a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The parts of each image's name, and its path.
    pub(crate) images: Vec<(Vec<String>, PathBuf)>,
    pub(crate) passed_over: PassedOver,
    pub(crate) synthetic: bool,
}

/// Lists the images in `root`.
///
/// # Errors
/// When a folder cannot be listed, or `progress` requests a stop.
pub(crate) fn list(root: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<Listing, Error> {
    let mut walk = Walk {
        scheme,
        listing: Listing::default(),
        folders: vec![(root.to_owned(), Vec::new())],
        links: VecDeque::new(),
        read: HashMap::new(),
    };
    // Files in the folder take precedence over files behind links.
    while let Some((path, parts)) = walk.folders.pop().or_else(|| walk.links.pop_front()) {
        if progress(0, 0).is_break() {
            return Err(Error::Stopped);
        }
        walk.folder(&path, &parts)?;
    }
    Ok(walk.listing)
}

struct Walk<'a> {
    scheme: &'a ClassScheme,
    listing: Listing,
    folders: Vec<(PathBuf, Vec<String>)>,
    links: VecDeque<(PathBuf, Vec<String>)>,
    /// Folders that were read, each with the classes that it was read for. A folder of both classes contradicts itself.
    read: HashMap<PathBuf, HashSet<Option<Class>>>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, parts: &[String]) -> Result<(), Error> {
        let listing = || Error::io("listing", path);
        let real = fs::canonicalize(path).map_err(listing())?;
        // All files in the folder have the class that the folders around them give.
        let class = class_folder(&[parts, &[String::new()]].concat(), self.scheme).map(|(class, _)| class);
        let read = self.read.entry(real.clone()).or_default();
        if (class.is_none() && !read.is_empty()) || !read.insert(class) {
            self.listing.passed_over.note(PassedOverReason::Repeated, parts);
            return Ok(());
        }
        let mut entries =
            fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(listing())?;
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), text(&entry.file_name()));
            let parts = [parts, &[name]].concat();
            let kind = entry.file_type().map_err(Error::io("listing", &path))?;
            if kind.is_dir() {
                self.folders.push((path, parts));
            } else if kind.is_file() {
                self.file(path, parts);
            } else if kind.is_symlink() {
                self.link(&real, path, parts);
            } else {
                self.special(&parts);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, parts: Vec<String>) {
        self.listing.synthetic |= parts.last().is_some_and(|name| name.ends_with(SYNTHETIC_MARKER));
        let in_class_folder = class_folder(&parts, self.scheme).is_some();
        if self.listing.passed_over.is_image(&parts, in_class_folder) {
            self.listing.images.push((parts, path));
        }
    }

    /// Follows a link in `folder`, which is a canonical path.
    fn link(&mut self, folder: &Path, path: PathBuf, parts: Vec<String>) {
        match fs::metadata(&path) {
            Ok(target) if target.is_file() => self.file(path, parts),
            Ok(target) if target.is_dir() => match fs::canonicalize(&path) {
                Ok(real) if folder.starts_with(&real) => {
                    self.listing.passed_over.note(PassedOverReason::Circle, &parts);
                }
                _ => self.links.push_back((path, parts)),
            },
            Ok(_) => self.special(&parts),
            // A broken link that is named like an image is reported when it is read.
            Err(_) if parts.last().is_some_and(|name| is_image_name(name)) => self.file(path, parts),
            Err(_) => self.listing.passed_over.note(PassedOverReason::BrokenLink, &parts),
        }
    }

    /// Notes a pipe or a device, which might never end.
    fn special(&mut self, parts: &[String]) {
        self.listing.passed_over.note(PassedOverReason::Special, parts);
    }
}

/// A file's name as text; invalid bytes are written as `\xE9`.
fn text(name: &OsStr) -> String {
    escaped(name.as_encoded_bytes())
}

/// Bytes as text; invalid ones are written as `\xE9`.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02X}");
        }
    }
    text
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};

    use super::*;
    use crate::progress::unwatched;

    fn names(root: &Path) -> (Vec<String>, Vec<String>) {
        let listing = list(root, &ClassScheme::default(), &unwatched).unwrap();
        let mut names: Vec<String> = listing.images.iter().map(|(parts, _)| parts.join("/")).collect();
        names.sort_unstable();
        (names, listing.passed_over.lines().collect())
    }

    fn file(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn links_to_folders_are_followed_and_circles_end() {
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("images"), folder.path().join("other"));
        file(&root.join("Uninfected/b.png"));
        file(&other.join("positive/a.png"));
        file(&other.join("more/c.png"));
        symlink(other.join("positive"), root.join("Parasitized")).unwrap();
        symlink("../../other/more", root.join("Uninfected/more")).unwrap();
        // To itself, to what is above, to each other, and nowhere.
        symlink("Uninfected", root.join("again")).unwrap();
        symlink("..", root.join("Uninfected/up")).unwrap();
        symlink("../more", other.join("positive/across")).unwrap();
        symlink("../positive", other.join("more/back")).unwrap();
        symlink("nowhere", root.join("lost")).unwrap();
        symlink("round", root.join("round")).unwrap();
        let (names, lines) = names(&root);
        assert_eq!(
            names,
            [
                "Parasitized/a.png",
                "Parasitized/across/c.png",
                "Uninfected/b.png",
                "Uninfected/more/back/a.png",
                "Uninfected/more/c.png",
            ]
        );
        assert_eq!(
            lines,
            [
                "2 links lead nowhere, lost first",
                "1 link leads to a folder that it lies in: Uninfected/up",
                "3 links lead to folders that are read already, Parasitized/across/back first"
            ]
        );
    }

    #[test]
    fn names_that_are_no_text_are_escaped_and_their_files_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Parasitized").join(OsStr::from_bytes(b"C1_\xe9.png"));
        file(&path);
        let listing = list(folder.path(), &ClassScheme::default(), &unwatched).unwrap();
        assert_eq!(listing.images, [(vec!["Parasitized".to_owned(), "C1_\\xE9.png".to_owned()], path)]);
    }
}
