//! Evaluations as a table for people and as JSON.

use ranklab_report::{ExternalRow, external_rows};
use ranklab_runs::FinishedRun;
use ranklab_store::{EvaluationRow, QueryResult, Store, Value};
use serde_json::json;

use crate::ui::{fitting::Fitting, output::json_text, printable::printable, table::table as aligned};

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
        let from = match recorded.threshold_images {
            Some(images) => format!("chosen on the run's {images} validation images"),
            None => "the default".to_owned(),
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
    let columns =
        ["images", "accuracy %", "sensitivity %", "specificity %", "AUC", "positive %", "mean probability %"];
    let shown = external_rows(store, run.row.id, &ids, &nouns).await?.into_iter();
    let cells = |row: ExternalRow| row.cells.into_iter().map(Value::Text).collect::<Vec<_>>();
    let result = QueryResult { columns: columns.map(str::to_owned).into(), rows: shown.map(cells).collect() };
    text += "\n";
    text += &aligned(&result, Fitting::of_output("--json has everything"));
    text += "\naccuracy at a threshold of one half, sensitivity and specificity at the run's; next: ranklab report\n";
    Ok(text)
}

/// A list of what was recorded, with predictions.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn json(store: &Store, rows: &[EvaluationRow]) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for row in rows {
        let predictions = store.evaluation_predictions(row.id).await?;
        let predictions = predictions.iter().map(|one| {
            json!({ "image": &*one.image, "group": &*one.patient, "label": one.label, "probability": one.probability })
        });
        all.push(json!({
            "evaluation": row.id,
            "run": row.run,
            "evaluated_at": row.evaluated_at,
            "recorded": row.evaluation,
            "predictions": predictions.collect::<Vec<_>>(),
        }));
    }
    json_text(&all)
}
