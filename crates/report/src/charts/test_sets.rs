//! Sets of test cells: configurations that were tested on different cells share no chart.

use crate::comparison::Group;
use crate::data::ReportData;
use crate::findings::sets_by_leakage;
use crate::format::{count, short_hash};
use crate::intervals::Measured;
use crate::paired::Comparisons;

use super::Shown;

/// Configurations that were tested on the same cells.
pub(super) struct TestSet {
    /// What tells the set from the others: `random split, 1,532 cells`.
    pub(super) name: String,
    /// Places of the configurations.
    places: Vec<usize>,
}

/// A report's rows that belong to one set.
pub(super) struct Part {
    groups: Vec<Group>,
    measured: Vec<Measured>,
    comparisons: Comparisons,
}

/// The sets of a report, those with the least leakage first.
pub(super) fn test_sets(shown: &Shown<'_>) -> Vec<TestSet> {
    let sets = sets_by_leakage(shown.groups, shown.measured);
    let names = names(shown, &sets);
    let set = |(mut places, name): (Vec<usize>, String)| {
        places.sort_unstable();
        TestSet { name, places }
    };
    sets.into_iter().zip(names).map(set).collect()
}

/// As short as tells the sets apart.
fn names(shown: &Shown<'_>, sets: &[Vec<usize>]) -> Vec<String> {
    let first = |set: &Vec<usize>| (&shown.groups[set[0]].first.start, shown.measured[set[0]].cells());
    let short = |set: &Vec<usize>| {
        let (start, cells) = first(set);
        let known = cells.map_or(usize::try_from(start.test_images).unwrap_or(0), |cells| cells.labels.len());
        format!("{} split, {}", start.split, count(known, "cell"))
    };
    let seeded = |set: &Vec<usize>| format!("{}, split seed {}", short(set), first(set).0.split_seed);
    let hashed = |set: &Vec<usize>| {
        let start = first(set).0;
        format!(
            "{}, images {}, split {}",
            short(set),
            short_hash(&start.image_set_hash),
            short_hash(&start.split_hash)
        )
    };
    let distinct =
        |names: &Vec<String>| names.iter().collect::<std::collections::BTreeSet<_>>().len() == names.len();
    let named: [Vec<String>; 3] = [
        sets.iter().map(short).collect(),
        sets.iter().map(seeded).collect(),
        sets.iter().map(hashed).collect(),
    ];
    let [.., last] = &named;
    named.iter().find(|names| distinct(names)).unwrap_or(last).clone()
}

impl TestSet {
    /// The rows of the set.
    pub(super) fn part(&self, shown: &Shown<'_>) -> Part {
        let place = |place: usize| self.places.iter().position(|known| *known == place);
        let pairs = shown.comparisons.pairs.iter().filter_map(|pair| {
            let mut pair = pair.clone();
            (pair.first, pair.second) = (place(pair.first)?, place(pair.second)?);
            Some(pair)
        });
        Part {
            groups: self.places.iter().map(|place| shown.groups[*place].clone()).collect(),
            measured: self.places.iter().map(|place| shown.measured[*place].clone()).collect(),
            comparisons: Comparisons { pairs: pairs.collect(), ..Comparisons::default() },
        }
    }
}

impl Part {
    /// The rows as charts take them.
    pub(super) fn shown<'a>(&'a self, data: &'a ReportData) -> Shown<'a> {
        Shown { data, groups: &self.groups, measured: &self.measured, comparisons: &self.comparisons }
    }
}

#[cfg(test)]
mod tests {
    use super::super::overview;
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::intervals::measure;
    use crate::paired::compare_pairs;
    use crate::table::Figure;

    fn drawn(data: &ReportData) -> (Vec<Figure>, Option<String>) {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        let comparisons = compare_pairs(&groups, &measured, &data.options);
        let found =
            overview(&Shown { data, groups: &groups, measured: &measured, comparisons: &comparisons });
        let found = found.unwrap();
        (found.figures, found.note)
    }

    /// Three ranks under each split, the random one far better.
    fn both() -> ReportData {
        let mut data = fixture::both_splits(40, 400);
        for rank in [1, 16] {
            for run in fixture::both_splits(20 + rank, 300 + rank).runs {
                let id = data.runs.len() as i64 + 1;
                let mut run = run;
                (run.row.id, run.row.start.config_hash) = (id, format!("{id}"));
                (run.row.start.rank, run.row.start.ranks) = (Some(rank), Some(rank.to_string()));
                run.row.start.config =
                    run.row.start.config.replace("\"rank\":5", &format!("\"rank\":{rank}"));
                run.row.start.trainable_parameters += 15_360 * (rank - 5);
                data.runs.push(run);
            }
        }
        data
    }

    #[test]
    fn a_chart_never_shows_configurations_that_were_tested_on_different_cells() {
        let (figures, note) = drawn(&both());
        assert!(note.unwrap().starts_with("The runs were tested on 2 sets of cells"));
        let names: std::collections::BTreeSet<&str> =
            figures.iter().map(|figure| figure.file_name.as_str()).collect();
        assert_eq!(names.len(), figures.len());
        for figure in &figures {
            let (own, other) = match figure.file_name.contains("-2.svg") {
                false => ("patient", "random"),
                true => ("random", "patient"),
            };
            assert!(figure.title.contains(&format!("{own} split, 4,000 cells")), "{}", figure.title);
            for text in [&figure.description, &figure.drawing, &figure.caption] {
                assert!(!text.contains(&format!("split={other}")), "{} {text}", figure.file_name);
            }
        }
        // The best under the random split is on no front of the other's.
        let front =
            |name: &str| figures.iter().find(|figure| figure.file_name == name).unwrap().caption.clone();
        assert!(front("accuracy-by-parameters.svg").contains("split=patient"));
        assert!(front("accuracy-by-parameters-2.svg").contains("split=random"));
    }

    #[test]
    fn sets_of_the_same_kind_and_size_are_told_apart_by_seed_and_else_by_hash() {
        let mut data = fixture::both_splits(40, 400);
        for (run, seed) in data.runs.iter_mut().zip([7, 8]) {
            (run.row.start.split, run.row.start.split_seed) = ("patient".into(), seed);
            run.row.start.config = format!("{{\"other\":{seed}}}");
        }
        let titles =
            |data: &ReportData| drawn(data).0.into_iter().map(|figure| figure.title).collect::<Vec<_>>();
        assert!(titles(&data).iter().any(|title| title.ends_with("split seed 8")), "{:?}", titles(&data));
        data.runs.iter_mut().for_each(|run| run.row.start.split_seed = 7);
        data.runs[0].row.start.split_hash = "another".into();
        assert!(titles(&data).iter().any(|title| title.ends_with("split another")), "{:?}", titles(&data));
    }

    #[test]
    fn very_many_sets_are_drawn_in_part_and_that_is_said() {
        let mut data = fixture::many(7);
        for run in &mut data.runs {
            run.row.start.split_hash = format!("split {}", run.row.id);
            let id = run.row.id;
            run.predictions.iter_mut().for_each(|row| row.image = format!("{id}_{}", row.image).into());
        }
        let (figures, note) = drawn(&data);
        assert!(note.unwrap().ends_with(" 3 more have no charts; report fewer runs to see them."));
        assert_eq!(figures.iter().filter(|figure| figure.file_name.starts_with("roc")).count(), 4);
    }

    #[test]
    fn one_set_needs_no_name() {
        let (figures, note) = drawn(&fixture::ranks());
        assert_eq!(note, None);
        assert!(figures.iter().all(|figure| !figure.title.contains("test set")));
    }
}
