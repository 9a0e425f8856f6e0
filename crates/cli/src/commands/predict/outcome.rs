//! What came out of a prediction: what predicted, and the calls of images and groups.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use ranklab_report::NotConverged;
use ranklab_runs::{FinishedRun, Prediction, Predictions, configuration_name, short_hash};
use ranklab_settings::ClassScheme;

use crate::ui::{convergence::warning_lines, saturation::saturation_warning};

/// The threshold in use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Called {
    /// Probability from which an image is called positive.
    pub(super) threshold: f64,
    /// Where it comes from, in words.
    pub(super) source: String,
}

/// The predictions of a group's images.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) images: usize,
    /// Images that are called positive.
    pub(super) positive: usize,
    pub(super) mean_probability: f64,
}

/// Everything that the output shows.
pub(super) struct Outcome<'a> {
    pub(super) run: &'a FinishedRun,
    pub(super) device: &'a str,
    pub(super) called: Called,
    /// Why the run did not converge, where it did not.
    pub(super) not_converged: Option<NotConverged>,
    pub(super) predictions: Predictions,
}

impl Outcome<'_> {
    /// What to be careful about, a line each: a run that did not converge, and probabilities that rank nothing.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.not_converged.iter().flat_map(warning_lines).collect();
        let probabilities: Vec<f64> = self.predictions.images.iter().map(|image| image.probability).collect();
        lines.extend(saturation_warning(&probabilities));
        lines
    }

    /// The classes of the run's images.
    pub(super) fn scheme(&self) -> ClassScheme {
        self.run.config.data.scheme()
    }

    /// Whether an image is called positive.
    pub(super) fn is_positive(&self, prediction: &Prediction) -> bool {
        prediction.probability >= self.called.threshold
    }

    /// The name of the class that an image is called.
    pub(super) fn class(&self, prediction: &Prediction) -> String {
        let ClassScheme { positive, negative, .. } = self.scheme();
        if self.is_positive(prediction) { positive } else { negative }
    }

    /// The groups by name; images without a group are in none, and a file that was given twice counts once.
    pub(super) fn groups(&self) -> Vec<Group> {
        let groups = by_group(&self.predictions.images);
        let group = |(name, images): (&str, Vec<&Prediction>)| Group {
            name: name.to_owned(),
            images: images.len(),
            positive: images.iter().filter(|image| self.is_positive(image)).count(),
            mean_probability: images.iter().map(|image| image.probability).sum::<f64>() / images.len() as f64,
        };
        groups.into_iter().map(group).collect()
    }

    /// What predicted, a line each: the run, its weights and preprocessing, and the threshold.
    pub(super) fn facts(&self) -> Vec<String> {
        let (row, data) = (&self.run.row, &self.run.config.data);
        let origin = match &row.result {
            Some(result) => format!(
                "trained on {} images of {} (state {})",
                row.start.train_images,
                row.start.dataset,
                short_hash(&result.model_hash)
            ),
            None => format!("imported from {}", row.start.dataset),
        };
        vec![
            format!("run {}: {}, {origin}", row.id, configuration_name(row)),
            format!(
                "trunk weights {} ({}), images {size} × {size} pixels resized by {}, device {}",
                row.start.weights,
                short_hash(&row.start.weights_hash),
                data.resize.name(),
                self.device,
                size = data.image_size
            ),
            format!(
                "{} from probability {:.4} on: {}",
                data.scheme().positive,
                self.called.threshold,
                self.called.source
            ),
        ]
    }
}

/// The images of each group, each file once.
fn by_group(images: &[Prediction]) -> BTreeMap<&str, Vec<&Prediction>> {
    let mut groups: BTreeMap<&str, Vec<&Prediction>> = BTreeMap::new();
    let mut counted = HashSet::new();
    for image in images {
        if let Some(group) = &image.group
            && counted.insert(file(&image.image))
        {
            groups.entry(group).or_default().push(image);
        }
    }
    groups
}

/// One path for all spellings of an image's path; a file within a zip is on no disk.
fn file(image: &str) -> PathBuf {
    let path = Path::new(image);
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_given_again_counts_once_in_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let given = |name: &str| folder.path().join(name).display().to_string();
        fs::write(given("a.png"), "x").unwrap();
        let names = ["a.png", "./a.png", "a.png", "cells.zip/a.png", "cells.zip/a.png", "b.png"];
        let image = |name: &&str| Prediction {
            image: given(name),
            group: (*name != "b.png").then(|| "p1".to_owned()),
            probability: 0.5,
            place: 0,
        };
        let images: Vec<Prediction> = names.iter().map(image).collect();
        assert_eq!(by_group(&images)["p1"].len(), 2);
    }
}
