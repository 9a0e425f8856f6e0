//! One usable image: its names, class, group, size and content hash.

use ranklab_settings::Class;

/// One usable image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Name within its folder or zip, by which it is read.
    pub file: String,
    /// Name by which it is known and shown: the path from its class folder on, wherever that lies.
    pub name: String,
    /// Class.
    pub class: Class,
    /// Group (the patient); the image's own name where the rule finds none.
    pub group: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// SHA-256 of the file, hexadecimal.
    pub content_hash: String,
}

impl ManifestEntry {
    /// Whether the rule finds a group in its name.
    pub fn has_group(&self) -> bool {
        self.group != self.name
    }
}
