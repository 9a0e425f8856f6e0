//! Finds absent images and weights before any image is read.

use std::{collections::HashSet, path::Path};

use ranklab_data::ImageSource;
use ranklab_settings::{ClassScheme, RANDOM_WEIGHTS, SYNTHETIC, TrialConfig};

use crate::{adapter_folder::AdapterFolder, recorded_paths::locate, weights::read_named};

/// Problems with the datasets and weights of `trials`, one line each: images that cannot be listed and weights that
/// cannot be read.
pub fn missing_sources<'a>(
    trials: impl IntoIterator<Item = &'a TrialConfig>,
    runs_folder: &Path,
    imagenet_weights: &Path,
) -> Vec<String> {
    let (mut checked, mut problems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for config in trials {
        let mut config = config.clone();
        if let Err(problem) = locate(&mut config, runs_folder) {
            problems.push(problem.to_string());
            continue;
        }
        let scheme = config.data.scheme();
        let dataset = config.data.dataset;
        if !checked.contains(&dataset) {
            let listed =
                if dataset == SYNTHETIC { Ok(()) } else { check_dataset(Path::new(&dataset), &scheme) };
            problems.extend(listed.err().map(|problem| with_advice_on_lists(problem, "dataset", &dataset)));
            checked.push(dataset);
        }
        if let Some(folder) = config.adapter.as_ref().and_then(|adapter| adapter.start.as_ref())
            && !checked.contains(folder)
        {
            problems.extend(AdapterFolder::read(Path::new(folder)).err().map(|problem| problem.to_string()));
            checked.push(folder.clone());
        }
        let name = config.model.weights;
        if name != RANDOM_WEIGHTS && !checked.contains(&name) {
            let read = read_named(&name, imagenet_weights).map(drop);
            problems.extend(
                read.err().map(|problem| with_advice_on_lists(problem.to_string(), "weights", &name)),
            );
            checked.push(name);
        }
    }
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems
}

/// Checks a folder or zip of images by its list of files.
fn check_dataset(path: &Path, scheme: &ClassScheme) -> Result<(), String> {
    let source = ImageSource::open(path, scheme).map_err(|problem| problem.to_string())?;
    if source.files().is_empty() { Err(format!("no images at {}", path.display())) } else { Ok(()) }
}

/// Adds advice on several paths to a problem, if the path looks like a list.
fn with_advice_on_lists(problem: String, key: &str, path: &str) -> String {
    if path.contains(',') && !Path::new(path).exists() {
        return format!("{problem}; a path is one value; to give several, repeat the key: {key}=a {key}=b");
    }
    problem
}
