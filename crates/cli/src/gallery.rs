//! Pictures for a report's galleries: its cells from the images and weights of its runs.

use std::sync::Arc;

use ranklab_report::{Picture, Pictures, ReportData, Wanted, wanted_pictures};
use ranklab_runs::{Gallery, Shown};
use ranklab_store::Store;

use crate::{Folders, device::device, sweep::locations};

/// Sentences on what is missing; the rest is only counted.
const TOLD: usize = 3;

/// The pictures that the report wants, as far as images and weights are still what its runs saw.
pub(crate) async fn pictures(
    data: &ReportData,
    store: &Store,
    folders: &Folders,
    explain: Option<i64>,
) -> anyhow::Result<Pictures> {
    let locations = locations(folders);
    let mut gallery = Gallery::default();
    let mut found = Pictures::default();
    let mut told = 0;
    for Wanted { run, cells } in wanted_pictures(data, explain)? {
        let Some(row) = data.runs.iter().map(|known| &known.row).find(|row| row.id == run) else { continue };
        let artifacts = store.artifacts(run).await?;
        let shown: Vec<Shown> = cells
            .iter()
            .map(|(image, probability)| Shown { image: image.to_string(), probability: *probability })
            .collect();
        let of_run = gallery.pictures(row, &artifacts, &shown, &locations, &device);
        for picture in of_run.pictures {
            let heat = picture.heat.map(|heat| (run, heat));
            found.of.insert(Arc::from(picture.image.as_str()), Picture { png: picture.png, heat });
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
