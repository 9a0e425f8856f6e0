//! Tables that list images, as datasets.

use std::{ffi::OsStr, path::Path};

/// Extensions of tables.
const EXTENSIONS: [&str; 2] = ["csv", "parquet"];

/// Whether a dataset is a table that lists images, by the extension of its path.
pub fn is_table(dataset: &str) -> bool {
    let extension = Path::new(dataset).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}
