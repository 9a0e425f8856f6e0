//! Measures of quality over the seeds of a configuration, the cells of all folds together.

use ranklab_stats::{ConfusionMatrix, Summary, THRESHOLD};

use super::cells::TestCells;
use super::configuration::Measures;

/// Puts the measures over seeds in the place of those over runs, which mix seeds with folds. A seed's rates are those
/// of all cells that it called, its area is the mean within folds; other splits of a seed are averaged.
pub(crate) fn measure_seeds(measures: &mut Measures, cells: &TestCells) {
    let matrices: Option<Vec<ConfusionMatrix>> = cells
        .lists()
        .into_iter()
        .map(|repeat| ConfusionMatrix::from_predictions(&cells.labels, repeat, THRESHOLD).ok())
        .collect();
    let Some(matrices) = matrices else { return };
    let over_seeds = |of: fn(&ConfusionMatrix) -> f64| {
        Summary::new(&cells.by_seed(&matrices.iter().map(of).collect::<Vec<_>>())).ok()
    };
    measures.accuracy = over_seeds(ConfusionMatrix::accuracy);
    measures.sensitivity = over_seeds(ConfusionMatrix::sensitivity);
    measures.specificity = over_seeds(ConfusionMatrix::specificity);
    measures.f1 = over_seeds(ConfusionMatrix::f1);
    measures.auc = cells.areas.as_ref().and_then(|areas| Summary::new(areas).ok());
}

#[cfg(test)]
mod tests {
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn folds_are_one_measure_and_seeds_are_several() {
        let of = |data| analyse(&data).unwrap().configurations[0].measures.accuracy.unwrap();
        let folds = of(fixture::folds());
        assert_eq!((folds.n, folds.sd), (1, None));
        assert!((folds.mean - 0.97).abs() < 1e-12);
        let seeds = of(fixture::seeds());
        assert_eq!(seeds.n, 3);
        assert!((seeds.sd.unwrap() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn the_area_is_the_mean_within_folds_and_so_is_its_interval() {
        let found = &analyse(&fixture::folds()).unwrap().configurations[1];
        let (mean, interval) = (found.measures.auc.unwrap().mean, found.area_interval.unwrap());
        assert!((interval.estimate - mean).abs() < 1e-12 && interval.interval.contains(mean));
    }

    #[test]
    fn seeds_with_the_very_same_predictions_count_once() {
        let mut data = fixture::seeds();
        for seed in 4..6 {
            data.runs[seed].predictions = data.runs[3].predictions.clone();
        }
        let found = &analyse(&data).unwrap().configurations[1];
        let tested = found.tested().unwrap();
        assert_eq!((tested.seeds, tested.identical_seeds), (1, 2));
        assert_eq!(found.measures.accuracy.unwrap().n, 1);
    }
}
