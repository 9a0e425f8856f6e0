//! Evaluations as a table for people and as JSON.

use ranklab_report::{ExternalRow, external_rows, not_converged};
use ranklab_runs::FinishedRun;
use ranklab_store::{EvaluationRow, QueryResult, Store, Value};
use serde_json::json;

use crate::ui::{
    convergence::warning_lines, fitting::Fitting, output::json_text, printable::printable,
    saturation::saturation_warning, table::table as aligned,
};

/// Names of the figures, in the order of [`ExternalRow::cells`] after the set's name.
const FIGURES: [&str; 6] =
    ["accuracy %", "sensitivity %", "specificity %", "AUC", "positive %", "mean probability %"];

/// The run on its own test cells beside each evaluation.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn table(
    store: &Store,
    run: &FinishedRun,
    rows: &[EvaluationRow],
) -> anyhow::Result<String> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let nouns = run.config.data.nouns();
    let mut text = String::new();
    for row in rows {
        let recorded = &row.evaluation;
        let from = match (recorded.threshold_images, run.config.threshold) {
            (Some(images), None) => format!("chosen on the run's {images} validation images"),
            (Some(images), Some(_)) => {
                format!("imported with the adapter, chosen on {images} validation images")
            }
            (None, _) => "the default".to_owned(),
        };
        text += &printable(&format!(
            "evaluation {} of run {} ({}): {} images of {} {} at {}; threshold {:.4}, {from}",
            row.id,
            row.run,
            run.row.start.label,
            recorded.images,
            recorded.patients,
            nouns.group.of(recorded.patients),
            recorded.dataset,
            recorded.threshold,
        ));
        text += "\n";
    }
    text += "\n";
    let figures = figures(&external_rows(store, run.row.id, &ids, &nouns).await?);
    text += &aligned(&figures, Fitting::of_output("--json has everything"));
    for line in warnings(store, run.row.id, rows).await? {
        text += &format!("\n{}", printable(&line));
    }
    text += "\naccuracy at a threshold of one half, sensitivity and specificity at the run's; next: ranklab report\n";
    Ok(text)
}

/// A row for each figure and a column for each set of images: figures with intervals are wide.
fn figures(sets: &[ExternalRow]) -> QueryResult {
    let cell = |set: &ExternalRow, place: usize| set.cells.get(place).cloned().unwrap_or_default();
    let columns = std::iter::once("figure".to_owned()).chain(sets.iter().map(|set| cell(set, 0))).collect();
    let row = |(place, name): (usize, &&str)| {
        let values = sets.iter().map(|set| cell(set, place + 1));
        std::iter::once((*name).to_owned()).chain(values).map(Value::Text).collect()
    };
    QueryResult { columns, rows: FIGURES.iter().enumerate().map(row).collect() }
}

/// What to be careful about, a line each: a run that did not converge, and probabilities that rank nothing.
async fn warnings(store: &Store, run: i64, rows: &[EvaluationRow]) -> anyhow::Result<Vec<String>> {
    let mut lines: Vec<String> = not_converged(store, &[run]).await?.iter().flat_map(warning_lines).collect();
    for row in rows {
        let predictions = store.evaluation_predictions(row.id).await?;
        let probabilities: Vec<f64> = predictions.iter().map(|one| one.probability).collect();
        let warning = saturation_warning(&probabilities);
        lines.extend(warning.map(|warning| format!("{warning} (evaluation {})", row.id)));
    }
    Ok(lines)
}

/// A list of what was recorded, with predictions.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn json(store: &Store, rows: &[EvaluationRow]) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for row in rows {
        let warnings = warnings(store, row.run, std::slice::from_ref(row)).await?;
        let predictions = store.evaluation_predictions(row.id).await?;
        let predictions = predictions.iter().map(|one| {
            json!({ "image": &*one.image, "group": &*one.patient, "label": one.label, "probability": one.probability })
        });
        all.push(json!({
            "evaluation": row.id,
            "run": row.run,
            "evaluated_at": row.evaluated_at,
            "recorded": row.evaluation,
            "warnings": warnings,
            "predictions": predictions.collect::<Vec<_>>(),
        }));
    }
    json_text(&all)
}
