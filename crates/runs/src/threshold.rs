//! The threshold of a finished run, chosen on its validation images.

use ranklab_stats::youden_threshold;
use ranklab_store::{PredictionRow, Store};

use crate::Error;

/// A threshold with the number of images that it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChosenThreshold {
    /// Probability from which an image is called positive.
    pub value: f64,
    /// Number of validation images.
    pub images: usize,
}

/// The threshold with the largest Youden's J (Youden 1950) on a run's validation images; `None` where the run recorded
/// no predictions of them or one class is missing among them.
///
/// # Errors
/// When the database cannot be read.
pub async fn chosen_threshold(store: &Store, run: i64) -> Result<Option<ChosenThreshold>, Error> {
    Ok(choose(&store.validation_predictions(run).await?))
}

fn choose(rows: &[PredictionRow]) -> Option<ChosenThreshold> {
    let labels: Vec<u8> = rows.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let point = youden_threshold(&labels, &probabilities).ok().flatten()?;
    Some(ChosenThreshold { value: point.threshold, images: rows.len() })
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
        assert_eq!(chosen, Some(ChosenThreshold { value: 0.7, images: 4 }));
        assert_eq!(choose(&rows(&[(1, 0.9), (1, 0.7)])), None);
        assert_eq!(choose(&[]), None);
    }
}
