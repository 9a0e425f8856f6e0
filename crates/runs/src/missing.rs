//! Images and weights that a plan names and that are absent, found before anything is read.

use std::{collections::HashSet, path::Path};

use ranklab_data::ImageSource;
use ranklab_settings::{ClassScheme, RANDOM_WEIGHTS, SYNTHETIC, TrialConfig};

use crate::{recorded_paths::locate, weights::read_named};

/// The images that cannot be listed and the weights that cannot be read, of all that `trials` name, a line each.
pub fn missing_sources<'a>(
    trials: impl IntoIterator<Item = &'a TrialConfig>,
    runs_folder: &Path,
    imagenet_weights: &Path,
) -> Vec<String> {
    let (mut known, mut problems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for config in trials {
        let mut config = config.clone();
        if let Err(problem) = locate(&mut config, runs_folder) {
            problems.push(problem.to_string());
            continue;
        }
        let scheme = config.data.scheme();
        let dataset = config.data.dataset;
        if !known.contains(&dataset) {
            let listed =
                if dataset == SYNTHETIC { Ok(()) } else { check_dataset(Path::new(&dataset), &scheme) };
            problems.extend(listed.err().map(|problem| several_paths(problem, "dataset", &dataset)));
            known.push(dataset);
        }
        let name = config.model.weights;
        if name != RANDOM_WEIGHTS && !known.contains(&name) {
            let read = read_named(&name, imagenet_weights).map(drop);
            problems.extend(read.err().map(|problem| several_paths(problem.to_string(), "weights", &name)));
            known.push(name);
        }
    }
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems
}

/// What is wrong with a folder or zip of images, by its list of files alone.
fn check_dataset(path: &Path, scheme: &ClassScheme) -> Result<(), String> {
    let source = ImageSource::open(path, scheme).map_err(|problem| problem.to_string())?;
    if source.files().is_empty() { Err(format!("no images at {}", path.display())) } else { Ok(()) }
}

/// What is wrong with a path, and how to give several where it seems to be a list.
fn several_paths(problem: String, key: &str, path: &str) -> String {
    if path.contains(',') && !Path::new(path).exists() {
        return format!("{problem}; a path is one value: for several repeat the key, {key}=a {key}=b");
    }
    problem
}
