//! `ranklab runs`: what ran, everything about one run, and removing runs with their files.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ranklab_report::not_converged;
use ranklab_runs::{
    mark_interrupted,
    run_folder::{is_of_another_database, remove_if_empty},
};
use ranklab_store::{Error, QueryResult, RunRow, RunStatus, Store, Value, restore};
use serde_json::json;

use crate::answer::{Format, answer_changed};
use crate::convergence::lines;
use crate::output::{json_text, print};
use crate::printable::printable;
use crate::table::table;

/// List runs, show one, remove some, copy the database, clear up.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  ranklab runs                 all runs, the newest last
  ranklab runs show 3          everything about run 3
  ranklab runs rm 3            what removing run 3 would remove
  ranklab runs rm 3 --yes      remove it
  ranklab runs backup runs-of-today.db
  ranklab runs restore runs-of-today.db
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
        /// Also runs that are being trained: their trials end, and the others of their sweeps go on.
        #[arg(long)]
        force: bool,
    },
    /// Copy the database, also while runs are training.
    Backup {
        /// The copy; nothing may be there yet.
        path: PathBuf,
    },
    /// Put a copy in the database's place; the replaced database is kept beside it.
    Restore {
        /// A file that `ranklab runs backup` made.
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
        Some(RunsCommand::Rm { ids, yes, force }) => remove(database, ids, *yes, *force).await,
        Some(RunsCommand::Backup { path }) => crate::gc::backup(database, path).await,
        Some(RunsCommand::Restore { path }) => put_back(path, database).await,
        Some(RunsCommand::Gc(arguments)) => crate::gc::gc(database, data_folder, arguments).await,
    }
}

const LIST: &str = "SELECT id AS run, status, model, layers, ranks, preset, split, seed, dataset,
    test_accuracy AS accuracy, auc, (feature_seconds + train_seconds + test_seconds) / 60 AS minutes,
    substr(started_at, 1, 19) AS started, failure
    FROM runs ORDER BY id";

async fn list(database: &Path, format: Format) -> anyhow::Result<()> {
    let store = crate::database::open(database).await?;
    let answered = answer_changed(&store, LIST, format, &|row| presume(&store, row));
    store.close().await;
    answered
}

/// Shows a run as interrupted whose process is gone, though that could not be recorded. The first two columns are a
/// run's number and its status.
fn presume(store: &Store, row: &mut [Value]) {
    if let [Value::Integer(run), Value::Text(status), ..] = row
        && store.is_presumed_interrupted(*run)
    {
        *status = RunStatus::Interrupted.name().to_owned();
    }
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
    let warnings = not_converged(store, &[id]).await?;
    if json {
        let reasons: Vec<&String> = warnings.iter().flat_map(|found| &found.reasons).collect();
        let everything =
            json!({ "run": run, "not_converged": reasons, "epochs": epochs, "artifacts": artifacts });
        return json_text(&everything);
    }
    let mut columns = store.query(&format!("SELECT * FROM runs WHERE id = {id}")).await?;
    columns.rows.iter_mut().for_each(|row| presume(store, row));
    let mut text = section(&format!("Run {id}: {} ({})", run.start.label, run.status), &upright(columns));
    for line in warnings.iter().flat_map(lines) {
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

async fn remove(database: &Path, ids: &[i64], yes: bool, force: bool) -> anyhow::Result<()> {
    let looked = crate::database::open(database).await?;
    let mut ids = ids.to_owned();
    ids.sort_unstable();
    ids.dedup();
    // All are looked up first, so that a mistyped id removes nothing.
    let runs = looked.runs(&ids).await?;
    if !force && let Some(live) = runs.iter().find(|run| run.status == RunStatus::Running) {
        let (run, host, process) = (live.id, live.start.host.clone(), live.start.process);
        return Err(Error::InTraining { run, host, process }.into());
    }
    let store = if yes {
        looked.close().await;
        Store::open(database).await?
    } else {
        looked
    };
    let folder = database.parent().unwrap_or(Path::new(""));
    let files = store.exclusive_artifacts(&ids).await?;
    let mut text = String::new();
    for run in &runs {
        text += &announce(run, store.predictions(run.id).await?.len(), yes);
    }
    for file in &files {
        text += &match inside(folder, &file.path, store.id()) {
            Some(path) => format!("  {} ({} bytes)\n", printable(&path.to_string_lossy()), file.bytes),
            None => format!("  not {}: it is outside of these runs' folders\n", printable(&file.path)),
        };
    }
    if !yes {
        store.close().await;
        return print(&format!("{text}Nothing was removed; add --yes to remove this.\n"));
    }
    let id = store.id().to_owned();
    // One that was begun meanwhile is refused as well.
    mark_interrupted(&store).await?;
    let deleted = store.delete_runs(&ids, force).await;
    store.close().await;
    deleted?;
    print(&text)?;
    // A run's checkpoint is no use to anybody else.
    let checkpoints = ids.iter().filter_map(|run| inside(folder, &format!("{run:06}/checkpoint"), &id));
    checkpoints.filter(|file| file.exists()).try_for_each(|file| remove_file(&file, folder))?;
    let files = files.iter().filter_map(|file| inside(folder, &file.path, &id));
    files.into_iter().try_for_each(|file| remove_file(&file, folder))
}

/// Puts a copy in the database's place.
async fn put_back(copy: &Path, database: &Path) -> anyhow::Result<()> {
    let restored = restore(copy, database).await?;
    let shown = |path: &Path| printable(&path.to_string_lossy());
    let mut text = format!("{} holds what {} holds: {} runs\n", shown(database), shown(copy), restored.runs);
    if let Some(replaced) = &restored.replaced {
        text += &format!(
            "the replaced database is {}; delete it when it is not needed any more\n",
            shown(replaced)
        );
    }
    print(&text)
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
            "  it is being trained: process {} on {} ends this trial and goes on with the others\n",
            run.start.process,
            printable(&run.start.host)
        );
    }
    text
}

/// The file's place, if its path stays inside the runs folder, and in a folder that is not of another database
/// than the one with this id.
fn inside(folder: &Path, path: &str, database: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    let first = path.components().next().filter(|_| plain)?;
    (!is_of_another_database(&folder.join(first), database)).then(|| folder.join(path))
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
        if !remove_if_empty(path).unwrap_or(false) {
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
        remove(&database, &[1, 2], false, false).await.unwrap();
        let error = remove(&database, &[1, 7], true, false).await.unwrap_err();
        assert!(error.to_string().contains("there is no run 7"));
        assert_eq!(left(&database).await, [1, 2]);
        assert!(folder.path().join("run-1/model/weights").exists());
    }

    #[tokio::test]
    async fn a_removed_run_takes_its_own_files_and_empty_folders_along() {
        let (folder, database) = two_runs().await;
        let outside = folder.path().parent().unwrap().join("outside");
        remove(&database, &[1], true, false).await.unwrap();
        assert_eq!(left(&database).await, [2]);
        assert!(!folder.path().join("run-1").exists());
        assert!(folder.path().join("run-2/model/weights").exists() && folder.path().join("split").exists());
        remove(&database, &[2, 2], true, false).await.unwrap();
        assert_eq!(left(&database).await, [] as [i64; 0]);
        assert!(!folder.path().join("run-2").exists() && !folder.path().join("split").exists());
        assert_eq!(inside(folder.path(), "../outside", "id"), None);
        assert_eq!(inside(folder.path(), outside.to_str().unwrap(), "id"), None);
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
