//! Predictions of a finished run on images without labels.

use std::ops::ControlFlow;

use ranklab_settings::GroupRule;
use ranklab_trainer::{ImageLoader, WholeNetwork};
use ranklab_zoo::Explanation;

use crate::{Error, unlabelled::UnlabelledImages};

/// An image with the probability that a network gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The image's path as the user would write it.
    pub image: String,
    /// Its group, where the rule of the run's images finds one.
    pub group: Option<String>,
    /// Probability of the positive class.
    pub probability: f64,
    /// Its place among the images.
    pub place: usize,
}

/// Predictions of all images that can be read, and the others with the reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// In the order of the images.
    pub images: Vec<Prediction>,
    /// Path of each image that cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}

/// Predicts all images. `watch` receives the number of finished images and answers whether to go on.
///
/// # Errors
/// When the device gives no values back or `watch` answers to stop.
pub fn predict(
    network: &WholeNetwork<'_>,
    images: &UnlabelledImages,
    group: &GroupRule,
    watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Predictions, Error> {
    let all: Vec<usize> = (0..images.count()).collect();
    let probabilities = network.probabilities(images, &all, watch)?;
    let unreadable = images.unreadable();
    let mut predictions = Predictions::default();
    for (place, (image, probability)) in images.images().images().iter().zip(probabilities).enumerate() {
        match unreadable.get(&place) {
            Some(problem) => predictions.unreadable.push((image.name.clone(), problem.clone())),
            None => predictions.images.push(Prediction {
                image: image.name.clone(),
                group: group.group_of(&image.within).map(str::to_owned),
                probability,
                place,
            }),
        }
    }
    Ok(predictions)
}

/// A predicted image as the network receives it, with the heat of Grad-CAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictedPicture {
    /// PNG file of the image.
    pub png: Vec<u8>,
    /// PNG file of the image under the heat; `None` where it was not asked for, and where there is no heat.
    pub heat: Option<Vec<u8>>,
}

/// The pictures of predicted images, by their places. With `explain`, each is explained by Grad-CAM.
///
/// # Errors
/// When an image cannot be encoded or the device gives no values back.
pub fn pictures(
    network: &WholeNetwork<'_>,
    images: &UnlabelledImages,
    places: &[usize],
    explain: bool,
) -> Result<Vec<PredictedPicture>, Error> {
    let size = images.size();
    let pixels = images.load(places).map_err(ranklab_trainer::Error::Images)?;
    let explanations: Vec<Explanation> = if explain { network.explain(images, places)? } else { Vec::new() };
    let encoded = |rgb: &[u8]| {
        ranklab_data::encode_png(rgb, size)
            .map_err(|problem| Error::Trainer(ranklab_trainer::Error::Images(problem)))
    };
    let squares = pixels.chunks_exact(size * size * 3).enumerate();
    let picture = |(place, rgb): (usize, &[u8])| {
        let heat = explanations.get(place).map(|explanation| explanation.upsampled(size));
        let heat = heat.filter(|heat| heat.iter().any(|value| *value > 0.0));
        let heat = heat.map(|heat| encoded(&crate::overlay::overlay(rgb, &heat))).transpose()?;
        Ok(PredictedPicture { png: encoded(rgb)?, heat })
    };
    squares.map(picture).collect()
}
