//! Predictions of a finished run on images without labels.

use std::{collections::BTreeMap, ops::ControlFlow};

use ranklab_data::LooseImage;
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
/// When the device gives no values back, a probability is no number, or `watch` answers to stop.
pub fn predict(
    network: &WholeNetwork<'_>,
    images: &UnlabelledImages,
    group: &GroupRule,
    watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Predictions, Error> {
    let all: Vec<usize> = (0..images.count()).collect();
    let probabilities = network.probabilities(images, &all, watch)?;
    place(images.images().images(), &probabilities, &images.unreadable(), group)
}

/// The probability of each image, or why it cannot be read.
fn place(
    images: &[LooseImage],
    probabilities: &[f64],
    unreadable: &BTreeMap<usize, String>,
    group: &GroupRule,
) -> Result<Predictions, Error> {
    let mut predictions = Predictions::default();
    for (place, (image, &probability)) in images.iter().zip(probabilities).enumerate() {
        match unreadable.get(&place) {
            Some(problem) => predictions.unreadable.push((image.name.clone(), problem.clone())),
            None if !probability.is_finite() => {
                return Err(Error::NoProbability { image: image.name.clone() });
            }
            None => predictions.images.push(Prediction {
                image: image.name.clone(),
                group: image.group(group).map(str::to_owned),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use ranklab_data::{LooseImages, unwatched};
    use ranklab_settings::ClassScheme;

    use super::*;

    #[test]
    fn a_probability_that_is_no_number_is_an_error_and_no_call() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a.png", "b.png"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "x").unwrap());
        let images = LooseImages::open(&paths, &ClassScheme::default(), &unwatched).unwrap();
        let placed = |unreadable: &BTreeMap<usize, String>| {
            place(images.images(), &[0.5, f64::NAN], unreadable, &GroupRule::default())
        };
        let problem = placed(&BTreeMap::new()).unwrap_err().to_string();
        assert!(problem.contains("no probability for") && problem.contains("b.png"), "{problem}");
        // What stands for an image that cannot be read decides nothing.
        let found = placed(&BTreeMap::from([(1, "damaged".to_owned())])).unwrap();
        assert_eq!((found.images.len(), found.unreadable.len()), (1, 1));
    }
}
