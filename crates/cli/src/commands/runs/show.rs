//! `ranklab runs show`: prints everything about one run.

mod sections;
mod settings;
mod tables;

use clap::Args;
use ranklab_report::not_converged;
use ranklab_store::{Location, RunStatus, Store};
use serde_json::json;

use crate::{
    database::with_store,
    ui::{
        convergence::warning_lines,
        layout::wrapped_by,
        output::{json_text, print},
        printable::printable,
        terminal::text_columns,
    },
};

/// Show everything about one run.
#[derive(Args, Clone, Debug)]
pub(super) struct ShowArgs {
    /// Number of the run.
    id: i64,
    /// Print JSON, with the whole configuration.
    #[arg(long)]
    json: bool,
}

/// Prints the run's settings, data, result, epochs and files.
pub(super) async fn show(database: &Location, arguments: &ShowArgs) -> anyhow::Result<()> {
    let ShowArgs { id, json } = *arguments;
    let text = with_store(database, async |store| {
        if json { run_json(store, id).await } else { run_text(store, id, text_columns()).await }
    })
    .await?;
    print(&text)
}

/// Everything about one run as JSON.
async fn run_json(store: &Store, id: i64) -> anyhow::Result<String> {
    let run = store.runs(&[id]).await?.remove(0);
    let artifacts = store.artifacts(id).await?;
    let epochs = store.epoch_metrics(id).await?;
    let warnings = not_converged(store, &[id]).await?;
    let reasons: Vec<&String> = warnings.iter().flat_map(|found| &found.reasons).collect();
    json_text(&json!({ "run": run, "not_converged": reasons, "epochs": epochs, "artifacts": artifacts }))
}

/// Everything about one run in sections, in lines of at most `width` columns.
async fn run_text(store: &Store, id: i64, width: usize) -> anyhow::Result<String> {
    let mut run = store.runs(&[id]).await?.remove(0);
    if store.is_presumed_interrupted(id) {
        run.status = RunStatus::Interrupted;
    }
    let mut parts = vec![wrapped_by(
        &printable(&format!("Run {id}: {} ({})", run.start.label, run.status)),
        width,
        2,
        true,
    )];
    if let Some(failure) = &run.failure {
        parts.push(format!(
            "Failure\n  {}",
            wrapped_by(&printable(failure), width - 2, 0, true).replace('\n', "\n  ")
        ));
    }
    let warnings = not_converged(store, &[id]).await?;
    let warnings = warnings.iter().flat_map(warning_lines);
    let warnings: Vec<String> =
        warnings.map(|warning| wrapped_by(&printable(&warning), width, 2, true)).collect();
    if !warnings.is_empty() {
        parts.push(warnings.join("\n"));
    }
    parts.extend([sections::what(&run, width), sections::data(&run, width), sections::training(&run, width)]);
    if let Some(result) = &run.result {
        parts.push(sections::result(&run, result, width));
        parts.push(tables::confusion(&run, result, width));
    }
    parts.extend(tables::epochs(&run, &store.epoch_metrics(id).await?, width));
    parts.extend(tables::patients(store, &run, width).await?);
    parts.extend(tables::files(&store.artifacts(id).await?, width));
    parts.push(wrapped_by(
        &format!("`ranklab runs show {id} --json` has all of it, also the whole configuration."),
        width,
        0,
        true,
    ));
    Ok(parts.join("\n\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::two_runs, *};

    #[tokio::test]
    async fn a_run_is_shown_in_sections_that_fit_and_as_json() {
        let (_folder, database) = two_runs().await;
        let store = Store::open_read_only(&database).await.unwrap();
        for width in [40, 80] {
            let text = run_text(&store, 1, width).await.unwrap();
            for part in [
                "Run 1: rank=1 (finished)",
                "Training\n",
                "Epochs (% is accuracy)\n",
                "C1",
                "run-1/",
                "accuracy",
            ] {
                assert!(text.contains(part), "{part} is missing in\n{text}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
        }
        let value: serde_json::Value = serde_json::from_str(&run_json(&store, 1).await.unwrap()).unwrap();
        assert_eq!(value["run"]["status"], "finished");
        assert_eq!(value["epochs"][0]["value"], 0.5);
        assert!(run_text(&store, 7, 80).await.unwrap_err().to_string().contains("there is no run 7"));
    }
}
