//! The same configuration under a random split and under a split by patient, side by side.

use std::collections::BTreeMap;

use ranklab_stats::{MeanDifference, Resampled, ScoredCells, holm, unpaired_difference};

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::convergence::caveat;
use crate::data::ReportData;
use crate::family;
use crate::format::{count, p_value, percent, signed_points};
use crate::intervals::{Measured, few};
use crate::options::Options;
use crate::table::{Cell, Column, Table};

/// Names of the splits in the database.
const RANDOM: &str = "random";
const PATIENT: &str = "patient";
/// Settings that only say how cells were divided.
const SPLIT_SETTINGS: &str = "data.split.";

/// Both splits of all configurations that have them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SplitSection {
    /// One sentence per configuration.
    pub(crate) sentences: Vec<String>,
    /// The same in numbers.
    pub(crate) table: Table,
}

/// One configuration under both.
struct Pair<'a> {
    /// Under the random split and under the one by patient.
    groups: [&'a Group; 2],
    name: String,
    random: &'a TestCells,
    patient: &'a TestCells,
    /// Random less patient.
    difference: MeanDifference,
    corrected_p: f64,
    /// Test cells of the random split whose patients stand in training as well, and all of them.
    leaked: (i64, i64),
}

/// The section; `None` where no configuration was run under both splits.
pub(crate) fn section(
    data: &ReportData,
    groups: &[Group],
    measured: &[Measured],
    options: &Options,
) -> Option<SplitSection> {
    let mut pairs = Vec::new();
    let configured = |split| -> Vec<_> {
        of_split(groups, measured, split).map(|(group, cells)| (configuration(group), group, cells)).collect()
    };
    let (randoms, patients) = (configured(RANDOM), configured(PATIENT));
    // How often a configuration stands under each split: several have other folds or shares of test cells.
    let mut times: BTreeMap<&Configuration<'_>, usize> = BTreeMap::new();
    randoms.iter().for_each(|(one, ..)| *times.entry(one).or_default() += 1);
    let mut by_patient: BTreeMap<&Configuration<'_>, Vec<(&Group, &TestCells)>> = BTreeMap::new();
    for (one, group, cells) in &patients {
        by_patient.entry(one).or_default().push((*group, *cells));
    }
    for (one, random, random_cells) in &randoms {
        let Some(counterparts) = by_patient.get(one) else { continue };
        let several = counterparts.len() > 1 || times[one] > 1;
        for (patient, patient_cells) in counterparts {
            let Some(difference) = difference(random_cells, patient_cells, options.level()) else { continue };
            let start = &random.first.start;
            let mut name = name(random);
            if several {
                // Other folds or other shares of test cells: the settings say which.
                name += &format!(" ({} against {})", random.settings, patient.settings);
            }
            pairs.push(Pair {
                groups: [*random, *patient],
                name,
                random: random_cells,
                patient: patient_cells,
                difference,
                corrected_p: 1.0,
                leaked: leaked(data, random).unwrap_or((start.shared_test_images, start.test_images)),
            });
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let raw: Vec<f64> = pairs.iter().map(|pair| pair.difference.p).collect();
    for (pair, p) in pairs.iter_mut().zip(holm(&raw).ok()?) {
        pair.corrected_p = p;
    }
    let all = pairs.len();
    Some(SplitSection {
        sentences: pairs.iter().map(|pair| sentence(pair, all, options) + &caveat(pair.groups)).collect(),
        table: table(&pairs, options),
    })
}

fn of_split<'a>(
    groups: &'a [Group],
    measured: &'a [Measured],
    split: &'static str,
) -> impl Iterator<Item = (&'a Group, &'a TestCells)> {
    groups
        .iter()
        .zip(measured)
        .filter(move |(group, _)| group.first.start.split == split)
        .filter_map(|(group, one)| Some((group, one.cells()?)))
}

/// A model and its settings.
type Configuration<'a> = (&'a str, Vec<(String, String)>);

/// Everything that makes a configuration but the split.
fn configuration(group: &Group) -> Configuration<'_> {
    let settings = family::settings(&group.first.start).into_iter();
    (&group.first.start.model, settings.filter(|(path, _)| !path.starts_with(SPLIT_SETTINGS)).collect())
}

/// Its name without the split.
fn name(group: &Group) -> String {
    let start = &group.first.start;
    let rank = start.ranks.as_ref().map(|ranks| format!("rank {ranks}"));
    let splits = |part: &&str| {
        ["split=", "folds=", "test_fraction=", "validation_fraction="].iter().any(|key| part.starts_with(key))
    };
    let settings = group.settings.split(' ').filter(|part| !part.is_empty() && !splits(part));
    let settings = settings.collect::<Vec<_>>().join(" ");
    let parts = [Some(start.model.clone()), start.layers.clone(), rank, Some(settings)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Over patients, and over seeds where both have several.
fn difference(random: &TestCells, patient: &TestCells, level: f64) -> Option<MeanDifference> {
    let scored = |cells: &'_ TestCells| (cells.correctness.clone(), cells.patients.clone());
    let ((first, first_patients), (second, second_patients)) = (scored(random), scored(patient));
    let found = unpaired_difference(
        &ScoredCells { scores: &first, patients: &first_patients },
        &ScoredCells { scores: &second, patients: &second_patients },
        level,
    );
    found.and_then(|found| found.over_runs(&random.accuracies, &patient.accuracies, level)).ok()
}

/// Summed over the group's runs.
fn leaked(data: &ReportData, group: &Group) -> Option<(i64, i64)> {
    let runs = data.runs.iter().filter(|run| group.runs.contains(&run.row.id));
    runs.map(|run| (run.row.start.shared_test_images, run.row.start.test_images))
        .reduce(|sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn sentence(pair: &Pair<'_>, all: usize, options: &Options) -> String {
    let MeanDifference { difference, interval, .. } = pair.difference;
    let shared = percent(pair.leaked.0 as f64 / pair.leaked.1.max(1) as f64);
    let after =
        if all > 1 { format!(" after correction for {}", count(all, "comparison")) } else { String::new() };
    let equals = if pair.corrected_p < 0.001 { "" } else { "= " };
    let numbers = format!(
        "{} % on a random split, {} % on new patients, difference {} points, {} interval {} to {}, p {equals}{}{after}",
        percent(pair.difference.first),
        percent(pair.difference.second),
        signed_points(difference),
        options.confidence(),
        signed_points(interval.lower),
        signed_points(interval.upper),
        p_value(pair.corrected_p)
    );
    let shown = pair.corrected_p < options.alpha && !interval.contains(0.0);
    let trained = if pair.random.seeds().min(pair.patient.seeds()) > 1 {
        ""
    } else {
        " as trained here, with one seed for a split"
    };
    let name = &pair.name;
    match (shown, difference > 0.0) {
        (true, true) => format!(
            "{name} is better on the random split than on new patients{trained}: {numbers}. {shared} % of the random split's test \
             cells come from patients with other cells in training or validation; a figure for new patients is the lower one."
        ),
        (true, false) => format!(
            "{name} is worse on the random split than on new patients{trained}: {numbers}. That is not what shared patients \
             do: the splits differ in how many cells they train on and in which they test."
        ),
        (false, _) => format!(
            "The data do not show that the split matters for {name}{trained}: {numbers}. {shared} % of the random split's test \
             cells come from patients with other cells in training or validation, so that its figure is no evidence for new patients."
        ),
    }
}

fn table(pairs: &[Pair<'_>], options: &Options) -> Table {
    let interval = format!("{} interval", options.confidence());
    let columns = vec![
        Column::text("configuration"),
        Column::number("accuracy, %").under("random split"),
        Column::number("cells").under("random split"),
        Column::number("of patients in training or validation, %").under("random split"),
        Column::number("accuracy, %").under("split by patient"),
        Column::number("cells").under("split by patient"),
        Column::number("points").under("random − patient"),
        Column::number(&interval).under("random − patient"),
        Column::number("p, corrected").under("random − patient"),
    ];
    let whole = |value: usize| Cell::ordered(crate::format::thousands(value as i64), value as f64);
    let rows = pairs.iter().map(|pair| {
        let MeanDifference { first, second, difference, interval, .. } = pair.difference;
        let shared = pair.leaked.0 as f64 / pair.leaked.1.max(1) as f64;
        vec![
            pair.name.as_str().into(),
            Cell::ordered(percent(first), first),
            whole(pair.random.labels.len()),
            Cell::ordered(percent(shared), shared),
            Cell::ordered(percent(second), second),
            whole(pair.patient.labels.len()),
            Cell::ordered(signed_points(difference), difference),
            Cell::ordered(
                format!("{} to {}", signed_points(interval.lower), signed_points(interval.upper)),
                interval.lower,
            ),
            Cell::ordered(p_value(pair.corrected_p), pair.corrected_p),
        ]
    });
    let rows = rows.collect();
    let resampled: Vec<Resampled> = pairs.iter().map(|pair| pair.difference.resampled).collect();
    let units = count(resampled.iter().map(|one| one.count()).max().unwrap_or(0), "patient");
    let few = few(&resampled);
    let caption = format!(
        "The same configurations under both splits. They test different cells, so the differences are not paired: the intervals hold \
         the spread between cells as well. Patients are the units ({units}), one that is tested under both splits counts once, and of several seeds \
         the spread over seeds is added. p is Holm's over the configurations. Under a random split a patient's cells stand on both \
         sides; how much of a difference that is, and how much other training and test cells, the figures cannot tell.{few}"
    );
    Table { caption, columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::intervals::measure;

    fn found(data: &ReportData) -> Option<SplitSection> {
        let groups = compare(data).unwrap();
        section(data, &groups, &measure(data, &groups), &data.options)
    }

    #[test]
    fn a_random_split_that_flatters_is_said_to() {
        let section = found(&fixture::both_splits(40, 400)).unwrap();
        assert_eq!((section.sentences.len(), section.table.rows.len()), (1, 1));
        let said = &section.sentences[0];
        assert!(said.starts_with(
            "model_5 · block5 · rank 5 is better on the random split than on new patients as trained here, with one seed for a split: \
             99.00 % on a random split, 90.00 % on new patients, difference +9.00 points, 95 % interval +"
        ), "{said}");
        assert!(said.contains("p < 0.001. 95.00 % of the random split's test cells"), "{said}");
        assert!(
            section.table.caption.contains("not paired") && section.table.caption.contains("200 patients")
        );
    }

    #[test]
    fn no_shown_difference_is_no_proof_of_a_sound_split() {
        let said = found(&fixture::both_splits(40, 41)).unwrap().sentences.remove(0);
        assert!(said.starts_with("The data do not show that the split matters for model_5"), "{said}");
        assert!(said.ends_with("no evidence for new patients."), "{said}");
        let worse = found(&fixture::both_splits(400, 40)).unwrap().sentences.remove(0);
        assert!(
            worse.contains("is worse on the random split") && worse.contains("not what shared patients do")
        );
    }

    #[test]
    fn other_configurations_and_single_splits_are_not_set_side_by_side() {
        assert_eq!(found(&fixture::ranks()), None);
        let mut data = fixture::both_splits(40, 400);
        data.runs[1].row.start.config = data.runs[1].row.start.config.replace("0.005", "0.01");
        assert_eq!(found(&data), None);
    }
}
