//! What a report contains, in order, whatever it is rendered to.

use crate::charts::{self, Shown};
use crate::comparison::{Group, compare};
use crate::comparison_table;
use crate::convergence;
use crate::data::ReportData;
use crate::error::Result;
use crate::facts::facts;
use crate::findings::findings;
use crate::format::NONE;
use crate::gallery::{self, GallerySection};
use crate::intervals::{Measured, measure};
use crate::operating_points;
use crate::other_measures;
use crate::paired::{Comparisons, compare_pairs};
use crate::run_choice;
use crate::run_section::{RunSection, section};
use crate::sentences;
use crate::series;
use crate::splits::{self, SplitSection};
use crate::table::{Column, Fact, Figure, Table};

/// Configurations against each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PairsSection {
    /// One sentence per comparison.
    pub(crate) sentences: Vec<String>,
    /// One sentence per series of ranks or layers.
    pub(crate) series: Vec<String>,
    /// Sentences on what is not compared.
    pub(crate) not_compared: Vec<String>,
    /// The same comparisons in numbers.
    pub(crate) table: Option<Table>,
    /// The leading ones in measures besides accuracy.
    pub(crate) other_measures: Option<Table>,
}

/// A report's content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Heading.
    pub(crate) title: String,
    /// Warnings that no reader may miss: a word and a sentence.
    pub(crate) banners: Vec<(&'static str, String)>,
    /// What the numbers say.
    pub(crate) findings: Vec<String>,
    /// What was run.
    pub(crate) facts: Vec<Fact>,
    /// The comparison; `None` without finished runs.
    pub(crate) comparison: Option<Table>,
    /// Paired comparisons; `None` where there is nothing to pair.
    pub(crate) pairs: Option<PairsSection>,
    /// Random against patient split; `None` without a configuration under both.
    pub(crate) splits: Option<SplitSection>,
    /// Thresholds chosen on validation; `None` without validation predictions.
    pub(crate) operating_points: Option<Table>,
    /// Charts across configurations.
    pub(crate) figures: Vec<Figure>,
    /// What stands above them.
    pub(crate) figures_note: Option<String>,
    /// Cells to look at; `None` where no cell is called wrongly.
    pub(crate) galleries: Option<GallerySection>,
    /// All runs, where not all of them are shown in detail.
    pub(crate) all_runs: Option<Table>,
    /// Runs in detail.
    pub(crate) runs: Vec<RunSection>,
    /// Trials without a result; `None` when there are none.
    pub(crate) unfinished: Option<Table>,
}

/// Builds the content.
///
/// # Errors
/// When the runs cannot be grouped or a chart cannot be drawn.
pub(crate) fn document(data: &ReportData) -> Result<Document> {
    let groups = compare(data)?;
    let measured = measure(data, &groups);
    let comparisons = compare_pairs(&groups, &measured, &data.options);
    let series = series::sentences(&groups, &measured, &comparisons, &data.options);
    let choice = run_choice::choose(data, &groups);
    let mut runs = Vec::new();
    for (run, name) in choice.detailed {
        if let Some(result) = &run.row.result {
            runs.push(section(run, result, name, data.options.level())?);
        }
    }
    let overview =
        charts::overview(&Shown { data, groups: &groups, measured: &measured, comparisons: &comparisons })?;
    Ok(Document {
        title: data.title.clone(),
        banners: banners(data, &groups),
        findings: findings(data, &groups, &measured, &comparisons, &series),
        facts: facts(data),
        comparison: (!groups.is_empty()).then(|| comparison_table::table(&groups, &measured, &data.options)),
        pairs: pairs(data, &groups, &measured, &comparisons, series),
        splits: splits::section(data, &groups, &measured, &data.options),
        operating_points: operating_points::table(data, &groups, &data.options),
        figures: overview.figures,
        figures_note: overview.note,
        galleries: gallery::section(data, &groups, &measured),
        all_runs: choice.table,
        runs,
        unfinished: unfinished(data),
    })
}

fn pairs(
    data: &ReportData,
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
    series: Vec<String>,
) -> Option<PairsSection> {
    if comparisons.pairs.is_empty() && comparisons.not_compared.is_empty() {
        return None;
    }
    let sentence = |pair| sentences::sentence(groups, pair, comparisons, &data.options);
    Some(PairsSection {
        sentences: comparisons.pairs.iter().map(sentence).collect(),
        series,
        not_compared: comparisons.not_compared.clone(),
        table: sentences::table(groups, comparisons, &data.options),
        other_measures: other_measures::table(groups, measured, comparisons, &data.options),
    })
}

fn banners(data: &ReportData, groups: &[Group]) -> Vec<(&'static str, String)> {
    let mut banners = Vec::new();
    if data.is_synthetic() {
        banners.push((
            "SYNTHETIC",
            "Images were generated, not photographed. The figures show that the software works and nothing about malaria."
                .to_owned(),
        ));
    }
    if data.has_random_weights() {
        banners.push((
            "RANDOM WEIGHTS",
            "A trunk was not pretrained. The figures say nothing about fine-tuning VGG16.".to_owned(),
        ));
    }
    banners.extend(convergence::banner(data, groups).map(|sentence| ("NOT CONVERGED", sentence)));
    banners
}

fn unfinished(data: &ReportData) -> Option<Table> {
    if data.unfinished.is_empty() {
        return None;
    }
    let rows = data.unfinished.iter().map(|trial| {
        let run = trial.run.map_or_else(|| NONE.to_owned(), |run| run.to_string());
        vec![
            trial.label.as_str().into(),
            run.into(),
            trial.status.as_str().into(),
            trial.reason.as_str().into(),
        ]
    });
    Some(Table {
        caption: "Trials without a result, with the reason.".to_owned(),
        columns: vec![
            Column::text("trial"),
            Column::number("run"),
            Column::text("status"),
            Column::text("reason"),
        ],
        rows: rows.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn generated_images_and_random_weights_are_announced() {
        let mut data = fixture::ranks();
        assert!(document(&data).unwrap().banners.is_empty());
        data.runs[2].row.start.synthetic = true;
        data.runs[2].row.start.weights = "random".into();
        let words: Vec<&str> = document(&data).unwrap().banners.iter().map(|(word, _)| *word).collect();
        assert_eq!(words, ["SYNTHETIC", "RANDOM WEIGHTS"]);
    }

    #[test]
    fn trials_without_a_result_are_listed_with_their_reason() {
        let table = document(&fixture::ranks()).unwrap().unfinished.unwrap();
        let rows: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!(rows[0], ["rank=64", "5", "failed", "out of memory at step 3"]);
        assert_eq!(rows[1], ["rank=128", "—", "planned", "has not started"]);
    }

    #[test]
    fn a_single_configuration_has_no_comparisons() {
        let mut data = fixture::ranks();
        assert_eq!(document(&data).unwrap().pairs.unwrap().sentences.len(), 5);
        data.runs.truncate(1);
        assert_eq!(document(&data).unwrap().pairs, None);
    }

    #[test]
    fn a_sweep_without_any_finished_run_still_reports_its_failures() {
        let mut data = fixture::ranks();
        data.runs.clear();
        let document = document(&data).unwrap();
        assert!(document.comparison.is_none() && document.figures.is_empty());
        assert!(document.unfinished.is_some());
    }
}
