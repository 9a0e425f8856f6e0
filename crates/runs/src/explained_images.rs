//! Test images of a run with the heat of Grad-CAM, for the galleries of reports.

use burn::tensor::Device;
use ranklab_data::encode_png;
use ranklab_settings::{DataConfig, SplitConfig};
use ranklab_store::{ArtifactRow, RunRow};
use ranklab_trainer::{ImageLoader, NetworkSettings, Stop};
use ranklab_zoo::Explanation;

use crate::{
    Error, dataset::Dataset, device::DeviceOf, finished_run::FinishedRun, image_names::ImageNames,
    locations::Locations, overlay::overlay, recorded_paths::locate, short_hash::short_hash,
    weights::KnownWeights,
};

/// Largest difference between a recomputed and a stored probability that rounding explains.
const ROUNDING: f64 = 0.01;

/// A test image to explain.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageToExplain {
    /// Name of the image.
    pub image: String,
    /// Stored probability of the positive class.
    pub probability: f64,
}

/// A test image as the network receives it, with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedImage {
    /// Name of the image.
    pub image: String,
    /// PNG file of the image.
    pub png: Vec<u8>,
    /// PNG file of the image under the heat of Grad-CAM; `None` if the run's weights are missing, and where there is no heat.
    pub heat: Option<Vec<u8>>,
    /// Whether Grad-CAM was computed and is 0 everywhere: nothing in the last convolution speaks for the call.
    pub is_without_heat: bool,
}

/// The explained images of a run, and a reason if some are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainedImages {
    /// The images in the requested order; empty if the dataset is missing or changed.
    pub images: Vec<ExplainedImage>,
    /// One line that names what is missing and the reason.
    pub missing: Option<String>,
}

/// Explains images of several runs; datasets and trunk weights are opened once.
#[derive(Debug, Default)]
pub struct ImageExplainer {
    datasets: Vec<(String, Dataset)>,
    weights: Vec<(String, KnownWeights)>,
}

impl ImageExplainer {
    /// Explains test images of a finished run. Images are missing if the dataset has another hash. Heat is missing if
    /// trunk weights or trained state have another hash, or give other probabilities than the stored ones.
    pub fn explain(
        &mut self,
        run: &RunRow,
        artifacts: &[ArtifactRow],
        requested: &[ImageToExplain],
        locations: &Locations,
        device_of: DeviceOf<'_>,
    ) -> ExplainedImages {
        let no_images = |problem: String| ExplainedImages {
            images: Vec::new(),
            missing: Some(format!("Images of run {} are not shown: {problem}", run.id)),
        };
        let mut finished = match FinishedRun::new(run.clone(), artifacts.to_vec()) {
            Ok(finished) => finished,
            Err(problem) => return no_images(problem.to_string()),
        };
        let opened = locate(&mut finished.config, &locations.runs_folder)
            .and_then(|_| self.open(&finished.config.data, locations));
        let config = &finished.config;
        if let Err(problem) = opened {
            return no_images(problem.to_string());
        }
        let key = format!("{:?}", images_of(&config.data));
        let Some((_, dataset)) = self.datasets.iter().find(|(opened, _)| *opened == key) else {
            return no_images("they were not opened".to_owned());
        };
        let then = &run.start.image_set_hash;
        if dataset.images.hash != *then && !dataset.former_hashes().contains(then) {
            return no_images(format!(
                "the images at {} have changed: their hash was {} and now is {}",
                config.data.dataset,
                short_hash(then),
                short_hash(&dataset.images.hash)
            ));
        }
        // A run of an earlier version may have other names for its images.
        let names = ImageNames::of(&dataset.images);
        let name = |former: &str| names.current(former).map_or_else(|| former.to_owned(), str::to_owned);
        let indices: Result<Vec<usize>, String> =
            requested.iter().map(|one| index_of(dataset, &name(&one.image))).collect();
        let pixels = indices.and_then(|indices| Ok((dataset.load(&indices)?, indices)));
        let (pixels, indices) = match pixels {
            Ok(found) => found,
            Err(problem) => return no_images(problem),
        };
        let images: Vec<&[u8]> = pixels.chunks_exact(dataset.size().pow(2) * 3).collect();
        let explained = explanations(&mut self.weights, &finished, dataset, &indices, locations, device_of)
            .and_then(|explanations| {
                let agrees = |(explanation, image): (&Explanation, &ImageToExplain)| {
                    (explanation.probability() - image.probability).abs() <= ROUNDING
                };
                if explanations.iter().zip(requested).all(agrees) {
                    Ok(explanations)
                } else {
                    Err("its stored weights give other probabilities than those stored".to_owned())
                }
            });
        let size = dataset.size();
        let image =
            |(index, (image, pixels)): (usize, (&ImageToExplain, &&[u8]))| -> Result<ExplainedImage, String> {
                let heat = explained.as_ref().ok().map(|explanations| explanations[index].upsampled(size));
                let is_without_heat =
                    heat.as_ref().is_some_and(|heat| heat.iter().all(|value| *value <= 0.0));
                let heat = heat.filter(|_| !is_without_heat);
                let heat = heat.map(|heat| encode_png(&overlay(pixels, &heat), size));
                Ok(ExplainedImage {
                    image: image.image.clone(),
                    png: encode_png(pixels, size)?,
                    heat: heat.transpose()?,
                    is_without_heat,
                })
            };
        let explained_images: Result<Vec<ExplainedImage>, String> =
            requested.iter().zip(&images).enumerate().map(image).collect();
        match explained_images {
            Ok(images) => ExplainedImages {
                images,
                missing: explained
                    .err()
                    .map(|problem| format!("Run {} is not explained by Grad-CAM: {problem}", run.id)),
            },
            Err(problem) => no_images(problem),
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

/// The settings that decide which images are read and how: all but the split.
fn images_of(config: &DataConfig) -> DataConfig {
    DataConfig { split: SplitConfig::default(), ..config.clone() }
}

fn index_of(dataset: &Dataset, name: &str) -> Result<usize, String> {
    dataset.images.position(name).ok_or_else(|| format!("{name} is not among its images"))
}

/// The explanations of images.
///
/// # Errors
/// When weights or state are missing or changed, with the reason.
fn explanations(
    opened: &mut Vec<(String, KnownWeights)>,
    run: &FinishedRun,
    dataset: &Dataset,
    indices: &[usize],
    locations: &Locations,
    device_of: DeviceOf<'_>,
) -> Result<Vec<Explanation>, String> {
    let state = run.state(&locations.runs_folder).map_err(|problem| problem.to_string())?;
    let name = &run.config.model.weights;
    if !opened.iter().any(|(known, _)| known == name) {
        let weights = run.weights(locations, &mut |_| {}).map_err(|problem| problem.to_string())?;
        opened.push((name.clone(), weights));
    }
    let weights = opened.iter().find(|(known, _)| known == name).map(|(_, weights)| weights);
    let weights = weights
        .filter(|weights| weights.hash == run.row.start.weights_hash)
        .ok_or_else(|| format!("the trunk weights `{name}` are not those that it was trained on"))?;
    let device: Device = device_of(&run.config.device)?;
    let settings = NetworkSettings { image_size: dataset.size(), ..run.settings() };
    settings
        .open(weights, Some(&state), &device)
        .and_then(|network| network.explain(dataset, indices))
        .map_err(|problem| problem.to_string())
}
