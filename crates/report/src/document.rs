//! What a report contains, in order, whatever it is rendered to.

use ranklab_settings::Nouns;

use crate::analysis::{Analysis, ClassNames, Run, Status};
use crate::charts::{self, AnswerChart, Figure, SetFigures};
use crate::error::Result;
use crate::pictures::CellPictures;
use crate::words::banners::banners;
use crate::words::clinical::{self, ClinicalWords};
use crate::words::facts::facts;
use crate::words::findings::findings;
use crate::words::galleries::{self, GallerySection};
use crate::words::key_figures::{self, KeyFigure};
use crate::words::run::{self, RunWords};
use crate::words::splits::{self, SplitSection};
use crate::words::table::{Fact, Table};
use crate::words::verdicts::{self, VerdictMatrix};
use crate::words::{
    all_runs, care, comparison, conformity, context, external, next_step, not_compared, operating_points,
    other_measures, pairs, pairs_table, series, short_table, test_sets, title, unfinished,
};

/// Configurations against each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PairsSection {
    /// One sentence per comparison.
    pub(crate) sentences: Vec<String>,
    /// One sentence per series of ranks or layers.
    pub(crate) series: Vec<String>,
    /// Sentences on what is not compared.
    pub(crate) not_compared: Vec<String>,
    /// The comparisons in numbers.
    pub(crate) table: Option<Table>,
    /// The leading ones in measures besides accuracy.
    pub(crate) other_measures: Option<Table>,
}

/// What clinicians ask of a few configurations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClinicalSection {
    /// What is said of them.
    pub(crate) words: ClinicalWords,
    /// Their decision curves, which come last.
    pub(crate) figures: Vec<Figure>,
}

/// A run's part of the report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunSection {
    /// What is said of it.
    pub(crate) words: RunWords,
    /// Its learning curves.
    pub(crate) figures: Vec<Figure>,
}

/// The first screen: what was compared, what came out, how sure that is, and what to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Headline {
    /// Sweep, date, data, split, patients, seeds, runs.
    pub(crate) context: Vec<String>,
    /// The answer as one sentence.
    pub(crate) answer: String,
    /// What a reader may do with it.
    pub(crate) status: Status,
    /// Best accuracy, baseline, trained parameters.
    pub(crate) figures: Vec<KeyFigure>,
    /// What to read it with care for.
    pub(crate) care: Vec<String>,
    /// What to do next.
    pub(crate) next: String,
}

/// The configurations that were tested on the same cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetSection {
    /// What tells it from the other sets; `None` where there is one set only.
    pub(crate) name: Option<String>,
    /// Differences to the reference; `None` where nothing is compared.
    pub(crate) chart: Option<AnswerChart>,
    /// Six columns.
    pub(crate) table: Table,
    /// Verdicts; `None` where nothing is compared.
    pub(crate) verdicts: Option<VerdictMatrix>,
    /// Its charts; `None` of a set that has none.
    pub(crate) figures: Option<SetFigures>,
}

/// A report's content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Name of the report.
    pub(crate) title: String,
    /// The first screen.
    pub(crate) headline: Headline,
    /// The sets of test cells, those with the least leakage first.
    pub(crate) sets: Vec<SetSection>,
    /// Names of the classes.
    pub(crate) class_names: ClassNames,
    /// Words for groups and images.
    pub(crate) nouns: Nouns,
    /// Whether the report is confirmatory: a word and a sentence.
    pub(crate) conformity: (&'static str, String),
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
    /// What clinicians ask; `None` without predictions.
    pub(crate) clinical: Option<ClinicalSection>,
    /// Runs on images that they were not tested on; `None` without any.
    pub(crate) external: Option<Table>,
    /// What stands above charts of several sets.
    pub(crate) figures_note: Option<String>,
    /// Cells to look at; `None` where no cell is called wrongly.
    pub(crate) galleries: Option<GallerySection>,
    /// All runs; `None` without any.
    pub(crate) all_runs: Option<Table>,
    /// Runs in detail.
    pub(crate) runs: Vec<RunSection>,
    /// Trials without a result; `None` when there are none.
    pub(crate) unfinished: Option<Table>,
}

/// Builds the content of an analysis and the pictures of its cells.
///
/// # Errors
/// When a chart cannot be drawn.
pub(crate) fn document(analysis: &Analysis, pictures: &CellPictures) -> Result<Document> {
    let series = series::sentences(analysis);
    let overview = charts::overview(analysis)?;
    let decision_curves = charts::decision_curves(analysis)?;
    let detailed = |run: &Run| {
        let words = run::words(analysis, run)?;
        Some(charts::learning_curves(run).map(|figures| RunSection { words, figures }))
    };
    Ok(Document {
        title: analysis.title.clone(),
        headline: headline(analysis),
        sets: sets(analysis, overview.sets)?,
        class_names: analysis.class_names.clone(),
        nouns: analysis.nouns.clone(),
        conformity: conformity::line(analysis),
        banners: banners(analysis),
        findings: findings(analysis, &series),
        facts: facts(analysis),
        comparison: (!analysis.configurations.is_empty()).then(|| comparison::table(analysis)),
        pairs: pairs(analysis, series),
        splits: splits::section(analysis),
        operating_points: operating_points::table(analysis),
        clinical: clinical::words(analysis).map(|words| ClinicalSection { words, figures: decision_curves }),
        external: external::table(analysis),
        figures_note: overview.note,
        galleries: galleries::section(analysis, pictures),
        all_runs: all_runs::table(analysis),
        runs: analysis.runs.iter().filter_map(detailed).collect::<Result<_>>()?,
        unfinished: unfinished::table(analysis),
    })
}

fn headline(analysis: &Analysis) -> Headline {
    Headline {
        context: context::parts(analysis),
        answer: title::title(analysis),
        status: analysis.status(),
        figures: key_figures::figures(analysis),
        care: care::lines(analysis),
        next: next_step::sentence(analysis),
    }
}

/// The sets of test cells with their charts, which the first ones have.
fn sets(analysis: &Analysis, figures: Vec<SetFigures>) -> Result<Vec<SetSection>> {
    let names = test_sets::names(analysis);
    let several = names.len() > 1;
    let figures = figures.into_iter().map(Some).chain(std::iter::repeat(None));
    let each = analysis.test_sets.iter().zip(&analysis.against).zip(names).zip(figures);
    each.map(|(((set, against), name), figures)| {
        Ok(SetSection {
            name: several.then_some(name),
            chart: charts::answer_chart(analysis, against)?,
            table: short_table::table(analysis, set, against),
            verdicts: verdicts::matrix(analysis, set, against),
            figures,
        })
    })
    .collect()
}

impl Document {
    /// All charts across configurations.
    pub(crate) fn overview(&self) -> impl Iterator<Item = &Figure> {
        self.sets.iter().filter_map(|set| set.figures.as_ref()).flat_map(SetFigures::all)
    }
}

fn pairs(analysis: &Analysis, series: Vec<String>) -> Option<PairsSection> {
    let pairs = &analysis.comparisons.pairs;
    let not_compared = not_compared::sentences(analysis);
    if pairs.is_empty() && not_compared.is_empty() {
        return None;
    }
    Some(PairsSection {
        sentences: pairs.iter().map(|pair| pairs::sentence(analysis, pair)).collect(),
        series,
        not_compared,
        table: pairs_table::table(analysis),
        other_measures: other_measures::table(analysis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn document(data: &ReportData) -> Result<Document> {
        super::document(&analyse(data)?, &data.pictures)
    }

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
        assert!(document.comparison.is_none() && document.overview().next().is_none());
        assert!(document.unfinished.is_some());
    }
}
