//! `ranklab check`: compares everything that has a hash with it, without training.

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::ProgressBar;
use ranklab_runs::{CheckRules, Checked, check as compare};
use serde_json::json;

use crate::{
    Folders,
    output::{json_text, print},
    printable::printable,
    signals::Signals,
    sweep::context,
};

/// Check database, models, checkpoints, feature caches, manifests and weights against their hashes.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab check                    exit code 0 when all is as it was stored, 1 when not
  ranklab check --images           read every image of every run as well
  ranklab check --json             for a script

Nothing is trained or removed. Each finding comes with what to do about it.")]
pub(crate) struct CheckArgs {
    /// Also read the images of all runs, where they still lie where they were.
    #[arg(long)]
    images: bool,
    /// How the findings are shown.
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    format: CheckFormat,
    /// Short for --format json.
    #[arg(long)]
    json: bool,
}

/// How findings are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum CheckFormat {
    /// A line for each.
    #[default]
    Text,
    /// One object.
    Json,
}

/// Does what was asked.
pub(crate) fn check(folders: &Folders, arguments: &CheckArgs) -> anyhow::Result<()> {
    let signals = Signals::listen().context("SIGINT and SIGTERM cannot be listened to")?;
    let context = context(folders, 1, &signals);
    // Not shown where standard error is no terminal.
    let spinner = ProgressBar::new_spinner();
    let rules = CheckRules { images: arguments.images };
    let checked = compare(&rules, &context.locations, &context.stop, &mut |file| {
        spinner.set_message(printable(&file.to_string_lossy()));
        spinner.tick();
    });
    spinner.finish_and_clear();
    let Some(checked) = checked? else {
        let Some(interrupted) = signals.ended("before everything was checked".to_owned()) else {
            bail!("not everything was checked: it was stopped");
        };
        return Err(interrupted.into());
    };
    let is_json = arguments.json || arguments.format == CheckFormat::Json;
    print(&if is_json { json(&checked)? } else { text(&checked) })?;
    match checked.findings.len() {
        0 => Ok(()),
        1 => bail!("1 finding: see above what to do about it"),
        findings => bail!("{findings} findings: see above what to do about each"),
    }
}

fn text(checked: &Checked) -> String {
    let lines = checked.findings.iter().map(|finding| {
        let (what, problem) = (printable(&finding.what), printable(&finding.problem));
        format!("{what}: {problem}; {}\n", printable(&finding.advice))
    });
    let counts: Vec<String> = checked.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let sound = if checked.findings.is_empty() { ", all as they were stored" } else { "" };
    format!("{}checked: {}{sound}\n", lines.collect::<String>(), counts.join(", "))
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
