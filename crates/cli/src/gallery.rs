//! Pictures for a report's galleries: its cells from the images and weights of its runs.

use std::sync::Arc;

use ranklab_report::{CellPicture, CellPictures, ReportData, WantedCells, wanted_pictures};
use ranklab_store::Store;
use ranklab_sweep::{Context, FEATURES, Gallery, Shown};

use crate::{Folders, code::code, device::device};

/// Sentences on what is missing; the rest is only counted.
const TOLD: usize = 3;

/// The pictures that the report wants, as far as images and weights are still what its runs saw.
pub(crate) async fn pictures(
    data: &ReportData,
    store: &Store,
    folders: &Folders,
    explain: Option<i64>,
) -> anyhow::Result<CellPictures> {
    let context = Context {
        runs_folder: folders.runs.clone(),
        features_folder: folders.runs.join(FEATURES),
        data_folder: folders.data.clone(),
        imagenet_weights: folders.weights(),
        command: String::new(),
        jobs: 1,
        stop: ranklab_trainer::Stop::default(),
        code: code(),
    };
    let mut gallery = Gallery::default();
    let mut found = CellPictures::default();
    let mut told = 0;
    for WantedCells { run, cells } in wanted_pictures(data, explain)? {
        let Some(row) = data.runs.iter().map(|known| &known.row).find(|row| row.id == run) else { continue };
        let artifacts = store.artifacts(run).await?;
        let shown: Vec<Shown> = cells
            .iter()
            .map(|(image, probability)| Shown { image: image.to_string(), probability: *probability })
            .collect();
        let of_run = gallery.pictures(row, &artifacts, &shown, &context, &device);
        for picture in of_run.pictures {
            let heat = picture.heat.map(|heat| (run, heat));
            found.of.insert(Arc::from(picture.image.as_str()), CellPicture { png: picture.png, heat });
        }
        if let Some(missing) = of_run.missing {
            told += 1;
            if told <= TOLD {
                // One line, whatever a library wrote.
                found.missing.push(missing.split_whitespace().collect::<Vec<_>>().join(" ") + ".");
            }
        }
    }
    if told > TOLD {
        found.missing.push(format!("The like of {} more runs.", told - TOLD));
    }
    Ok(found)
}
