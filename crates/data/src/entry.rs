//! One usable image: its names, class, group, part, size and content hash.

use ranklab_settings::Class;

use crate::part::Part;

/// One usable image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Name within the folder or zip.
    pub file: String,
    /// Name in manifests and reports: the path from its class folder on, independent of the location of the dataset.
    pub name: String,
    /// Class of the image.
    pub class: Class,
    /// Group (the patient); equals `name` if the rule finds none.
    pub group: String,
    /// The part of a split that the dataset gives it, if any.
    pub part: Option<Part>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// SHA-256 of the file, hexadecimal.
    pub content_hash: String,
}

impl ManifestEntry {
    /// Whether the group rule finds a group in the name.
    pub fn has_group(&self) -> bool {
        self.group != self.name
    }
}
