//! Pictures for the galleries of a report: cells from the images, Grad-CAM from the weights of its runs.

use std::sync::Arc;

use ranklab_report::{CellPicture, CellPictures, ReportData, WantedCells, wanted_pictures};
use ranklab_runs::{ImageExplainer, ImageToExplain};
use ranklab_store::Store;

use crate::{device::device, folders::Folders};

/// Runs whose missing pictures are explained; further ones are only counted.
const EXPLAINED_RUNS: usize = 3;

/// The pictures that a report asks for, from images and weights that are still those of its runs.
pub(crate) async fn pictures(
    data: &ReportData,
    store: &Store,
    folders: &Folders,
    explain: Option<i64>,
) -> anyhow::Result<CellPictures> {
    let locations = folders.locations();
    let mut explainer = ImageExplainer::default();
    let mut found = CellPictures::default();
    let mut incomplete_runs = 0;
    for WantedCells { run, cells } in wanted_pictures(data, explain)? {
        let Some(row) = data.runs.iter().map(|known| &known.row).find(|row| row.id == run) else { continue };
        let artifacts = store.artifacts(run).await?;
        let requested: Vec<ImageToExplain> = cells
            .iter()
            .map(|(image, probability)| ImageToExplain {
                image: image.to_string(),
                probability: *probability,
            })
            .collect();
        let of_run = explainer.explain(row, &artifacts, &requested, &locations, &device);
        for picture in of_run.images {
            let heat = picture.heat.map(|heat| (run, heat));
            let is_without_heat = picture.is_without_heat;
            let shown = CellPicture { png: picture.png, heat, is_without_heat };
            found.of.insert(Arc::from(picture.image.as_str()), shown);
        }
        if let Some(missing) = of_run.missing {
            incomplete_runs += 1;
            if incomplete_runs <= EXPLAINED_RUNS {
                // A message of a library may have several lines.
                found.missing.push(missing.split_whitespace().collect::<Vec<_>>().join(" ") + ".");
            }
        }
    }
    if incomplete_runs > EXPLAINED_RUNS {
        found
            .missing
            .push(format!("Pictures of {} more runs are missing as well.", incomplete_runs - EXPLAINED_RUNS));
    }
    Ok(found)
}
