//! The test cells of a configuration with the predictions of all its runs: folds put together, seeds
//! and splits side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ranklab_stats::{
    Clusters, Layout, Metric, THRESHOLD, accuracies, mean_correctness, roc_auc, roc_auc_within,
};
use ranklab_store::PredictionRow;

use crate::data::RunData;

use super::configuration::{NoCells, Tested};
use super::leakage::is_patient_known;

/// Cells in the order of their names, and what each repeat predicts of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TestCells {
    image_set: String,
    /// Image name of each cell.
    pub(crate) images: Vec<Arc<str>>,
    /// Patient of each cell.
    pub(crate) patients: Vec<Arc<str>>,
    /// 1 = the positive class.
    pub(crate) labels: Vec<u8>,
    /// Cells whose patient is not known, each taken for itself.
    pub(crate) unknown_patients: usize,
    /// Probabilities of the positive class, one list per repeat: of one seed and split, all its folds together.
    pub(crate) repeats: Vec<Vec<f64>>,
    /// For each cell the share of repeats that get it right.
    pub(crate) correctness: Vec<f64>,
    /// Seeds of the repeats, in their order.
    seeds: Vec<i64>,
    /// Seeds whose predictions are all those of another one, and which count once.
    identical_seeds: usize,
    /// Accuracy of each seed, averaged over its splits.
    pub(crate) accuracies: Vec<f64>,
    /// Area under the ROC curve of each seed likewise; `None` where one has none.
    pub(crate) areas: Option<Vec<f64>>,
    /// Divisions into folds, `split_seed`, that the repeats used.
    pub(crate) splits: usize,
    /// Cells by patient.
    pub(crate) clusters: Clusters,
    /// Cells by the network that called them, where there are several and all repeats have the same folds.
    pub(crate) by_fold: Option<Clusters>,
    /// Of each repeat, the cells by its folds; none without folds, and one for all where they are alike.
    folds_of_repeats: Vec<Clusters>,
    /// Runs whose cells were put together to one repeat.
    pub(crate) folds: usize,
}

impl TestCells {
    /// Collects the predictions of a configuration's runs.
    ///
    /// # Errors
    /// With the reason when the runs have no predictions that can be compared.
    pub(crate) fn gather(runs: &[&RunData]) -> Result<Self, NoCells> {
        let mut repeats: BTreeMap<(i64, i64), Vec<(&PredictionRow, i64)>> = BTreeMap::new();
        for run in runs {
            if run.predictions.is_empty() {
                return Err(NoCells::NoPredictions);
            }
            let start = &run.row.start;
            let fold = start.fold.unwrap_or(0);
            let cells = repeats.entry((start.seed, start.split_seed)).or_default();
            cells.extend(run.predictions.iter().map(|row| (row, fold)));
        }
        for cells in repeats.values_mut() {
            // The database answers in this order; sorting what is sorted costs next to nothing.
            cells.sort_by(|one, other| one.0.image.cmp(&other.0.image));
            if cells.windows(2).any(|pair| pair[0].0.image == pair[1].0.image) {
                return Err(NoCells::RepeatedCell);
            }
        }
        let (Some(first), Some(first_run)) = (repeats.values().next(), runs.first()) else {
            return Err(NoCells::NoRun);
        };
        let images = |cells: &[(&PredictionRow, i64)]| -> Vec<Arc<str>> {
            cells.iter().map(|(row, _)| Arc::clone(&row.image)).collect()
        };
        let same = |cells: &[(&PredictionRow, i64)]| {
            let alike = cells.iter().zip(first).all(|(one, other)| one.0.image == other.0.image);
            cells.len() == first.len() && alike
        };
        if !repeats.values().all(|cells| same(cells)) {
            return Err(NoCells::DifferentCells);
        }
        let labels: Vec<u8> =
            first.iter().map(|(row, _)| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
        let mut probabilities: Vec<Vec<f64>> =
            repeats.values().map(|cells| cells.iter().map(|(row, _)| row.probability).collect()).collect();
        let all_seeds: Vec<i64> = repeats.keys().map(|(seed, _)| *seed).collect();
        let kept = of_distinct_seeds(&all_seeds, &probabilities);
        probabilities = kept.iter().map(|repeat| std::mem::take(&mut probabilities[*repeat])).collect();
        let seeds: Vec<i64> = kept.iter().map(|repeat| all_seeds[*repeat]).collect();
        let lists: Vec<&[f64]> = probabilities.iter().map(Vec::as_slice).collect();
        let (Ok(correctness), Ok(accuracies)) =
            (mean_correctness(&labels, &lists, THRESHOLD), accuracies(&labels, &lists, THRESHOLD))
        else {
            return Err(NoCells::NoProbabilities);
        };
        let patients: Vec<Arc<str>> = first.iter().map(|(row, _)| Arc::clone(&row.patient)).collect();
        let unknown_patients = first.iter().filter(|(row, _)| !is_patient_known(row)).count();
        let clusters = if unknown_patients == patients.len() {
            Clusters::by_cell(patients.len())
        } else {
            Clusters::by_patient(&patients)
        };
        let folds: Vec<i64> = first.iter().map(|(_, fold)| *fold).collect();
        let several = folds.iter().any(|fold| *fold != folds[0]);
        let alike = repeats.values().all(|cells| cells.iter().map(|(_, fold)| fold).eq(&folds));
        let by_fold = |folds: &[i64]| Clusters::by_patient(folds);
        let folds_of_repeats = match (several, alike) {
            (false, _) => Vec::new(),
            (true, true) => vec![by_fold(&folds)],
            (true, false) => {
                let of_repeat = |cells: &Vec<(&PredictionRow, i64)>| -> Vec<i64> {
                    cells.iter().map(|(_, fold)| *fold).collect()
                };
                let all: Vec<Vec<i64>> = repeats.values().map(of_repeat).collect();
                kept.iter().map(|repeat| by_fold(&all[*repeat])).collect()
            }
        };
        let splits = repeats.keys().map(|(_, split)| split).collect::<BTreeSet<_>>().len();
        let mut found = Self {
            image_set: first_run.row.start.image_set_hash.clone(),
            images: images(first),
            clusters,
            unknown_patients,
            by_fold: (several && alike).then(|| by_fold(&folds)),
            folds_of_repeats,
            accuracies: Vec::new(),
            areas: None,
            identical_seeds: by_seed(&all_seeds).len() - by_seed(&seeds).len(),
            seeds,
            splits,
            folds: runs.len() / repeats.len(),
            patients,
            labels,
            correctness,
            repeats: probabilities,
        };
        found.accuracies = found.by_seed(&accuracies);
        found.areas = found.areas_by_seed();
        Ok(found)
    }

    /// The cells in numbers.
    pub(crate) fn numbers(&self) -> Tested {
        Tested {
            cells: self.labels.len(),
            unknown_patients: self.unknown_patients,
            seeds: self.seeds(),
            identical_seeds: self.identical_seeds,
            splits: self.splits,
            folds: self.folds,
            accuracy: self.accuracy(),
            accuracies: self.accuracies.clone(),
            resampled: self.clusters.resampled(),
            concentration: Layout::new(self.clusters.clone(), None).ok().map(|layout| layout.concentration()),
        }
    }

    /// Whether both were tested on the same cells, so that they can be compared cell by cell.
    pub(crate) fn are_those_of(&self, other: &Self) -> bool {
        self.image_set == other.image_set && self.images == other.images && self.labels == other.labels
    }

    /// Of each seed, the share of its splits that get each cell right.
    pub(crate) fn seed_scores(&self) -> Vec<Vec<f64>> {
        let of_seed = |repeats: &Vec<usize>| {
            let lists: Vec<&[f64]> = repeats.iter().map(|repeat| self.repeats[*repeat].as_slice()).collect();
            // They were counted before.
            mean_correctness(&self.labels, &lists, THRESHOLD).unwrap_or_default()
        };
        self.repeats_of_seeds().iter().map(of_seed).collect()
    }

    fn repeats_of_seeds(&self) -> Vec<Vec<usize>> {
        by_seed(&self.seeds)
    }

    /// The area under the ROC curve: within folds, averaged over them, where each has a network of its own.
    pub(crate) fn area(&self) -> Metric<'_> {
        if self.folds_of_repeats.is_empty() {
            Metric::Area
        } else {
            Metric::AreaWithin(&self.folds_of_repeats)
        }
    }

    /// The area of a repeat; `None` where a fold has cells of one class only.
    fn area_of(&self, repeat: usize) -> Option<f64> {
        let probabilities = &self.repeats[repeat];
        match self.folds_of_repeats.get(repeat).or(self.folds_of_repeats.first()) {
            Some(folds) => roc_auc_within(&self.labels, probabilities, folds.unit_of_cell()),
            None => roc_auc(&self.labels, probabilities),
        }
        .ok()
        .flatten()
    }

    /// The area of each seed, averaged over its splits; `None` where one has none.
    fn areas_by_seed(&self) -> Option<Vec<f64>> {
        let areas = (0..self.repeats.len()).map(|repeat| self.area_of(repeat));
        Some(self.by_seed(&areas.collect::<Option<Vec<f64>>>()?))
    }

    /// Seeds that were trained with and differ in their predictions. Other splits of one seed are none.
    pub(crate) fn seeds(&self) -> usize {
        self.accuracies.len()
    }

    /// A value of each repeat, averaged over the splits of each seed.
    pub(crate) fn by_seed(&self, values: &[f64]) -> Vec<f64> {
        let mean = |repeats: &Vec<usize>| {
            repeats.iter().map(|repeat| values[*repeat]).sum::<f64>() / repeats.len() as f64
        };
        self.repeats_of_seeds().iter().map(mean).collect()
    }

    /// The repeats as the statistics take them.
    pub(crate) fn lists(&self) -> Vec<&[f64]> {
        self.repeats.iter().map(Vec::as_slice).collect()
    }

    /// Share of right calls, averaged over the repeats.
    pub(crate) fn accuracy(&self) -> f64 {
        self.correctness.iter().sum::<f64>() / self.correctness.len() as f64
    }
}

/// Places of the repeats of each seed; seeds come in order.
fn by_seed(seeds: &[i64]) -> Vec<Vec<usize>> {
    let places: Vec<usize> = (0..seeds.len()).collect();
    places.chunk_by(|one, other| seeds[*one] == seeds[*other]).map(<[usize]>::to_vec).collect()
}

/// Places of the repeats of seeds whose predictions are not all those of an earlier seed. Those that are come from one
/// network, say because nothing in it is drawn at random.
fn of_distinct_seeds(seeds: &[i64], probabilities: &[Vec<f64>]) -> Vec<usize> {
    let mut distinct: Vec<Vec<usize>> = Vec::new();
    for repeats in by_seed(seeds) {
        let same = |known: &Vec<usize>| {
            let mut pairs = known.iter().zip(&repeats);
            known.len() == repeats.len()
                && pairs.all(|(one, other)| probabilities[*one] == probabilities[*other])
        };
        if !distinct.iter().any(same) {
            distinct.push(repeats);
        }
    }
    distinct.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::examined::examine;
    use crate::analysis::grouping::group;
    use crate::data::ReportData;
    use crate::fixture;

    fn gathered(data: &ReportData) -> Vec<Result<TestCells, NoCells>> {
        let groups = group(&data.title, &examine(data)).unwrap();
        groups.iter().map(|group| TestCells::gather(&group.runs)).collect()
    }

    #[test]
    fn folds_are_put_together_and_seeds_stand_side_by_side() {
        let folds = gathered(&fixture::folds()).remove(1).unwrap();
        assert_eq!((folds.labels.len(), folds.repeats.len(), folds.folds), (200, 1, 4));
        let seeds = gathered(&fixture::seeds()).remove(1).unwrap();
        assert_eq!((seeds.labels.len(), seeds.repeats.len(), seeds.folds), (200, 3, 1));
        // Errors of 4, 6 and 8 cells.
        assert!((seeds.accuracy() - 0.97).abs() < 1e-12);
    }

    #[test]
    fn other_splits_of_a_seed_are_no_seeds() {
        let mut data = fixture::seeds();
        for run in &mut data.runs {
            (run.row.start.split_seed, run.row.start.seed) = (run.row.start.seed, 0);
        }
        let cells = gathered(&data).remove(1).unwrap();
        assert_eq!((cells.repeats.len(), cells.seeds(), cells.splits), (3, 1, 3));
        assert!((cells.accuracies[0] - 0.97).abs() < 1e-12);
    }

    #[test]
    fn cells_of_unknown_patients_stand_for_themselves() {
        let mut data = fixture::ranks();
        for run in &mut data.runs {
            run.predictions.iter_mut().for_each(|row| row.patient = row.image.clone());
        }
        let cells = gathered(&data).remove(0).unwrap();
        assert_eq!((cells.unknown_patients, cells.clusters), (200, Clusters::by_cell(200)));
        data.runs[0].predictions[0].patient = "C1".into();
        let cells = gathered(&data).remove(0).unwrap();
        assert_eq!((cells.unknown_patients, cells.clusters.units()), (199, 200));
    }

    #[test]
    fn a_missing_fold_of_one_seed_leaves_nothing_to_pool() {
        let mut data = fixture::seeds();
        data.runs[4].predictions.truncate(150);
        assert_eq!(gathered(&data)[1].as_ref().unwrap_err(), &NoCells::DifferentCells);
    }

    #[test]
    fn the_order_of_rows_does_not_matter_but_images_and_their_set_do() {
        let mut data = fixture::ranks();
        data.runs[1].predictions.reverse();
        let cells: Vec<TestCells> = gathered(&data).into_iter().map(Result::unwrap).collect();
        assert!(cells[0].are_those_of(&cells[1]));
        data.runs[1].row.start.image_set_hash = "another".into();
        let cells: Vec<TestCells> = gathered(&data).into_iter().map(Result::unwrap).collect();
        assert!(!cells[0].are_those_of(&cells[1]) && cells[0].are_those_of(&cells[2]));
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let mut data = fixture::ranks();
        data.runs[0].predictions.clear();
        data.runs[1].predictions[3].probability = f64::NAN;
        data.runs[2].predictions[3].label = 2;
        let reasons: Vec<Option<NoCells>> = gathered(&data).into_iter().map(Result::err).collect();
        let no_probabilities = Some(NoCells::NoProbabilities);
        assert_eq!(reasons, [Some(NoCells::NoPredictions), no_probabilities, no_probabilities, None]);
    }
}
