//! Predictions as a page in the folder of reports.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ranklab_files::{create_folder, replace};
use ranklab_report::{PredictedGroup, PredictedImage, PredictionsPage, render_predictions};
use ranklab_runs::{PredictedPicture, UnlabelledImages, pictures};
use ranklab_trainer::WholeNetwork;

use super::outcome::Outcome;
use crate::ui::output::log;

/// Images whose pictures the page shows; a page of more would be too large to open.
const PICTURES: usize = 500;

/// Writes the page and returns its path. A page of the same run is replaced.
///
/// # Errors
/// When an image cannot be explained and when the page cannot be written.
pub(super) fn write(
    outcome: &Outcome<'_>,
    network: &WholeNetwork<'_>,
    images: &UnlabelledImages,
    explain: bool,
    reports: &Path,
) -> anyhow::Result<PathBuf> {
    let predicted = &outcome.predictions.images;
    let places: Vec<usize> = predicted.iter().take(PICTURES).map(|image| image.place).collect();
    if predicted.len() > PICTURES {
        log(format_args!("note: the page shows pictures of the first {PICTURES} images"));
    }
    let pictures = pictures(network, images, &places, explain)?;
    let content = render_predictions(&content(outcome, pictures));
    let folder = reports.join(format!("predictions-run-{}", outcome.run.row.id));
    let path = folder.join("index.html");
    create_folder(&folder).and_then(|()| replace(&path, content.as_bytes())).with_context(|| {
        format!("cannot write the page {}; choose a folder with `--reports-folder`", path.display())
    })?;
    Ok(path)
}

fn content(outcome: &Outcome<'_>, pictures: Vec<PredictedPicture>) -> PredictionsPage {
    let mut pictures = pictures.into_iter();
    let images = outcome.predictions.images.iter().map(|image| {
        let picture = pictures.next();
        let (png, heat) = picture.map_or((None, None), |picture| (Some(picture.png), picture.heat));
        PredictedImage {
            image: image.image.clone(),
            group: image.group.clone(),
            probability: image.probability,
            class: outcome.class(image),
            png,
            heat,
        }
    });
    let groups = outcome.groups().into_iter().map(|group| PredictedGroup {
        group: group.name,
        images: group.images,
        positive: group.positive,
        mean_probability: group.mean_probability,
    });
    PredictionsPage {
        title: format!("Predictions of run {}", outcome.run.row.id),
        facts: outcome.facts().into_iter().chain(outcome.warnings()).collect(),
        positive: outcome.scheme().positive,
        nouns: outcome.run.config.data.nouns(),
        images: images.collect(),
        groups: groups.collect(),
        unreadable: outcome.predictions.unreadable.clone(),
    }
}
