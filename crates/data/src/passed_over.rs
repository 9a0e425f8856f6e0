//! Decides which files are images, and counts the others by reason.

use std::{collections::BTreeMap, fmt};

use crate::format::{extension, has_other_format, is_image_name};

/// Folder and name prefix of the metadata files that macOS adds to a zip.
const MACOS_FOLDER: &str = "__MACOSX";
const MACOS_TWIN: &str = "._";
/// Names of metadata files that operating systems leave in folders.
const SYSTEM_FILES: [&str; 4] = [".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r"];
/// The entry that marks generated images.
pub(crate) const SYNTHETIC_MARKER: &str = "SYNTHETIC.txt";

/// The reason why a file is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassedOverReason {
    /// The name does not end in the extension of an image that is read.
    OtherType,
    /// The name of the file or of a folder around it begins with a dot.
    Hidden,
    /// A link without a target.
    BrokenLink,
    /// A link to a folder around it.
    Circle,
    /// A link to a folder that is read already.
    Repeated,
    /// A pipe, a socket or a device.
    Special,
    /// A link within a zip.
    LinkInZip,
    /// Entries of a zip that share a name.
    SameName,
    /// A row of a table that repeats an earlier row.
    RepeatedRow,
}

/// The files that were passed over for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOverFiles {
    /// Number of files.
    pub count: usize,
    /// Number of files that look like images.
    pub images: usize,
    /// Name of the first file, in the order of names.
    pub first: String,
    /// Number of files by extension, with its dot; the extension may be empty.
    extensions: BTreeMap<String, usize>,
}

/// Files that are not images, counted by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    by_reason: BTreeMap<PassedOverReason, PassedOverFiles>,
}

impl PassedOver {
    /// The files by reason.
    pub fn iter(&self) -> impl Iterator<Item = (PassedOverReason, &PassedOverFiles)> {
        self.by_reason.iter().map(|(reason, passed)| (*reason, passed))
    }

    /// Number of files that look like images.
    pub fn images(&self) -> usize {
        self.by_reason.values().map(|passed| passed.images).sum()
    }

    /// One line per reason, with the number of files and the first name.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.by_reason.iter().map(|(reason, passed)| line(*reason, passed))
    }

    /// Counts a file or a link with the parts of its name.
    pub(crate) fn note(&mut self, reason: PassedOverReason, parts: &[String]) {
        self.add(reason, parts, false);
    }

    /// Counts a file with the parts of its name. In a class folder a file without an extension looks like an image.
    fn add(&mut self, reason: PassedOverReason, parts: &[String], in_class_folder: bool) {
        let name = parts.last().map_or("", String::as_str);
        let extension = extension(name);
        let passed = self.by_reason.entry(reason).or_default();
        let full_name = parts.join("/");
        if passed.count == 0 || full_name < passed.first {
            passed.first = full_name;
        }
        passed.count += 1;
        let lacks_extension = extension.is_empty() && in_class_folder;
        passed.images += usize::from(lacks_extension || is_image_name(name) || has_other_format(name));
        let extension = if extension.is_empty() { extension } else { format!(".{extension}") };
        *passed.extensions.entry(extension).or_default() += 1;
    }

    /// Whether a file is an image by its name. Every other file is counted, but for those that operating systems leave
    /// and the mark of generated images.
    pub(crate) fn is_image(&mut self, parts: &[String], in_class_folder: bool) -> bool {
        let name = parts.last().map_or("", String::as_str);
        if parts.iter().any(|part| part == MACOS_FOLDER)
            || name.starts_with(MACOS_TWIN)
            || SYSTEM_FILES.contains(&name)
        {
            return false;
        }
        if parts.iter().any(|part| part.starts_with('.')) {
            self.note(PassedOverReason::Hidden, parts);
            return false;
        }
        let is_image = is_image_name(name);
        if !is_image && !name.ends_with(SYNTHETIC_MARKER) {
            self.add(PassedOverReason::OtherType, parts, in_class_folder);
        }
        is_image
    }
}

fn line(reason: PassedOverReason, passed: &PassedOverFiles) -> String {
    let (count, first) = (passed.count, &passed.first);
    let counted = |one: &str, many: &str| {
        if count == 1 { format!("{one}: {first}") } else { format!("{count} {many}, {first} first") }
    };
    match reason {
        PassedOverReason::OtherType => {
            let kinds: Vec<String> = passed
                .extensions
                .iter()
                .map(|(extension, count)| match extension.as_str() {
                    "" => format!("{count} without an extension"),
                    extension => format!("{count} {extension}"),
                })
                .collect();
            let are = if count == 1 { "file is of another type" } else { "files are of other types" };
            format!("{count} {are} ({}), {first} first", kinds.join(", "))
        }
        PassedOverReason::Hidden => counted("1 file is hidden", "files are hidden"),
        PassedOverReason::BrokenLink => counted("1 link leads nowhere", "links lead nowhere"),
        PassedOverReason::Circle => {
            counted("1 link leads to a folder that it lies in", "links lead to folders that they lie in")
        }
        PassedOverReason::Repeated => counted(
            "1 link leads to a folder that is read already",
            "links lead to folders that are read already",
        ),
        PassedOverReason::Special => {
            counted("1 file is a pipe, a socket or a device", "files are pipes, sockets or devices")
        }
        PassedOverReason::LinkInZip => counted(
            "1 entry is a link, which zips are not read through",
            "entries are links, which zips are not read through",
        ),
        PassedOverReason::RepeatedRow => {
            counted("1 row repeats an earlier one", "rows repeat an earlier one")
        }
        PassedOverReason::SameName => {
            "several entries have the same name; the last of each is read".to_owned()
        }
    }
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
            "Uninfected/desktop.ini",
            "cell_images/SYNTHETIC.txt",
            "Parasitized/a.PNG",
            "Parasitized/b.jpeg",
        ]);
        assert_eq!(images, ["Parasitized/a.PNG", "Parasitized/b.jpeg"]);
        assert_eq!(passed, PassedOver::default());
    }

    #[test]
    fn all_other_files_are_counted_by_reason_and_extension() {
        let (images, passed) = judged(&[
            "Parasitized/a.gif",
            "Parasitized/b.GIF",
            "Uninfected/c.dcm",
            "Uninfected/without",
            "Uninfected/notes.txt",
            "README.txt",
            "pictures/d.heic",
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
                "7 files are of other types (1 without an extension, 1 .dcm, 2 .gif, 1 .heic, 2 .txt), Parasitized/a.gif first",
                "3 files are hidden, .git/config first",
            ]
        );
    }
}
