//! `ranklab runs`: what ran, everything about one run, and removing runs with their files.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ranklab_store::{QueryResult, RunRow, RunStatus, Store, Value};
use serde_json::json;

use crate::output::print;
use crate::printable::printable;
use crate::table::{Format, render, table};

/// List runs, show one, remove some, copy the database, clear up.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  ranklab runs                 all runs, the newest last
  ranklab runs show 3          everything about run 3
  ranklab runs rm 3            what removing run 3 would remove
  ranklab runs rm 3 --yes      remove it
  ranklab runs backup runs-of-today.db
  ranklab runs gc --older-than 30d --keep-bytes 20G")]
pub(crate) struct RunsArgs {
    /// What to do; without it, runs are listed.
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with runs.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum RunsCommand {
    /// Show everything about one run.
    Show {
        /// The run.
        id: i64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove runs with their metrics, predictions and files. Without --yes, only say what would go.
    Rm {
        /// The runs.
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Really remove them.
        #[arg(long)]
        yes: bool,
    },
    /// Copy the database, also while runs are training.
    Backup {
        /// The copy; nothing may be there yet.
        path: PathBuf,
    },
    /// Remove folders without a run, checkpoints and feature caches that nobody needs. Without --yes, only say
    /// what would go.
    Gc(crate::gc::GcArgs),
}

/// Does what was asked. Files of runs are looked for beside the database.
pub(crate) async fn runs(database: &Path, data_folder: &Path, arguments: &RunsArgs) -> anyhow::Result<()> {
    match &arguments.command {
        None => list(database, if arguments.json { Format::Json } else { Format::Table }).await,
        Some(RunsCommand::Show { id, json }) => show(database, *id, *json).await,
        Some(RunsCommand::Rm { ids, yes }) => remove(database, ids, *yes).await,
        Some(RunsCommand::Backup { path }) => crate::gc::backup(database, path).await,
        Some(RunsCommand::Gc(arguments)) => crate::gc::gc(database, data_folder, arguments).await,
    }
}

const LIST: &str = "SELECT id AS run, status, model, layers, ranks, preset, split, seed, dataset,
    test_accuracy AS accuracy, auc, (feature_seconds + train_seconds + test_seconds) / 60 AS minutes,
    substr(started_at, 1, 19) AS started, failure
    FROM runs ORDER BY id";

async fn list(database: &Path, format: Format) -> anyhow::Result<()> {
    let store = crate::database::open(database).await?;
    let answer = store.query(LIST).await;
    store.close().await;
    print(&render(&answer?, format)?)
}

async fn show(database: &Path, id: i64, json: bool) -> anyhow::Result<()> {
    let store = crate::database::open(database).await?;
    let text = describe(&store, id, json).await;
    store.close().await;
    print(&text?)
}

/// Everything about one run as text.
async fn describe(store: &Store, id: i64, json: bool) -> anyhow::Result<String> {
    let run = store.runs(&[id]).await?.remove(0);
    let artifacts = store.artifacts(id).await?;
    let epochs = store.epoch_metrics(id).await?;
    if json {
        let everything = json!({ "run": run, "epochs": epochs, "artifacts": artifacts });
        return Ok(format!("{}\n", serde_json::to_string_pretty(&everything)?));
    }
    let columns = store.query(&format!("SELECT * FROM runs WHERE id = {id}")).await?;
    let mut text = section(&format!("Run {id}: {} ({})", run.start.label, run.status), &upright(columns));
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
    Ok(format!("{text}Configuration\n{}\n", serde_json::to_string_pretty(&config)?))
}

fn section(title: &str, answer: &QueryResult) -> String {
    format!("{}\n{}\n", printable(title), table(answer))
}

/// One row as a table of its columns, without empty ones and those that are shown apart.
fn upright(answer: QueryResult) -> QueryResult {
    let fields = answer.rows.into_iter().flatten().zip(answer.columns);
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

async fn remove(database: &Path, ids: &[i64], yes: bool) -> anyhow::Result<()> {
    let looked = crate::database::open(database).await?;
    let store = if yes { Store::open(database).await? } else { looked };
    let folder = database.parent().unwrap_or(Path::new(""));
    let mut ids = ids.to_owned();
    ids.sort_unstable();
    ids.dedup();
    // All are looked up first, so that a mistyped id removes nothing.
    let runs = store.runs(&ids).await?;
    let files = store.exclusive_artifacts(&ids).await?;
    let mut text = String::new();
    for run in &runs {
        text += &announce(run, store.predictions(run.id).await?.len(), yes);
    }
    for file in &files {
        text += &match inside(folder, &file.path) {
            Some(path) => format!("  {} ({} bytes)\n", printable(&path.to_string_lossy()), file.bytes),
            None => format!("  not {}: it is outside of the runs folder\n", printable(&file.path)),
        };
    }
    if !yes {
        store.close().await;
        return print(&format!("{text}Nothing was removed; add --yes to remove this.\n"));
    }
    print(&text)?;
    for id in &ids {
        store.delete_run(*id).await?;
    }
    store.close().await;
    // An interrupted run's checkpoint is no use to anybody else.
    let checkpoints = ids.iter().map(|id| folder.join(format!("{id:06}/checkpoint")));
    checkpoints.filter(|file| file.exists()).try_for_each(|file| remove_file(&file, folder))?;
    files.iter().filter_map(|file| inside(folder, &file.path)).try_for_each(|file| remove_file(&file, folder))
}

/// What becomes of a run's rows.
fn announce(run: &RunRow, predictions: usize, yes: bool) -> String {
    let verb = if yes { "Removing" } else { "Would remove" };
    let mut text = format!(
        "{verb} run {} ({}, {}) with its metrics and {predictions} predictions\n",
        run.id,
        printable(&run.start.label),
        run.status
    );
    if run.status == RunStatus::Running {
        text += &format!(
            "  it is still marked as running: process {} on {} would fail when it next records something\n",
            run.start.process,
            printable(&run.start.host)
        );
    }
    text
}

/// The file's place, if its path stays inside the runs folder.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    (plain && path.components().next().is_some()).then(|| folder.join(path))
}

/// Removes a file, if it is still there, and the folders below the runs folder that it leaves empty.
fn remove_file(file: &Path, folder: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| {
                format!("the run is removed from the database, but not its file {}", file.display())
            });
        }
        _ => {}
    }
    let mut parent = file.parent();
    while let Some(path) = parent.filter(|path| *path != folder && path.starts_with(folder)) {
        // Fails on one that still holds something, which is the wish.
        if fs::remove_dir(path).is_err() {
            break;
        }
        parent = path.parent();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ranklab_store::{ArtifactRow, EpochMetric, NewRun, PredictionRow, RunResult};

    /// A database with two finished runs whose files exist; `split` belongs to both.
    async fn two_runs() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ranklab.db");
        let store = Store::open(&database).await.unwrap();
        for id in [1, 2] {
            let run = NewRun {
                label: format!("rank={id}"),
                config: r#"{"rank":5}"#.into(),
                config_hash: id.to_string(),
                ..NewRun::default()
            };
            assert_eq!(store.start_run(&run).await.unwrap(), id);
            let metric = EpochMetric { epoch: 1, metric: "train_loss".into(), value: 0.5 };
            store.record_epoch(id, &[metric]).await.unwrap();
            let own = format!("run-{id}/model/weights");
            let artifacts = [own.as_str(), "split", "../outside"].map(|path| ArtifactRow {
                kind: "model".into(),
                path: path.into(),
                sha256: "5ha".into(),
                bytes: 4,
            });
            for artifact in &artifacts[..2] {
                let path = folder.path().join(&artifact.path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "data").unwrap();
            }
            let prediction =
                PredictionRow { image: "a".into(), patient: "C1".into(), label: 1, probability: 0.1 };
            store.finish_run(id, &RunResult::default(), &[prediction], &artifacts).await.unwrap();
        }
        store.close().await;
        (folder, database)
    }

    async fn left(database: &Path) -> Vec<i64> {
        Store::open_read_only(database)
            .await
            .unwrap()
            .all_runs()
            .await
            .unwrap()
            .iter()
            .map(|run| run.id)
            .collect()
    }

    #[tokio::test]
    async fn nothing_is_removed_without_yes_or_with_a_mistyped_id() {
        let (folder, database) = two_runs().await;
        remove(&database, &[1, 2], false).await.unwrap();
        let error = remove(&database, &[1, 7], true).await.unwrap_err();
        assert!(error.to_string().contains("there is no run 7"));
        assert_eq!(left(&database).await, [1, 2]);
        assert!(folder.path().join("run-1/model/weights").exists());
    }

    #[tokio::test]
    async fn a_removed_run_takes_its_own_files_and_empty_folders_along() {
        let (folder, database) = two_runs().await;
        let outside = folder.path().parent().unwrap().join("outside");
        remove(&database, &[1], true).await.unwrap();
        assert_eq!(left(&database).await, [2]);
        assert!(!folder.path().join("run-1").exists());
        assert!(folder.path().join("run-2/model/weights").exists() && folder.path().join("split").exists());
        remove(&database, &[2, 2], true).await.unwrap();
        assert_eq!(left(&database).await, [] as [i64; 0]);
        assert!(!folder.path().join("run-2").exists() && !folder.path().join("split").exists());
        assert_eq!(inside(folder.path(), "../outside"), None);
        assert_eq!(inside(folder.path(), outside.to_str().unwrap()), None);
    }

    #[tokio::test]
    async fn a_run_is_shown_with_its_figures_files_and_configuration() {
        let (_folder, database) = two_runs().await;
        let store = Store::open_read_only(&database).await.unwrap();
        let text = describe(&store, 1, false).await.unwrap();
        for part in ["Run 1: rank=1 (finished)", "train_loss", "C1", "run-1/model/weights", "\"rank\": 5"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let value: serde_json::Value =
            serde_json::from_str(&describe(&store, 1, true).await.unwrap()).unwrap();
        assert_eq!(value["run"]["status"], "finished");
        assert_eq!(value["epochs"][0]["value"], 0.5);
        assert!(describe(&store, 7, false).await.unwrap_err().to_string().contains("there is no run 7"));
    }

    #[tokio::test]
    async fn the_list_and_a_query_need_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ranklab.db");
        let missing = list(&database, Format::Table).await.unwrap_err().to_string();
        assert!(missing.contains("run `ranklab sweep` first"), "{missing}");
        let (_folder, database) = two_runs().await;
        list(&database, Format::Json).await.unwrap();
        crate::query::query(&database, "select count(*) from runs", Format::Csv).await.unwrap();
    }
}
