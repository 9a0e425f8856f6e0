//! Paths of images and weights: absolute when settings are read, and where to look for the relative ones that earlier
//! versions recorded.

use std::path::{Path, PathBuf};

use ranklab_data::SYNTHETIC;

use crate::{Error, sources::WEIGHTS_NAMES, trial::TrialConfig};

/// Whether a dataset or weights are named by a word, and not by where they lie.
fn is_name(path: &str) -> bool {
    path == SYNTHETIC || WEIGHTS_NAMES.contains(&path)
}

/// A path from the root on; names of datasets and weights stay as they are.
///
/// # Errors
/// When the current folder is not known or its path is not text.
pub(crate) fn absolute(path: &str) -> Result<String, Error> {
    if is_name(path) || path.is_empty() {
        return Ok(path.to_owned());
    }
    let whole = std::path::absolute(path).map_err(|source| Error::Io {
        action: "finding the current folder for",
        path: path.into(),
        source,
    })?;
    whole.into_os_string().into_string().map_err(|whole| {
        Error::Setting(format!(
            "{whole:?} is not UTF-8 text, as recorded paths are; work in a folder whose path is, or give the path of a link"
        ))
    })
}

/// Gives a recorded configuration absolute paths. Earlier versions recorded paths relative to the folder that their
/// command ran in: they are looked for from the folder that holds the runs folder, then from the current one. One
/// line says for each what was found where.
///
/// # Errors
/// When a relative path leads nowhere from either folder.
pub(crate) fn locate(config: &mut TrialConfig, runs_folder: &Path) -> Result<Vec<String>, Error> {
    let mut notices = Vec::new();
    for (what, path) in [("dataset", &mut config.data.dataset), ("weights", &mut config.model.weights)] {
        if is_name(path) || Path::new(path.as_str()).is_absolute() {
            continue;
        }
        let places = candidates(path, runs_folder);
        let Some(found) = places.iter().find(|place| place.exists()) else {
            let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            return Err(Error::Setting(format!(
                "{what} {path}: an earlier version recorded this path without its folder, and there is nothing at {}; repeat the command from the folder where {path} lies",
                looked.join(" or at ")
            )));
        };
        let place = absolute(&found.to_string_lossy())?;
        notices.push(format!("{what} {path} was recorded without its folder: {place} is taken"));
        *path = place;
    }
    Ok(notices)
}

/// Where a relative path of an earlier version may lead, without repetitions.
fn candidates(path: &str, runs_folder: &Path) -> Vec<PathBuf> {
    let runs_folder = runs_folder.canonicalize().unwrap_or_else(|_| runs_folder.to_owned());
    let beside_runs = runs_folder.parent().map(|folder| folder.join(path));
    let here = std::path::absolute(path).ok();
    let mut places: Vec<PathBuf> = beside_runs.into_iter().chain(here).collect();
    places.dedup();
    places
}
