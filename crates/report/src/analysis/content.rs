//! Everything that a report says, as one object that can be serialised.

use ranklab_settings::{Baseline, Nouns};
use ranklab_store::SweepRow;
use rayon::prelude::*;
use serde::Serialize;

use crate::data::{ReportData, Unfinished};
use crate::error::Result;
use crate::options::Options;

use super::against::{AgainstReference, against};
use super::answer::{Answer, Status, answer};
use super::charted::{Charted, charted};
use super::class_names::ClassNames;
use super::clinical::{ClinicalSet, clinical};
use super::configuration::Configuration;
use super::conformity::{Conformity, conformity};
use super::examined::examine;
use super::external::{ExternalValidation, external};
use super::galleries::{Galleries, galleries};
use super::intervals::add_intervals;
use super::leakage::{Leakage, leakage};
use super::measured::{Measured, configurations, gather};
use super::nouns;
use super::operating_points::operating_points;
use super::other_measures::{LeadingOtherMeasures, other_measures};
use super::pairs::{Comparisons, compare_pairs};
use super::power::{Power, power};
use super::run::{Run, runs};
use super::series::{AllSeries, series};
use super::splits::{SplitPair, split_pairs};
use super::test_sets::{TestSet, sets_of_cells, test_sets};
use super::too_few_units::{TooFewUnits, too_few_units};

/// What a report says, as numbers, ids and names. Words, charts, pages and files are views of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Heading.
    pub title: String,
    /// Names of the classes.
    pub class_names: ClassNames,
    /// Words for groups and images.
    pub nouns: Nouns,
    /// How runs are compared.
    pub options: Options,
    /// What the others are compared with.
    pub baseline: Baseline,
    /// The sweep, unless runs were chosen one by one.
    pub sweep: Option<SweepRow>,
    /// Whether the report keeps to the plan of its sweep.
    pub conformity: Conformity,
    /// Finished runs, in the order of the plan or of the choice.
    pub runs: Vec<Run>,
    /// Trials and runs without a result.
    pub unfinished: Vec<Unfinished>,
    /// The repeats of each configuration and their results; its id is its index.
    pub configurations: Vec<Configuration>,
    /// Configurations that were tested on the same cells, those with the least leakage first.
    pub test_sets: Vec<TestSet>,
    /// Configurations against each other.
    pub comparisons: Comparisons,
    /// The configurations of each test set against its reference, in the order of the sets.
    pub against: Vec<AgainstReference>,
    /// The answer to the question of the sweep.
    pub answer: Answer,
    /// Series of ranks and of layers.
    pub series: AllSeries,
    /// What the comparisons could have shown; `None` where none speaks of methods.
    pub power: Option<Power>,
    /// That the patients are too few to show equivalence; `None` where they are enough.
    pub too_few_units: Option<TooFewUnits>,
    /// The leading comparisons in measures besides accuracy.
    pub other_measures: LeadingOtherMeasures,
    /// Configurations under a random split and under a split by patient.
    pub splits: Vec<SplitPair>,
    /// What clinicians ask of a few configurations, one entry per test set.
    pub clinical: Vec<ClinicalSet>,
    /// Runs on images that they were not tested on; `None` without any.
    pub external: Option<ExternalValidation>,
    /// What only charts show.
    pub charted: Vec<Charted>,
    /// Cells to look at; `None` without predictions.
    pub galleries: Option<Galleries>,
    /// Whether patients stand on both sides of a split.
    pub leakage: Leakage,
}

/// Analyses the rows of a report. The same rows give the same analysis.
///
/// # Errors
/// When the runs cannot be grouped.
pub fn analyse(data: &ReportData) -> Result<Analysis> {
    let options = data.options;
    let examined = examine(data);
    let mut measured = gather(data, &examined)?;
    add_intervals(&mut measured, &options);
    measured.par_iter_mut().for_each(|Measured { configuration, runs, .. }| {
        configuration.operating_points = operating_points(runs, options.level());
    });
    let sets = sets_of_cells(&measured);
    let test_sets = test_sets(&measured, &sets, &data.baseline);
    let nouns = nouns::of_runs(data.runs.iter().map(|run| &run.row));
    let comparisons = compare_pairs(&measured, sets, &data.baseline, &options, &nouns);
    let series = series(&measured, &comparisons.pairs, &test_sets);
    let power = power(&comparisons.pairs, &options);
    let runs = runs(data, examined, configurations(&measured), &options);
    // Before some comparisons are left out: the answer rests on all of them.
    let against = against(&test_sets, &configurations(&measured).collect::<Vec<_>>(), &comparisons, &runs);
    let answer =
        answer(&configurations(&measured).collect::<Vec<_>>(), &against, &comparisons, &data.unfinished);
    let comparisons = comparisons.leading(&measured);
    let other_measures = other_measures(&measured, &comparisons, &options);
    let splits = split_pairs(&measured, &options);
    let clinical = clinical(&measured, &test_sets, &data.baseline, &options);
    let charted = charted(&measured, &test_sets, &options);
    let galleries = galleries(&measured);
    let configurations: Vec<Configuration> = measured.into_iter().map(|one| one.configuration).collect();
    Ok(Analysis {
        title: data.title.clone(),
        class_names: ClassNames::of_runs(data.runs.iter().map(|run| &run.row)),
        nouns,
        options,
        sweep: data.sweep.clone(),
        conformity: conformity(data),
        runs,
        answer,
        against,
        unfinished: data.unfinished.clone(),
        series,
        power,
        too_few_units: too_few_units(&comparisons, &options),
        baseline: data.baseline.clone(),
        other_measures,
        splits,
        clinical,
        external: external(&data.runs, options.level()),
        charted,
        galleries,
        leakage: leakage(data),
        comparisons,
        test_sets,
        configurations,
    })
}

impl Analysis {
    /// A finished run by its id.
    pub fn run(&self, id: i64) -> Option<&Run> {
        self.runs.iter().find(|run| run.row.id == id)
    }

    /// The configurations with these ids.
    pub(crate) fn with_ids<'a>(
        &'a self,
        ids: &'a [usize],
    ) -> impl Iterator<Item = &'a Configuration> + Clone {
        ids.iter().map(|id| &self.configurations[*id])
    }

    /// Whether any run used generated images.
    pub fn is_synthetic(&self) -> bool {
        self.runs.iter().any(|run| run.row.start.synthetic)
    }

    /// What a reader may do with the report.
    pub fn status(&self) -> Status {
        if self.is_synthetic() || self.has_random_weights() {
            return Status::Synthetic;
        }
        match &self.answer {
            Answer::NotConverged { .. } => Status::NotConverged,
            answer if answer.is_conclusive() => Status::Conclusive,
            _ => Status::Open,
        }
    }

    /// Whether any run used a trunk of random weights.
    pub fn has_random_weights(&self) -> bool {
        self.runs.iter().any(|run| run.row.start.weights == "random")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::document::document;
    use crate::fixture;
    use crate::words::format::{four, percent, signed_points};

    /// The texts of a table's column.
    fn column(table: &crate::words::table::Table, title: &str) -> Vec<String> {
        let place = table.columns.iter().position(|column| column.title == title).unwrap();
        table.rows.iter().map(|row| row[place].text.clone()).collect()
    }

    fn numbers(values: &Value, pointer: &str) -> Vec<f64> {
        let values = values.as_array().unwrap();
        values.iter().map(|one| one.pointer(pointer).unwrap().as_f64().unwrap()).collect()
    }

    #[test]
    fn a_serialised_analysis_holds_the_numbers_that_the_document_shows() {
        let data = fixture::ranks();
        let analysis = analyse(&data).unwrap();
        let document = document(&analysis, &data.pictures).unwrap();
        let json: Value = serde_json::from_str(&serde_json::to_string(&analysis).unwrap()).unwrap();

        let configurations = &json["configurations"];
        let shown = document.comparison.unwrap();
        let accuracies: Vec<String> =
            numbers(configurations, "/measures/accuracy/mean").into_iter().map(percent).collect();
        assert_eq!(accuracies, ["97.00", "96.00", "98.00", "97.50"]);
        assert_eq!(accuracies, column(&shown, "accuracy, %"));
        let areas: Vec<String> =
            numbers(configurations, "/measures/auc/mean").into_iter().map(four).collect();
        assert_eq!(areas, column(&shown, "AUC"));
        let lower = numbers(configurations, "/accuracy_interval/interval/lower");
        for (lower, text) in lower.into_iter().zip(column(&shown, "95 % interval, accuracy")) {
            assert!(text.starts_with(&format!("{} to ", percent(lower))), "{text}");
        }

        let pairs = document.pairs.unwrap();
        let differences: Vec<String> = numbers(&json["comparisons"]["pairs"], "/difference/difference")
            .into_iter()
            .map(signed_points)
            .collect();
        assert_eq!(differences, column(&pairs.table.unwrap(), "difference, points"));
        assert_eq!(json["comparisons"]["pairs"][1]["verdict"], "inconclusive");

        assert_eq!(json["runs"][0]["row"]["id"], 1);
        assert_eq!(json["runs"][0]["detail"]["matrix"]["false_negatives"], 6);
        assert_eq!(json["runs"][0]["detail"]["published"]["what"], "model_4");
        assert_eq!(json["unfinished"][0]["run"]["failure"], "out of memory at step 3");
        assert_eq!(json["leakage"]["counts"][0]["patients"], 36);
        assert_eq!(json["galleries"]["wrong"]["all"], 4);
        assert_eq!(json["charted"][0]["roc"]["curves"].as_array().unwrap().len(), 4);
        assert_eq!(json["class_names"]["positive"], "Parasitized");
    }

    #[test]
    fn the_same_rows_give_the_same_analysis() {
        for data in [fixture::seeds(), fixture::folds(), fixture::both_splits(40, 400)] {
            assert_eq!(analyse(&data).unwrap(), analyse(&data).unwrap());
        }
    }

    #[test]
    fn every_id_leads_to_its_configuration() {
        let analysis = analyse(&fixture::ranks()).unwrap();
        for (place, one) in analysis.configurations.iter().enumerate() {
            assert_eq!(one.id, place);
            for run in &one.runs {
                assert_eq!(analysis.run(*run).unwrap().configuration, Some(place));
            }
        }
    }
}
