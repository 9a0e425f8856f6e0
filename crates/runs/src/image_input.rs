//! What a run's files for other programs say of its images, classes and calls.

use ranklab_settings::{ImportedThreshold, Probability};
use ranklab_zoo::exchange::ImageInput;

use crate::{finished_run::FinishedRun, threshold::ChosenThreshold};

/// The images that a run takes, its classes, and how it calls and groups them.
pub fn image_input(run: &FinishedRun, threshold: Option<ChosenThreshold>) -> ImageInput<'_> {
    let data = &run.config.data;
    let threshold = threshold.and_then(|chosen| {
        Some(ImportedThreshold { probability: Probability::new(chosen.value)?, images: chosen.images })
    });
    ImageInput {
        size: data.image_size,
        resize: data.resize,
        classes: [&data.negative, &data.positive],
        threshold,
        group: Some(&data.group),
        group_word: data.group_word.as_ref(),
        image_word: data.image_word.as_ref(),
    }
}
