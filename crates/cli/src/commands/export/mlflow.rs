//! `ranklab export --to mlflow`: runs on an MLflow server.

use std::{
    env,
    io::{IsTerminal as _, stderr},
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressStyle};
use ranklab_export::mlflow::{Access, Address, Files, Patience, Server, Summary, export as send};
use ranklab_report::not_converged;
use ranklab_runs::RunReference;
use ranklab_store::Store;

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::output::{log, print},
};

/// Files of a report that go along with its runs.
const REPORT: [&str; 2] = ["index.html", "report.md"];

/// Exports runs and prints how many were added.
pub(super) fn export(folders: &Folders, run: Option<&str>, address: &str) -> anyhow::Result<()> {
    let server =
        Server { address: Address::parse(address)?, access: access(), patience: Patience::default() };
    let bar = bar();
    let sent = block_on(with_store(&folders.database(), async |store| {
        let run = match run.map(str::parse::<RunReference>) {
            Some(Ok(reference)) => Some(reference.find(store).await?.run),
            None => None,
        };
        let mut reported = Vec::new();
        for sweep in store.sweeps().await? {
            // Only a report of this very database was recorded in it.
            if !store.looks(sweep.id).await?.is_empty() {
                reported.push(sweep.id);
            }
        }
        let report_of = |sweep| match reported.contains(&sweep) {
            true => report(&folders.reports, sweep),
            false => Vec::new(),
        };
        let files = Files { runs_folder: &folders.runs, report_of: &report_of };
        let mut progress = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let summary = send(store, &server, run, files, &mut progress).await?;
        let warning = if summary.added > 0 { not_converged_among(store, run).await? } else { None };
        Ok((summary, warning))
    }));
    bar.finish_and_clear();
    let (summary, warning) = sent?;
    note(&summary);
    warning.into_iter().for_each(|line| log(format_args!("{line}")));
    print(&format!("{}\n", in_words(&summary, &server.address.to_string())))
}

/// The warning of finished runs that did not converge, in one line: of `run` alone, or of all; `None` where all did.
async fn not_converged_among(store: &Store, run: Option<i64>) -> anyhow::Result<Option<String>> {
    let runs = match run {
        Some(run) => vec![run],
        None => store.all_runs().await?.iter().filter(|run| run.result.is_some()).map(|run| run.id).collect(),
    };
    let found = not_converged(store, &runs).await?;
    let Some(first) = found.first() else { return Ok(None) };
    let have = if found.len() == 1 { "has" } else { "have" };
    Ok(Some(format!(
        "WARNING: {} of {} runs {have} NOT CONVERGED; `ranklab runs show {}` gives the reasons",
        found.len(),
        runs.len(),
        first.run
    )))
}

fn bar() -> ProgressBar {
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = "[{bar:30}] {pos}/{len} runs, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// What the server is shown, from the variables that MLflow's own client reads.
fn access() -> Access {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("MLFLOW_TRACKING_USERNAME"), variable("MLFLOW_TRACKING_TOKEN")) {
        (Some(user), _) => {
            Access::Password { user, password: variable("MLFLOW_TRACKING_PASSWORD").unwrap_or_default() }
        }
        (None, Some(token)) => Access::Token(token),
        (None, None) => Access::Open,
    }
}

/// The files of a sweep's report: its folder's name begins with the sweep's number.
fn report(reports: &Path, sweep: i64) -> Vec<PathBuf> {
    let name = format!("sweep-{sweep}");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(reports)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let found = entry.file_name().to_string_lossy().into_owned();
            found == name || found.starts_with(&format!("{name}-"))
        })
        .map(|entry| entry.path())
        .collect();
    // A sweep that was renamed has several: the newest counts.
    folders.sort_by_key(|folder| folder.join(REPORT[0]).metadata().and_then(|file| file.modified()).ok());
    let newest = folders.pop();
    let files = newest.iter().flat_map(|folder| REPORT.map(|file| folder.join(file)));
    files.filter(|file| file.is_file()).collect()
}

/// Says what was left out.
fn note(summary: &Summary) {
    if let Some(reason) = &summary.not_served {
        log(format_args!(
            "note: artifacts are left out: the server takes none: {reason}; `mlflow server --serve-artifacts` takes them"
        ));
    }
    for file in &summary.missing {
        log(format_args!("note: a file is left out: {file}"));
    }
}

/// What was done, in one line.
fn in_words(summary: &Summary, address: &str) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let runs = |count| counted(count, "run");
    let mut line =
        format!("exported {} with {} to {address}", runs(summary.added), counted(summary.files, "file"));
    if summary.present > 0 {
        line += &format!("; {} already there", runs(summary.present));
    }
    if summary.unfinished > 0 {
        line += &format!("; {} left out: not finished", runs(summary.unfinished));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_report_of_the_very_sweep_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sweep-1-old", "sweep-1-new", "sweep-12-other", "latest"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("index.html"), name).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        std::fs::write(folder.path().join("sweep-1-new/report.md"), "").unwrap();
        let found = report(folder.path(), 1);
        assert_eq!(
            found,
            ["sweep-1-new/index.html", "sweep-1-new/report.md"].map(|name| folder.path().join(name))
        );
        assert!(report(folder.path(), 2).is_empty());
        assert!(report(&folder.path().join("absent"), 1).is_empty());
    }

    #[test]
    fn the_line_counts_what_was_added_and_left_out() {
        let summary = Summary { added: 1, present: 2, unfinished: 3, files: 4, ..Summary::default() };
        assert_eq!(
            in_words(&summary, "http://x"),
            "exported 1 run with 4 files to http://x; 2 runs already there; 3 runs left out: not finished"
        );
    }
}
