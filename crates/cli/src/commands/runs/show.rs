//! `ranklab runs show`: prints everything about one run.

use std::path::Path;

use clap::Args;
use ranklab_report::not_converged;
use ranklab_store::{QueryResult, Store, Value};
use serde_json::json;

use crate::{
    database::{show_presumed_interrupted, with_store},
    ui::{
        convergence::warning_lines,
        output::{json_text, print},
        printable::printable,
        table::table,
    },
};

/// Show everything about one run.
#[derive(Args, Clone, Debug)]
pub(super) struct ShowArgs {
    /// Number of the run.
    id: i64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the run's figures, epochs, files and configuration.
pub(super) async fn show(database: &Path, arguments: &ShowArgs) -> anyhow::Result<()> {
    let text =
        with_store(database, async |store| run_text(store, arguments.id, arguments.json).await).await?;
    print(&text)
}

/// Everything about one run, as text or as JSON.
async fn run_text(store: &Store, id: i64, json: bool) -> anyhow::Result<String> {
    let run = store.runs(&[id]).await?.remove(0);
    let artifacts = store.artifacts(id).await?;
    let epochs = store.epoch_metrics(id).await?;
    let warnings = not_converged(store, &[id]).await?;
    if json {
        let reasons: Vec<&String> = warnings.iter().flat_map(|found| &found.reasons).collect();
        let everything =
            json!({ "run": run, "not_converged": reasons, "epochs": epochs, "artifacts": artifacts });
        return json_text(&everything);
    }
    let mut columns = store.query(&format!("SELECT * FROM runs WHERE id = {id}")).await?;
    columns.rows.iter_mut().for_each(|row| show_presumed_interrupted(store, row));
    let mut text = section(&format!("Run {id}: {} ({})", run.start.label, run.status), &field_table(columns));
    for line in warnings.iter().flat_map(warning_lines) {
        text += &format!("{line}\n\n");
    }
    let curve = format!(
        "SELECT epoch, train_loss, validation_loss, train_accuracy, validation_accuracy, seconds, images_per_second
         FROM learning_curves WHERE run = {id}"
    );
    if !epochs.is_empty() {
        text += &section("Epochs", &store.query(&curve).await?);
    }
    if run.result.is_some() {
        let patients = format!(
            "SELECT patient, images, errors, error_rate FROM patient_errors WHERE run = {id} AND errors > 0 LIMIT 10"
        );
        text += &section("Patients with most test errors", &store.query(&patients).await?);
    }
    if !artifacts.is_empty() {
        let files = format!("SELECT kind, path, bytes, sha256 FROM artifacts WHERE run_id = {id}");
        text += &section("Files", &store.query(&files).await?);
    }
    let config: serde_json::Value =
        serde_json::from_str(&run.start.config).unwrap_or_else(|_| run.start.config.clone().into());
    Ok(format!("{text}Configuration\n{}", json_text(&config)?))
}

/// A table under its title.
fn section(title: &str, result: &QueryResult) -> String {
    format!("{}\n{}\n", printable(title), table(result))
}

/// One row as a table of fields and values, without empty fields and those that are shown elsewhere.
fn field_table(result: QueryResult) -> QueryResult {
    let fields = result.rows.into_iter().flatten().zip(result.columns);
    let rows = fields
        .filter(|(value, name)| {
            *value != Value::Null && !["config", "family", "label"].contains(&name.as_str())
        })
        .map(|(value, name)| {
            let value = match value {
                Value::Integer(number) => Value::Text(number.to_string()),
                Value::Real(number) => Value::Text(number.to_string()),
                other => other,
            };
            vec![Value::Text(name), value]
        })
        .collect();
    QueryResult { columns: vec!["field".to_owned(), "value".to_owned()], rows }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::two_runs, *};

    #[tokio::test]
    async fn a_run_is_shown_with_its_figures_files_and_configuration() {
        let (_folder, database) = two_runs().await;
        let store = Store::open_read_only(&database).await.unwrap();
        let text = run_text(&store, 1, false).await.unwrap();
        for part in ["Run 1: rank=1 (finished)", "train_loss", "C1", "run-1/model/weights", "\"rank\": 5"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let value: serde_json::Value =
            serde_json::from_str(&run_text(&store, 1, true).await.unwrap()).unwrap();
        assert_eq!(value["run"]["status"], "finished");
        assert_eq!(value["epochs"][0]["value"], 0.5);
        assert!(run_text(&store, 7, false).await.unwrap_err().to_string().contains("there is no run 7"));
    }
}
