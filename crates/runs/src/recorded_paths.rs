//! Finds images and weights that earlier versions recorded with relative paths.

use std::path::{Path, PathBuf};

use ranklab_settings::{TrialConfig, absolute, is_name};

use crate::Error;

/// Makes the paths of a recorded configuration absolute, and returns a notice for each changed one. Earlier versions
/// recorded paths relative to the folder of the command. The parent of the runs folder is tried first, then the current
/// folder.
///
/// # Errors
/// When a relative path exists in neither folder.
pub fn locate(config: &mut TrialConfig, runs_folder: &Path) -> Result<Vec<String>, Error> {
    let mut notices = locate_one("dataset", &mut config.data.dataset, runs_folder)?;
    notices.extend(locate_weights(config, runs_folder)?);
    Ok(notices)
}

/// [`locate`] for the weights alone, where the images are not needed.
///
/// # Errors
/// When a relative path exists in neither folder.
pub(crate) fn locate_weights(config: &mut TrialConfig, runs_folder: &Path) -> Result<Vec<String>, Error> {
    locate_one("weights", &mut config.model.weights, runs_folder)
}

/// Makes one path absolute, and returns a notice if it changed.
fn locate_one(what: &'static str, path: &mut String, runs_folder: &Path) -> Result<Vec<String>, Error> {
    if is_name(path) || Path::new(path.as_str()).is_absolute() {
        return Ok(Vec::new());
    }
    let candidates = candidates(path, runs_folder);
    let Some(found) = candidates.iter().find(|candidate| candidate.exists()) else {
        let tried: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::Unlocated { what, path: path.clone(), looked: tried.join(" or at ") });
    };
    let found = absolute(&found.to_string_lossy())?;
    let notice = format!("{what} {path} was recorded without its folder; using {found}");
    *path = found;
    Ok(vec![notice])
}

/// The absolute paths to try for a recorded relative path, without repetitions.
fn candidates(path: &str, runs_folder: &Path) -> Vec<PathBuf> {
    let runs_folder = runs_folder.canonicalize().unwrap_or_else(|_| runs_folder.to_owned());
    let beside_runs = runs_folder.parent().map(|folder| folder.join(path));
    let here = std::path::absolute(path).ok();
    let mut paths: Vec<PathBuf> = beside_runs.into_iter().chain(here).collect();
    paths.dedup();
    paths
}
