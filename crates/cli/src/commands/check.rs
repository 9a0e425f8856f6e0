//! `ranklab check`: compares stored files with their hashes, without training.

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::ProgressBar;
use ranklab_runs::{CheckRules, Checked, check as compare};
use serde_json::json;

use crate::{
    folders::Folders,
    signals::Signals,
    ui::{
        output::{json_text, print},
        printable::printable,
    },
};

/// Check database, models, checkpoints, feature caches, manifests and weights against their hashes.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab check             check all stored files
  ranklab check --images    check every image of every run as well
  ranklab check --json      print JSON, for a script

The exit code is 0 if everything is intact, otherwise 1. Each problem comes with what to do about it. The command \
trains and removes nothing.")]
pub(crate) struct CheckArgs {
    /// Also check the images of all runs, if their folder or zip still exists.
    #[arg(long)]
    images: bool,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    format: CheckFormat,
    /// Same as --format json.
    #[arg(long)]
    json: bool,
}

/// Format of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum CheckFormat {
    /// One line per problem.
    #[default]
    Text,
    /// One object with all problems.
    Json,
}

/// Checks the folders and prints the problems; any problem is an error.
pub(crate) fn check(folders: &Folders, arguments: &CheckArgs) -> anyhow::Result<()> {
    let signals = Signals::listen().context("cannot install signal handlers")?;
    // Hidden where standard error is no terminal.
    let spinner = ProgressBar::new_spinner();
    let rules = CheckRules { images: arguments.images };
    let checked = compare(&rules, &folders.database(), &folders.locations(), &signals.stop(), &mut |file| {
        spinner.set_message(printable(&file.to_string_lossy()));
        spinner.tick();
    });
    spinner.finish_and_clear();
    let Some(checked) = checked? else {
        let Some(interrupted) = signals.interruption("before everything was checked") else {
            bail!("the check stopped before everything was checked; repeat the command");
        };
        return Err(interrupted.into());
    };
    let is_json = arguments.json || arguments.format == CheckFormat::Json;
    print(&if is_json { json(&checked)? } else { text(&checked) })?;
    match checked.findings.len() {
        0 => Ok(()),
        1 => bail!("1 problem found; see above what to do about it"),
        problems => bail!("{problems} problems found; see above what to do about each"),
    }
}

fn text(checked: &Checked) -> String {
    let lines = checked.findings.iter().map(|finding| {
        let (what, problem) = (printable(&finding.what), printable(&finding.problem));
        format!("{what}: {problem}; {}\n", printable(&finding.advice))
    });
    let counts: Vec<String> = checked.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let verdict = if checked.findings.is_empty() { ", all intact" } else { "" };
    format!("{}checked: {}{verdict}\n", lines.collect::<String>(), counts.join(", "))
}

fn json(checked: &Checked) -> anyhow::Result<String> {
    let counts: serde_json::Map<String, serde_json::Value> =
        checked.counts.iter().map(|(kind, count)| (kind.replace(' ', "_"), (*count).into())).collect();
    let findings: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| json!({ "what": finding.what, "problem": finding.problem, "advice": finding.advice }))
        .collect();
    let value = json!({ "checked": counts, "findings": findings });
    json_text(&value)
}
