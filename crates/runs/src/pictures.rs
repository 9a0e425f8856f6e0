//! Pictures of test images with the heat that explains a run's calls, for a report's galleries.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use ranklab_data::encode_png;
use ranklab_files::sha256;
use ranklab_settings::{DataConfig, SplitConfig, TrialConfig};
use ranklab_store::{ArtifactRow, RunRow};
use ranklab_trainer::{ImageLoader, Stop, Trial};
use ranklab_zoo::Explanation;

use crate::{
    Error,
    dataset::Dataset,
    device::DeviceOf,
    locations::Locations,
    names::Names,
    overlay::overlay,
    recorded_paths::locate,
    short_hash::short_hash,
    weights::{KnownWeights, load_weights},
};

/// Kind of the artifact that holds a run's trained state.
const MODEL: &str = "model";
/// Largest distance between a probability computed again and the stored one that rounding explains.
const SAME: f64 = 0.01;

/// A test image of a run that is to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its name.
    pub image: String,
    /// The run's stored probability of the positive class.
    pub probability: f64,
}

/// A test image as the network sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The image's name.
    pub image: String,
    /// PNG file.
    pub png: Vec<u8>,
    /// PNG file of the same under the heat of Grad-CAM, where the run's weights were there.
    pub heat: Option<Vec<u8>>,
}

/// What is left of a run's images and weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// In the order asked for; empty when the images are not there.
    pub pictures: Vec<Picture>,
    /// In one line, what is missing and why.
    pub missing: Option<String>,
}

/// Opens image sets and trunks once for several runs.
#[derive(Debug, Default)]
pub struct Gallery {
    datasets: Vec<(String, Dataset)>,
    weights: Vec<(String, KnownWeights)>,
}

impl Gallery {
    /// Pictures of test images of a finished run. What is missing, or not what the run saw, is said and
    /// not shown: images whose set has another hash, a trunk or a trained state with another hash, and
    /// heat of a state that no longer gives the stored probabilities.
    pub fn pictures(
        &mut self,
        run: &RunRow,
        artifacts: &[ArtifactRow],
        shown: &[Shown],
        locations: &Locations,
        device_of: DeviceOf<'_>,
    ) -> Pictures {
        let no_pictures = |problem: String| Pictures {
            pictures: Vec::new(),
            missing: Some(format!("Images of run {} are not shown: {problem}", run.id)),
        };
        let mut config: TrialConfig = match serde_json::from_str(&run.start.config) {
            Ok(config) => config,
            Err(problem) => return no_pictures(format!("its configuration cannot be read ({problem})")),
        };
        let opened =
            locate(&mut config, &locations.runs_folder).and_then(|_| self.open(&config.data, locations));
        if let Err(problem) = opened {
            return no_pictures(problem.to_string());
        }
        let key = format!("{:?}", images_of(&config.data));
        let Some((_, dataset)) = self.datasets.iter().find(|(opened, _)| *opened == key) else {
            return no_pictures("they were not opened".to_owned());
        };
        let then = &run.start.image_set_hash;
        if dataset.images.hash != *then && !dataset.former_hashes().contains(then) {
            return no_pictures(format!(
                "the images at {} are not those that it saw: their hash was {} and now is {}",
                config.data.dataset,
                short_hash(then),
                short_hash(&dataset.images.hash)
            ));
        }
        // A run of an earlier version may know its images by other names.
        let names = Names::of(&dataset.images);
        let name = |former: &str| names.now(former).map_or_else(|| former.to_owned(), str::to_owned);
        let places: Result<Vec<usize>, String> =
            shown.iter().map(|one| place(dataset, &name(&one.image))).collect();
        let pixels = places.and_then(|places| Ok((dataset.load(&places)?, places)));
        let (pixels, places) = match pixels {
            Ok(found) => found,
            Err(problem) => return no_pictures(problem),
        };
        let images: Vec<&[u8]> = pixels.chunks_exact(dataset.size().pow(2) * 3).collect();
        let explained =
            explain(&mut self.weights, run, &config, artifacts, dataset, &places, locations, device_of)
                .and_then(|explanations| {
                    let same = |(one, shown): (&Explanation, &Shown)| {
                        (one.probability() - shown.probability).abs() <= SAME
                    };
                    if explanations.iter().zip(shown).all(same) {
                        Ok(explanations)
                    } else {
                        Err("its stored weights give other probabilities than those stored".to_owned())
                    }
                });
        let size = dataset.size();
        let picture = |(number, (shown, pixels)): (usize, (&Shown, &&[u8]))| -> Result<Picture, String> {
            let heat = explained.as_ref().ok().map(|explanations| {
                encode_png(&overlay(pixels, &explanations[number].upsampled(size)), size)
            });
            Ok(Picture {
                image: shown.image.clone(),
                png: encode_png(pixels, size)?,
                heat: heat.transpose()?,
            })
        };
        let pictures: Result<Vec<Picture>, String> =
            shown.iter().zip(&images).enumerate().map(picture).collect();
        match pictures {
            Ok(pictures) => Pictures {
                pictures,
                missing: explained
                    .err()
                    .map(|problem| format!("Run {} is not explained by Grad-CAM: {problem}", run.id)),
            },
            Err(problem) => no_pictures(problem),
        }
    }

    fn open(&mut self, data: &DataConfig, locations: &Locations) -> Result<(), Error> {
        let data = images_of(data);
        let key = format!("{data:?}");
        if !self.datasets.iter().any(|(opened, _)| *opened == key) {
            let dataset = Dataset::open(&data, locations, &Stop::default(), &mut |_| {})?;
            self.datasets.push((key, dataset));
        }
        Ok(())
    }
}

/// What decides which images are read and how: all but the split.
fn images_of(config: &DataConfig) -> DataConfig {
    DataConfig { split: SplitConfig::default(), ..config.clone() }
}

fn place(dataset: &Dataset, name: &str) -> Result<usize, String> {
    dataset.images.position(name).ok_or_else(|| format!("{name} is not among its images"))
}

/// The explanations, or why there are none.
#[allow(clippy::too_many_arguments, reason = "all that a trial is made of")]
fn explain(
    opened: &mut Vec<(String, KnownWeights)>,
    run: &RunRow,
    config: &TrialConfig,
    artifacts: &[ArtifactRow],
    dataset: &Dataset,
    places: &[usize],
    locations: &Locations,
    device_of: DeviceOf<'_>,
) -> Result<Vec<Explanation>, String> {
    let state = read_state(artifacts, &locations.runs_folder)?;
    let name = &config.model.weights;
    if !opened.iter().any(|(known, _)| known == name) {
        let weights = load_weights(name, locations, &mut |_| {}).map_err(|problem| problem.to_string())?;
        opened.push((name.clone(), weights));
    }
    let weights = opened.iter().find(|(known, _)| known == name).map(|(_, weights)| weights);
    let weights = weights
        .filter(|weights| weights.hash == run.start.weights_hash)
        .ok_or_else(|| format!("the trunk weights `{name}` are not those that it was trained on"))?;
    let device: Device = device_of(&config.device)?;
    let trial = Trial {
        architecture: config.model.architecture,
        adapter: config.adapter.as_ref(),
        weights,
        images: dataset,
        train: &[],
        validation: &[],
        test: &[],
        training: &config.training,
        device: &device,
        device_name: &config.device,
        cache_folder: Path::new(""),
        checkpoint: None,
        stop: &Stop::default(),
    };
    trial.explain(&state, places).map_err(|problem| problem.to_string())
}

/// The trained state, checked against its hash.
fn read_state(artifacts: &[ArtifactRow], runs_folder: &Path) -> Result<Vec<u8>, String> {
    let artifact = artifacts.iter().find(|artifact| artifact.kind == MODEL).ok_or("it stored no weights")?;
    let path = runs_folder.join(&artifact.path);
    let state =
        fs::read(&path).map_err(|problem| format!("{} cannot be read ({problem})", path.display()))?;
    if sha256(&state) != artifact.sha256 {
        return Err(format!("{} is not what it stored", path.display()));
    }
    Ok(state)
}
