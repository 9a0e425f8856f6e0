//! One run in detail: classification report beside the published one, counts and facts.

use ranklab_settings::Nouns;
use ranklab_stats::{ClassScores, ClassificationReport, ConfusionMatrix};
use ranklab_store::RunResult;

use crate::analysis::{
    Analysis, BINS, ClassNames, PUBLISHED_SOURCE, Published, Run, RunDetail, RunErrors, WorstPatient,
};

use super::convergence::reasons;
use super::facts::audit;
use super::format::{self, NONE, count_of, four, moment, percent, seconds, thousands};
use super::operating_points;
use super::table::{Cell, Column, Fact, Table};

/// What is said of a run in detail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunWords {
    /// Primary key.
    pub(crate) id: i64,
    /// Heading without the word run and its number.
    pub(crate) name: String,
    /// Test accuracy for the heading.
    pub(crate) accuracy: String,
    /// Whether its images are generated.
    pub(crate) is_synthetic: bool,
    /// Why it did not converge; empty where nothing says so.
    pub(crate) warnings: Vec<String>,
    /// Classification report.
    pub(crate) report: Table,
    /// Counts.
    pub(crate) matrix: ConfusionMatrix,
    /// Provenance and costs.
    pub(crate) facts: Vec<Fact>,
    /// The resolved configuration, indented.
    pub(crate) config: String,
}

/// The name of a run's configuration; the label of a run that is in none, as a newer one supersedes it.
pub(crate) fn configuration_name<'a>(analysis: &'a Analysis, run: &'a Run) -> &'a str {
    run.configuration.map_or(&run.row.start.label, |id| &analysis.configurations[id].name)
}

/// What is said of a run; `None` where it is not shown in detail.
pub(crate) fn words(analysis: &Analysis, run: &Run) -> Option<RunWords> {
    let (detail, result) = (run.detail.as_ref()?, run.row.result.as_ref()?);
    let start = &run.row.start;
    let fold = start.fold.map_or(String::new(), |fold| format!(" · fold {fold}"));
    Some(RunWords {
        id: run.row.id,
        name: format!("{} · seed {}{fold}", configuration_name(analysis, run), start.seed),
        accuracy: percent_or_none(result.test_accuracy),
        is_synthetic: start.synthetic,
        warnings: reasons(&run.signs),
        report: report_table(detail, analysis),
        matrix: detail.matrix,
        facts: facts(run, result, detail, &analysis.nouns),
        config: indented(&start.config),
    })
}

fn percent_or_none(share: f64) -> String {
    if share.is_finite() { format!("{} %", percent(share)) } else { NONE.to_owned() }
}

fn indented(config: &str) -> String {
    serde_json::from_str::<serde_json::Value>(config)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| config.to_owned())
}

/// Laid out as the posts' Tables 1 and 2.
fn report_table(detail: &RunDetail, analysis: &Analysis) -> Table {
    let classes = &analysis.class_names;
    let headings = ["precision", "recall", "f1-score", "support"];
    let mut columns = vec![Column::text("class")];
    columns.extend(headings.map(|heading| Column::number(heading).under("this run")));
    let mut rows = report_rows(&ClassificationReport::new(&detail.matrix), classes);
    let mut caption = format!("Classification report on the test {}.", analysis.nouns.image.many);
    if let Some(Published { what, matrix }) = &detail.published {
        columns.extend(headings.map(|heading| Column::number(heading).under("published")));
        let beside = report_rows(&ClassificationReport::new(matrix), classes);
        for (row, published) in rows.iter_mut().zip(beside) {
            row.extend(published.into_iter().skip(1));
        }
        caption += &format!(
            " Published: {what}, computed from the counts in {}. They stand beside this run's figures, not against them.",
            PUBLISHED_SOURCE
        );
    }
    Table { caption, columns, rows }
}

fn report_rows(report: &ClassificationReport, classes: &ClassNames) -> Vec<Vec<Cell>> {
    let whole = |value: u64| thousands(i64::try_from(value).unwrap_or(i64::MAX));
    let row = |name: &str, scores: &ClassScores| -> Vec<Cell> {
        vec![
            name.into(),
            four(scores.precision).into(),
            four(scores.recall).into(),
            four(scores.f1).into(),
            whole(scores.support).into(),
        ]
    };
    let accuracy = vec![
        "accuracy".into(),
        "".into(),
        "".into(),
        four(report.accuracy).into(),
        whole(report.macro_average.support).into(),
    ];
    vec![
        row(&classes.negative, &report.negative),
        row(&classes.positive, &report.positive),
        accuracy,
        row("macro avg", &report.macro_average),
        row("weighted avg", &report.weighted_average),
    ]
}

fn facts(run: &Run, result: &RunResult, detail: &RunDetail, nouns: &Nouns) -> Vec<Fact> {
    let start = &run.row.start;
    let ended = run.row.ended_at.as_deref().map_or_else(|| NONE.to_owned(), moment);
    let auc = result.auc.map_or_else(|| NONE.to_owned(), four);
    let mut facts = vec![
        Fact::new("When", format!("{} to {ended}, process {}", moment(&run.row.started_at), start.process)),
        Fact::new("Seed", start.seed.to_string()),
        Fact::new(
            "Best epoch",
            format!("{} of {} by {}", result.best_epoch, start.epochs, start.select_by.replace('_', " ")),
        ),
        Fact::new("Test loss and AUC", format!("{} and {auc}", four(result.test_loss))),
        Fact::new(
            "Time",
            format!(
                "{} for trunk features, {} for training, {} for testing",
                seconds(result.feature_seconds),
                seconds(result.train_seconds),
                seconds(result.test_seconds)
            ),
        ),
        Fact::new(
            "Speed and memory",
            format!(
                "{} training images/s, {} at the peak",
                format::rate(result.images_per_second),
                format::bytes(result.peak_memory_bytes as f64)
            ),
        ),
        Fact::new(
            "Parameters",
            format!(
                "{} trainable, of them {} in adapters; {} frozen",
                thousands(start.trainable_parameters),
                thousands(start.adapter_parameters),
                thousands(start.frozen_parameters)
            ),
        ),
        Fact::new("Leakage", audit(start, nouns)),
        Fact::new("Errors", errors(&detail.errors, nouns)),
        Fact::new("Configuration hash", start.config_hash.clone()),
        Fact::new("Model hash", result.model_hash.clone()),
        Fact::new("Weights hash", start.weights_hash.clone()),
    ];
    facts.splice(4..4, measures(detail, nouns));
    facts.retain(|fact| fact.values.iter().any(|value| !value.is_empty()));
    facts
}

/// The measures of a run; those of probabilities only where all of them are known.
fn measures(detail: &RunDetail, nouns: &Nouns) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Of the counts", of_counts(detail))];
    facts.extend(of_probabilities(detail).map(|text| Fact::new("Of the probabilities", text)));
    facts.push(Fact::several(
        "Operating points",
        operating_points::of_run(detail.operating_points.as_deref(), nouns),
    ));
    facts
}

fn of_counts(detail: &RunDetail) -> String {
    format!(
        "balanced accuracy {} %, Matthews correlation {}",
        percent(detail.balanced_accuracy),
        four(detail.matthews_correlation)
    )
}

fn of_probabilities(detail: &RunDetail) -> Option<String> {
    let measures = detail.probabilities?;
    Some(format!(
        "average precision {}, Brier score {}, log loss {}, calibration error {} in {BINS} bins",
        measures.average_precision.map_or_else(|| NONE.to_owned(), four),
        four(measures.brier_score),
        four(measures.log_loss),
        four(measures.calibration_error),
    ))
}

/// How the errors spread over patients, and whether the stored predictions give the stored counts.
fn errors(errors: &RunErrors, nouns: &Nouns) -> String {
    match errors {
        RunErrors::NoPredictions => "no predictions are stored".to_owned(),
        RunErrors::Uncountable { reason } => format!("the stored predictions cannot be counted: {reason}"),
        RunErrors::OtherCounts { counted } => format!(
            "the stored predictions give other counts ({} true and {} false positives) than the run's row",
            counted.true_positives, counted.false_positives
        ),
        RunErrors::Counted { wrong, patients, worst } => {
            let mut sentence =
                format!("{} of {}", count_of(*wrong, &nouns.image), count_of(*patients, &nouns.group));
            if let Some(WorstPatient { patient, wrong, cells }) = worst {
                sentence += &format!("; most in {} {patient} ({wrong} of {cells})", nouns.group.one);
            }
            sentence
        }
    }
}

#[cfg(test)]
mod tests {
    use ranklab_store::PredictionRow;

    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn first_of(data: &ReportData) -> RunWords {
        let analysis = analyse(data).unwrap();
        words(&analysis, &analysis.runs[0]).unwrap()
    }

    fn first() -> RunWords {
        first_of(&fixture::ranks())
    }

    fn fact(section: &RunWords, name: &str) -> String {
        section.facts.iter().find(|fact| fact.name == name).unwrap().values.join("\n")
    }

    #[test]
    fn the_report_has_the_posts_rows_with_the_published_columns_beside() {
        let table = first().report;
        let names: Vec<&str> = table.rows.iter().map(|row| row[0].text.as_str()).collect();
        assert_eq!(names, ["Uninfected", "Parasitized", "accuracy", "macro avg", "weighted avg"]);
        let text = |row: usize| table.rows[row].iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>();
        assert_eq!(text(2), ["accuracy", "", "", "0.9700", "200", "", "", "0.9769", "2,600"]);
        assert_eq!(text(1)[5..], ["0.9655", "0.9892", "0.9772", "1,300"]);
        assert_eq!(table.columns[5].group.as_deref(), Some("published"));
    }

    #[test]
    fn an_unpublished_model_has_its_own_columns_only() {
        let mut data = fixture::ranks();
        data.runs[0].row.start.model = "model_6".into();
        let table = first_of(&data).report;
        assert_eq!(table.columns.len(), 5);
        assert!(!table.caption.contains("ublished"));
    }

    #[test]
    fn errors_are_counted_per_patient() {
        assert_eq!(fact(&first(), "Errors"), "6 cells of 6 patients; most in patient C12 (1 of 5)");
    }

    #[test]
    fn predictions_that_contradict_the_counts_are_pointed_out() {
        let mut data = fixture::ranks();
        let errors = |data: &ReportData| fact(&first_of(data), "Errors");
        data.runs[0].predictions.truncate(100);
        assert!(errors(&data).starts_with("the stored predictions give other counts"));
        data.runs[0].predictions[0].probability = f64::NAN;
        assert!(errors(&data).starts_with("the stored predictions cannot be counted"));
        data.runs[0].predictions.clear();
        assert_eq!(errors(&data), "no predictions are stored");
    }

    fn rows(probabilities: &[(i64, f64)]) -> Vec<PredictionRow> {
        probabilities
            .iter()
            .enumerate()
            .map(|(place, &(label, probability))| PredictionRow {
                image: format!("{place}.png").into(),
                patient: "C1P1".into(),
                label,
                probability,
            })
            .collect()
    }

    /// What is said of measures of a run with these predictions and with counts of their own.
    fn measured(predictions: Vec<PredictionRow>) -> Vec<String> {
        let mut data = fixture::ranks();
        let run = &mut data.runs[0];
        run.predictions = predictions;
        let result = run.row.result.as_mut().unwrap();
        (result.true_positives, result.false_negatives) = (2, 1);
        (result.false_positives, result.true_negatives) = (0, 3);
        let analysis = analyse(&data).unwrap();
        let facts = measures(analysis.runs[0].detail.as_ref().unwrap(), &analysis.nouns);
        facts.into_iter().map(|fact| fact.values.join("\n")).collect()
    }

    #[test]
    fn counts_probabilities_and_operating_points_are_told() {
        let found = measured(rows(&[(1, 0.9), (1, 0.8), (1, 0.3), (0, 0.1), (0, 0.2), (0, 0.2)]));
        assert_eq!(found.len(), 3);
        // (2/3 + 1) / 2, and (2·3 − 0·1) / √(2·3·3·4).
        assert!(
            found[0].starts_with("balanced accuracy 83.33 %, Matthews correlation 0.7071"),
            "{}",
            found[0]
        );
        // Mean of 0.01, 0.04, 0.49, 0.01, 0.04 and 0.04.
        assert!(found[1].starts_with("average precision 1.0000, Brier score 0.1050"), "{}", found[1]);
        assert!(found[2].starts_with("Youden's J largest: from a probability of "), "{}", found[2]);
    }

    #[test]
    fn a_diverged_run_has_its_counts_only() {
        for predictions in [rows(&[(1, f64::NAN), (0, 0.2)]), Vec::new()] {
            let found = measured(predictions);
            assert_eq!(found.len(), 2);
            assert!(found[1].contains("none, as no threshold of the validation images reaches it"));
        }
    }
}
