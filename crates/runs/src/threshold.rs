//! The threshold of a run, chosen on its validation images, here or where it was exported.

use ranklab_stats::youden_threshold;
use ranklab_store::{PredictionRow, Store};

use crate::{Error, finished_run::FinishedRun};

/// A threshold with the number of images that it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChosenThreshold {
    /// Probability from which an image is called positive.
    pub value: f64,
    /// Number of validation images.
    pub images: usize,
    /// Whether it came along with an imported network.
    pub is_imported: bool,
}

/// The threshold with the largest Youden's J (Youden 1950) on a run's validation images. Of an imported run, the one that
/// its folder names. `None` where there is none: the run recorded no predictions of validation images, or one class is
/// missing among them.
///
/// # Errors
/// When the database cannot be read.
pub async fn chosen_threshold(store: &Store, run: &FinishedRun) -> Result<Option<ChosenThreshold>, Error> {
    let imported = run.config.threshold.map(|imported| ChosenThreshold {
        value: imported.probability.value(),
        images: imported.images,
        is_imported: true,
    });
    Ok(choose(&store.validation_predictions(run.row.id).await?).or(imported))
}

fn choose(rows: &[PredictionRow]) -> Option<ChosenThreshold> {
    let labels: Vec<u8> = rows.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let point = youden_threshold(&labels, &probabilities).ok().flatten()?;
    Some(ChosenThreshold { value: point.threshold, images: rows.len(), is_imported: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_chosen_on_validation_and_there_is_none_without_both_classes() {
        let row = |(label, probability): &(i64, f64)| PredictionRow {
            image: "a".into(),
            patient: "C1".into(),
            label: *label,
            probability: *probability,
        };
        let rows = |cells: &[(i64, f64)]| cells.iter().map(row).collect::<Vec<_>>();
        let chosen = choose(&rows(&[(1, 0.9), (1, 0.7), (0, 0.6), (0, 0.2)]));
        assert_eq!(chosen, Some(ChosenThreshold { value: 0.7, images: 4, is_imported: false }));
        assert_eq!(choose(&rows(&[(1, 0.9), (1, 0.7)])), None);
        assert_eq!(choose(&[]), None);
    }
}
