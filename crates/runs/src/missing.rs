//! Finds absent images and weights before any image is read.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use ranklab_data::ImageSource;
use ranklab_settings::{ClassScheme, RANDOM_WEIGHTS, SYNTHETIC, TrialConfig};

use crate::{
    Error, adapter_folder::AdapterFolder, recorded_paths::locate, start_adapter::check_start,
    weights::read_named,
};

/// Problems with the datasets, weights and starting adapters of `trials`, one line each: images that cannot be listed,
/// files that cannot be read, and adapters whose folder contradicts the settings.
pub fn missing_sources<'a>(
    trials: impl IntoIterator<Item = &'a TrialConfig>,
    runs_folder: &Path,
    imagenet_weights: &Path,
) -> Vec<String> {
    let (mut checked, mut problems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut starts = Starts::default();
    for config in trials {
        let mut config = config.clone();
        if let Err(problem) = locate(&mut config, runs_folder) {
            problems.push(problem.to_string());
            continue;
        }
        let start = starts.check(&config, imagenet_weights);
        let scheme = config.data.scheme();
        let dataset = config.data.dataset;
        if !checked.contains(&dataset) {
            let listed =
                if dataset == SYNTHETIC { Ok(()) } else { check_dataset(Path::new(&dataset), &scheme) };
            problems.extend(listed.err().map(|problem| with_advice_on_lists(problem, "dataset", &dataset)));
            checked.push(dataset);
        }
        problems.extend(start.err().map(|problem| problem.to_string()));
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

/// Adapters that trials start from, and the hashes of trunks, each read once.
#[derive(Default)]
struct Starts {
    adapters: HashMap<String, AdapterFolder>,
    trunks: HashMap<String, Option<String>>,
}

impl Starts {
    /// Checks the adapter that a trial starts from, where it starts from one.
    fn check(&mut self, config: &TrialConfig, imagenet_weights: &Path) -> Result<(), Error> {
        let Some(adapter) = &config.adapter else { return Ok(()) };
        let Some(start) = &adapter.start else { return Ok(()) };
        let folder = Path::new(start);
        if !self.adapters.contains_key(start) {
            self.adapters.insert(start.clone(), AdapterFolder::read(folder)?);
        }
        let weights = &config.model.weights;
        if !self.trunks.contains_key(weights) {
            // Weights that cannot be read are a problem of their own.
            let hash = read_named(weights, imagenet_weights).ok().map(|weights| weights.hash);
            self.trunks.insert(weights.clone(), hash);
        }
        let trunk = self.trunks.get(weights).and_then(Option::as_deref);
        match self.adapters.get(start) {
            Some(read) => check_start(folder, &read.adapter, &config.data, adapter, trunk),
            None => Ok(()),
        }
    }
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
