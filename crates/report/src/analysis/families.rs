//! Configurations on the same cells as the statistics take them: all cells, and those of each class.

use ranklab_stats::{Clusters, Compared, Family, Layout, Scores};

use super::cells::TestCells;

/// The scores of all configurations of a test set on some of its cells.
pub(crate) struct SetScores {
    layout: Layout,
    /// In the order of the set.
    scores: Vec<Scores>,
}

/// The scores of a test set.
pub(crate) struct ScoresOfSet {
    /// On all cells: accuracy.
    pub(crate) accuracy: SetScores,
    /// On positive cells: sensitivity. `None` where too few patients have any.
    pub(crate) sensitivity: Option<SetScores>,
    /// On negative cells: specificity.
    pub(crate) specificity: Option<SetScores>,
}

impl ScoresOfSet {
    /// From the cells of all configurations of a set, which has at least one.
    ///
    /// # Errors
    /// With the statistics' reason when there are too few cells to compare.
    pub(crate) fn new(set: &[&TestCells]) -> ranklab_stats::Result<Self> {
        let first = set.first().ok_or(ranklab_stats::Error::Empty)?;
        let layout = Layout::new(first.clusters.clone(), folds(set))?;
        let seeds: Vec<Vec<Vec<f64>>> = set.iter().map(|cells| cells.seed_scores()).collect();
        let of_class = |class: u8| {
            let kept: Vec<bool> = first.labels.iter().map(|label| *label == class).collect();
            let layout = layout.of_cells(&kept).ok()?;
            let kept = |seed: &Vec<f64>| -> Vec<f64> {
                seed.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(score, _)| *score).collect()
            };
            let of_member = |seeds: &Vec<Vec<f64>>| -> Vec<Vec<f64>> { seeds.iter().map(kept).collect() };
            SetScores::new(layout, seeds.iter().map(of_member)).ok()
        };
        Ok(Self {
            sensitivity: of_class(1),
            specificity: of_class(0),
            accuracy: SetScores::new(layout.clone(), seeds.iter())?,
        })
    }
}

impl SetScores {
    fn new(
        layout: Layout,
        members: impl Iterator<Item = impl AsRef<[Vec<f64>]>>,
    ) -> ranklab_stats::Result<Self> {
        let of_member = |seeds: &[Vec<f64>]| Scores::new(&layout, seeds);
        let scores = members.map(|seeds| of_member(seeds.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { layout, scores })
    }

    /// The configurations as one family.
    ///
    /// # Errors
    /// As [`Family::new`]; never for scores of one layout.
    pub(crate) fn family(&self) -> ranklab_stats::Result<Family<'_>> {
        Family::new(&self.layout, self.scores.iter().collect())
    }
}

/// Families of a set's accuracy, sensitivity and specificity.
pub(crate) struct Families<'s> {
    pub(crate) accuracy: Family<'s>,
    pub(crate) sensitivity: Option<Family<'s>>,
    pub(crate) specificity: Option<Family<'s>>,
}

impl<'s> Families<'s> {
    /// # Errors
    /// As [`Family::new`]; never for scores of one layout.
    pub(crate) fn new(scores: &'s ScoresOfSet) -> ranklab_stats::Result<Self> {
        let of = |scores: &'s Option<SetScores>| scores.as_ref().map(SetScores::family).transpose();
        Ok(Self {
            accuracy: scores.accuracy.family()?,
            sensitivity: of(&scores.sensitivity)?,
            specificity: of(&scores.specificity)?,
        })
    }
}

/// The comparison of two members in one measure, where it has one.
pub(crate) fn compared<'f>(
    family: Option<&'f Family<'_>>,
    (first, second): (usize, usize),
    level: f64,
) -> Option<Compared<'f>> {
    family?.compare(first, second, level).ok()
}

/// The folds of a set: those that its members share; none where members have different ones.
fn folds(set: &[&TestCells]) -> Option<Clusters> {
    let mut known = set.iter().filter_map(|cells| cells.by_fold.as_ref());
    let first = known.next()?;
    known.all(|other| other == first).then(|| first.clone())
}
