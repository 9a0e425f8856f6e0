//! An image file of a dataset with its names, class, group and part.

use ranklab_settings::Class;

use crate::part::Part;

/// An image file with its names, class, group and part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// Name within the folder or zip, or path in the table.
    pub file: String,
    /// Path from the class folder on, or path in the table, independent of the dataset's location. Outside of class
    /// folders it equals `file`.
    pub name: String,
    /// Class of the nearest class folder around the file, or of its row in a table.
    pub class: Option<Class>,
    /// Group in a table; folders and zips give none.
    pub group: Option<String>,
    /// The part of a split that a folder around the file or its row in a table gives.
    pub part: Option<Part>,
}
