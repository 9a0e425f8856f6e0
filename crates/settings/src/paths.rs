//! Absolute paths of images and weights.

use crate::{Error, data::SYNTHETIC, model::NAMED_WEIGHTS};

/// Whether a dataset or weights are given by a name in place of a path.
pub fn is_name(path: &str) -> bool {
    path == SYNTHETIC || NAMED_WEIGHTS.contains(&path)
}

/// The absolute form of a path; names of datasets and weights stay as they are.
///
/// # Errors
/// When the current folder is unknown or its path is not text.
pub fn absolute(path: &str) -> Result<String, Error> {
    if is_name(path) || path.is_empty() {
        return Ok(path.to_owned());
    }
    let whole =
        std::path::absolute(path).map_err(|reason| Error::CurrentFolder { path: path.into(), reason })?;
    whole.into_os_string().into_string().map_err(|whole| {
        Error::Setting(format!(
            "{whole:?} is not UTF-8 text and cannot be recorded; work in a folder whose path is UTF-8 text, or give the path of a link"
        ))
    })
}
