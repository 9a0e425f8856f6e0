//! One run in detail: classification report beside the published one, confusion matrix, curves, facts.

use std::collections::BTreeMap;

use ranklab_stats::{ClassScores, ClassificationReport, ConfusionMatrix, THRESHOLD};
use ranklab_store::{PredictionRow, RunResult};

use crate::charts;
use crate::convergence;
use crate::data::RunData;
use crate::error::Result;
use crate::facts::audit;
use crate::format::{self, NONE, count, four, moment, percent, seconds, thousands};
use crate::measures::measures;
use crate::published::{self, Published, published};
use crate::table::{Cell, Column, Fact, Figure, Table};

/// A run's part of the report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunSection {
    /// Primary key.
    pub(crate) id: i64,
    /// Heading without the word run and its number.
    pub(crate) name: String,
    /// Test accuracy for the heading.
    pub(crate) accuracy: String,
    /// Whether its images are generated.
    pub(crate) synthetic: bool,
    /// Why it did not converge; empty where nothing says so.
    pub(crate) warnings: Vec<String>,
    /// Classification report.
    pub(crate) report: Table,
    /// Counts.
    pub(crate) matrix: ConfusionMatrix,
    /// Learning curves.
    pub(crate) figures: Vec<Figure>,
    /// Provenance and costs.
    pub(crate) facts: Vec<Fact>,
    /// The resolved configuration, indented.
    pub(crate) config: String,
}

/// The section of a finished run; `level` is the confidence of its intervals.
///
/// # Errors
/// When a chart cannot be drawn.
pub(crate) fn section(run: &RunData, result: &RunResult, group_name: &str, level: f64) -> Result<RunSection> {
    let matrix = matrix(result);
    let start = &run.row.start;
    let fold = start.fold.map_or(String::new(), |fold| format!(" · fold {fold}"));
    Ok(RunSection {
        id: run.row.id,
        name: format!("{group_name} · seed {}{fold}", start.seed),
        accuracy: percent_or_none(result.test_accuracy),
        synthetic: start.synthetic,
        warnings: convergence::reasons(run),
        report: report_table(&matrix, &start.model),
        matrix,
        figures: charts::learning_curves(run, result.best_epoch)?,
        facts: facts(run, result, &matrix, level),
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

fn matrix(result: &RunResult) -> ConfusionMatrix {
    // The database refuses negative counts.
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    ConfusionMatrix {
        true_positives: count(result.true_positives),
        false_negatives: count(result.false_negatives),
        false_positives: count(result.false_positives),
        true_negatives: count(result.true_negatives),
    }
}

/// Laid out as the posts' Tables 1 and 2.
fn report_table(matrix: &ConfusionMatrix, model: &str) -> Table {
    let published = published(model);
    let headings = ["precision", "recall", "f1-score", "support"];
    let mut columns = vec![Column::text("class")];
    columns.extend(headings.map(|heading| Column::number(heading).under("this run")));
    let mut rows = report_rows(&ClassificationReport::new(matrix));
    let mut caption = "Classification report on the test cells.".to_owned();
    if let Some(Published { what, matrix }) = published {
        columns.extend(headings.map(|heading| Column::number(heading).under("published")));
        let beside = report_rows(&ClassificationReport::new(&matrix));
        for (row, published) in rows.iter_mut().zip(beside) {
            row.extend(published.into_iter().skip(1));
        }
        caption += &format!(
            " Published: {what}, computed from the counts in {}. They stand beside this run's figures, not against them.",
            published::SOURCE
        );
    }
    Table { caption, columns, rows }
}

fn report_rows(report: &ClassificationReport) -> Vec<Vec<Cell>> {
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
        row("Uninfected", &report.negative),
        row("Parasitized", &report.positive),
        accuracy,
        row("macro avg", &report.macro_average),
        row("weighted avg", &report.weighted_average),
    ]
}

fn facts(run: &RunData, result: &RunResult, matrix: &ConfusionMatrix, level: f64) -> Vec<Fact> {
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
        Fact::new("Leakage", audit(start)),
        Fact::new("Errors", errors(&run.predictions, matrix)),
        Fact::new("Configuration hash", start.config_hash.clone()),
        Fact::new("Model hash", result.model_hash.clone()),
        Fact::new("Weights hash", start.weights_hash.clone()),
    ];
    facts.splice(4..4, measures(matrix, run, level));
    facts.retain(|fact| fact.values.iter().any(|value| !value.is_empty()));
    facts
}

/// How the errors spread over patients, and whether the stored predictions give the stored counts.
fn errors(predictions: &[PredictionRow], matrix: &ConfusionMatrix) -> String {
    if predictions.is_empty() {
        return "no predictions are stored".to_owned();
    }
    let labels: Vec<u8> = predictions.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = predictions.iter().map(|row| row.probability).collect();
    match ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD) {
        Err(error) => return format!("the stored predictions cannot be counted: {error}"),
        Ok(counted) if counted != *matrix => {
            return format!(
                "the stored predictions give other counts ({} true and {} false positives) than the run's row",
                counted.true_positives, counted.false_positives
            );
        }
        Ok(_) => {}
    }
    let mut patients: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in predictions {
        let (wrong, all) = patients.entry(&row.patient).or_default();
        *all += 1;
        *wrong += usize::from((row.probability >= THRESHOLD) != (row.label == 1));
    }
    let wrong: usize = patients.values().map(|(wrong, _)| wrong).sum();
    let affected = patients.values().filter(|(wrong, _)| *wrong > 0).count();
    let mut sentence = format!("{} of {}", count(wrong, "cell"), count(affected, "patient"));
    // Most errors first, then the fewest cells, then the name.
    let worst = patients.iter().min_by_key(|(name, (wrong, all))| (std::cmp::Reverse(*wrong), *all, **name));
    if let Some((name, (wrong, all))) = worst.filter(|(_, (wrong, _))| *wrong > 0) {
        sentence += &format!("; most in patient {name} ({wrong} of {all})");
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn first() -> RunSection {
        let data = fixture::ranks();
        let run = &data.runs[0];
        section(run, run.row.result.as_ref().unwrap(), "model_4", 0.95).unwrap()
    }

    fn fact(section: &RunSection, name: &str) -> String {
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
        let table = report_table(&first().matrix, "model_6");
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
        let run = &mut data.runs[0];
        run.predictions.truncate(100);
        let result = run.row.result.clone().unwrap();
        let of = |run: &RunData| fact(&section(run, &result, "model_4", 0.95).unwrap(), "Errors");
        assert!(of(run).starts_with("the stored predictions give other counts"));
        run.predictions[0].probability = f64::NAN;
        assert!(of(run).starts_with("the stored predictions cannot be counted"));
        run.predictions.clear();
        assert_eq!(of(run), "no predictions are stored");
    }
}
