//! `ranklab runs rm`: removes runs with their rows and files.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use ranklab_runs::{
    mark_interrupted,
    run_folder::{is_of_another_database, remove_if_empty},
};
use ranklab_store::{Error, Location, RunRow, RunStatus, Store};

use crate::{
    database,
    folders::Folders,
    ui::{output::print, printable::printable},
};

/// Remove runs with their metrics, predictions and files; without --yes, list what would be removed.
#[derive(Args, Clone, Debug)]
pub(super) struct RmArgs {
    /// Numbers of the runs.
    #[arg(required = true)]
    ids: Vec<i64>,
    /// Remove the runs.
    #[arg(long)]
    yes: bool,
    /// Remove runs in training as well: their trials end, and the other trials of their sweeps continue.
    #[arg(long)]
    force: bool,
}

/// Removes the runs, or lists what would be removed. Files of runs are looked for in the runs folder.
pub(super) async fn rm(folders: &Folders, RmArgs { ids, yes, force }: &RmArgs) -> anyhow::Result<()> {
    remove(&folders.database(), &folders.runs, ids, *yes, *force).await
}

async fn remove(
    database: &Location,
    folder: &Path,
    ids: &[i64],
    yes: bool,
    force: bool,
) -> anyhow::Result<()> {
    let reader = database::open(database).await?;
    let mut ids = ids.to_owned();
    ids.sort_unstable();
    ids.dedup();
    // Looking up all runs first makes a mistyped number remove nothing.
    let runs = reader.runs(&ids).await?;
    if !force && let Some(live) = runs.iter().find(|run| run.status == RunStatus::Running) {
        let (run, host, process) = (live.id, live.start.host.clone(), live.start.process);
        return Err(Error::InTraining { run, host, process }.into());
    }
    let store = if yes {
        reader.close().await;
        Store::open(database).await?
    } else {
        reader
    };
    let files = store.exclusive_artifacts(&ids).await?;
    let mut text = String::new();
    for run in &runs {
        text += &announcement(run, store.predictions(run.id).await?.len(), yes);
    }
    for file in &files {
        text += &match path_inside(folder, &file.path, store.id()) {
            Some(path) => format!("  {} ({} bytes)\n", printable(&path.to_string_lossy()), file.bytes),
            None => format!("  keeps {}: it is outside the folders of these runs\n", printable(&file.path)),
        };
    }
    if !yes {
        store.close().await;
        return print(&format!("{text}Nothing was removed; add --yes to remove it.\n"));
    }
    let database_id = store.id().to_owned();
    // A run that another process has started meanwhile is refused as well.
    mark_interrupted(&store).await?;
    let deleted = store.delete_runs(&ids, force).await;
    store.close().await;
    deleted?;
    print(&text)?;
    // Only its run can use a checkpoint.
    let checkpoints =
        ids.iter().filter_map(|run| path_inside(folder, &format!("{run:06}/checkpoint"), &database_id));
    checkpoints.filter(|file| file.exists()).try_for_each(|file| remove_file(&file, folder))?;
    let files = files.iter().filter_map(|file| path_inside(folder, &file.path, &database_id));
    files.into_iter().try_for_each(|file| remove_file(&file, folder))
}

/// What is removed of a run, as text.
fn announcement(run: &RunRow, predictions: usize, yes: bool) -> String {
    let verb = if yes { "Removing" } else { "Would remove" };
    let mut text = format!(
        "{verb} run {} ({}, {}) with its metrics and {predictions} predictions\n",
        run.id,
        printable(&run.start.label),
        run.status
    );
    if run.status == RunStatus::Running {
        text += &format!(
            "  it is in training: process {} on {} ends this trial and continues with the others\n",
            run.start.process,
            printable(&run.start.host)
        );
    }
    text
}

/// The full path of a run's file. `None` if the file is outside the runs folder, or if its run folder belongs to
/// another database than the one with this id.
fn path_inside(folder: &Path, path: &str, database: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    let first = path.components().next().filter(|_| is_plain)?;
    (!is_of_another_database(&folder.join(first), database)).then(|| folder.join(path))
}

/// Removes a file, if it exists, and the folders inside the runs folder that are then empty.
fn remove_file(file: &Path, folder: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| {
                format!("the run was removed from the database, but its file {} was not", file.display())
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
    use super::{super::fixture::two_runs, *};

    async fn remaining_runs(database: &Location) -> Vec<i64> {
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
        remove(&database, folder.path(), &[1, 2], false, false).await.unwrap();
        let error = remove(&database, folder.path(), &[1, 7], true, false).await.unwrap_err();
        assert!(error.to_string().contains("there is no run 7"));
        assert_eq!(remaining_runs(&database).await, [1, 2]);
        assert!(folder.path().join("run-1/model/weights").exists());
    }

    #[tokio::test]
    async fn a_removed_run_takes_its_own_files_and_empty_folders_along() {
        let (folder, database) = two_runs().await;
        let outside = folder.path().parent().unwrap().join("outside");
        remove(&database, folder.path(), &[1], true, false).await.unwrap();
        assert_eq!(remaining_runs(&database).await, [2]);
        assert!(!folder.path().join("run-1").exists());
        assert!(folder.path().join("run-2/model/weights").exists() && folder.path().join("split").exists());
        remove(&database, folder.path(), &[2, 2], true, false).await.unwrap();
        assert_eq!(remaining_runs(&database).await, [] as [i64; 0]);
        assert!(!folder.path().join("run-2").exists() && !folder.path().join("split").exists());
        assert_eq!(path_inside(folder.path(), "../outside", "id"), None);
        assert_eq!(path_inside(folder.path(), outside.to_str().unwrap(), "id"), None);
    }
}
