//! `ranklab data`: get the images, list them, generate synthetic ones.

use std::{
    cell::RefCell,
    io::{IsTerminal, stderr},
    ops::ControlFlow,
    path::PathBuf,
};

use anyhow::Context as _;

use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ranklab_data::{ImageSource, Manifest, fetch, synthetic};
use ranklab_settings::{Class, ClassScheme, SyntheticConfig};
use serde_json::json;

use crate::{
    Folders,
    output::{json_text, print, tell},
    printable::{printable, printable_lines},
    signals::Signals,
};

/// Get the images, list them, or generate synthetic ones.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab data fetch                                  the official zip
  ranklab data fetch ~/Downloads/cell_images.zip --any
  ranklab data fetch https://mirror.example/cell_images.zip
  ranklab data manifest data/cell_images.zip          counts, and what was left out and why
  ranklab data synthetic --images 200")]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

/// What to do with images.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum DataCommand {
    /// Get the official zip, or a copy of it from another address, a file:// address or a path.
    Fetch {
        /// Where from, tried in turn; the official address when absent.
        sources: Vec<String>,
        /// The SHA-256 it must have; the official zip's when absent.
        #[arg(long)]
        sha256: Option<String>,
        /// Take whatever is there, without checking a hash.
        #[arg(long, conflicts_with = "sha256")]
        any: bool,
    },
    /// List images, classes, patients, duplicates and unreadable files.
    Manifest {
        /// A folder or a zip; the fetched one when absent.
        path: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Generate SYNTHETIC cells.
    Synthetic {
        /// Images, half of them parasitized.
        #[arg(long, default_value_t = SyntheticConfig::default().images)]
        images: usize,
        /// Patients, each with a stain of its own.
        #[arg(long, default_value_t = SyntheticConfig::default().patients)]
        patients: usize,
        /// Seed of every pixel.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
}

/// Does what was asked; a signal that ends it is an error.
pub(crate) fn data(folders: &Folders, arguments: &DataArgs) -> anyhow::Result<()> {
    let signals = Signals::listen().context("SIGINT and SIGTERM cannot be listened to")?;
    let stop = signals.stop();
    let go_on = move || if stop.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let (done, how) = match &arguments.command {
        DataCommand::Fetch { any: true, .. } => {
            (act(folders, arguments, &go_on), "before the file was fetched; nothing of it was kept")
        }
        DataCommand::Fetch { .. } => (
            act(folders, arguments, &go_on),
            "before the file was fetched; the same command goes on from there",
        ),
        DataCommand::Manifest { .. } => (act(folders, arguments, &go_on), "before all images were read"),
        DataCommand::Synthetic { .. } => {
            (act(folders, arguments, &go_on), "before all images were generated")
        }
    };
    done.map_err(|problem| match problem.downcast_ref() {
        Some(ranklab_data::Error::Stopped) => {
            signals.ended(how.to_owned()).map_or(problem, anyhow::Error::from)
        }
        _ => problem,
    })
}

/// Whether to go on.
type GoOn<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

fn act(folders: &Folders, arguments: &DataArgs, go_on: GoOn<'_>) -> anyhow::Result<()> {
    match &arguments.command {
        DataCommand::Fetch { sources, sha256, any } => {
            let sha256 = (!any).then(|| sha256.clone().unwrap_or_else(|| fetch::OFFICIAL_SHA256.to_owned()));
            let sources =
                if sources.is_empty() { vec![fetch::OFFICIAL_URL.to_owned()] } else { sources.clone() };
            let bytes = sha256
                .as_ref()
                .is_some_and(|hash| hash.eq_ignore_ascii_case(fetch::OFFICIAL_SHA256))
                .then_some(fetch::OFFICIAL_BYTES);
            let destination = folders.images();
            let patience = fetch::PATIENCE;
            fetch_images(
                &fetch::FetchRequest { sources, destination, sha256, bytes, magic: fetch::ZIP, patience },
                go_on,
            )
        }
        DataCommand::Manifest { path, json } => {
            let path = path.clone().unwrap_or_else(|| folders.images());
            manifest(folders, &path, *json, go_on)
        }
        DataCommand::Synthetic { images, patients, seed } => {
            let config = SyntheticConfig { images: *images, patients: *patients, seed: *seed };
            let path = synthetic::ensure(&config, &folders.data, &|_, _| go_on())?;
            print(&format!("{} (SYNTHETIC)\n", path.display()))
        }
    }
}

fn fetch_images(request: &fetch::FetchRequest, go_on: GoOn<'_>) -> anyhow::Result<()> {
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = "[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let told = RefCell::new(0);
    let hash = fetch::fetch(request, &|done, total| {
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
        let tenth = total.map_or(0, |total| 10 * done / total.max(1));
        if bar.is_hidden() && tenth > *told.borrow() {
            *told.borrow_mut() = tenth;
            tell(format_args!("{}0 %, {}", tenth, HumanBytes(done)));
        }
        go_on()
    })?;
    bar.finish_and_clear();
    print(&format!("{} (sha256 {hash})\n", request.destination.display()))
}

fn manifest(folders: &Folders, path: &std::path::Path, json: bool, go_on: GoOn<'_>) -> anyhow::Result<()> {
    let progress = |_, _| go_on();
    let scheme = ClassScheme::default();
    let source = ImageSource::open_watched(path, &scheme, &progress)?;
    let cache = folders.runs.join("manifests");
    let manifest = Manifest::open_or_build(&source, &cache, &progress)?;
    let count = |class| manifest.entries.iter().filter(|entry| entry.class == class).count();
    let set = manifest.select(None);
    let file = Manifest::file(&source, &cache);
    if json {
        let left_out: Vec<_> = manifest
            .rejected
            .iter()
            .map(|rejected| json!({ "image": rejected.name, "reason": rejected.reason.to_string() }))
            .collect();
        let summary = json!({
            "path": path,
            "synthetic": source.is_synthetic(),
            "images": manifest.entries.len(),
            "classes": {
                &scheme.positive: count(Class::Positive),
                &scheme.negative: count(Class::Negative),
            },
            "groups": manifest.groups(),
            "image_set_hash": set.hash,
            "manifest": file,
            "contradicting": manifest.contradicting().count(),
            "left_out": left_out,
            "passed_over": source.passed_over().lines().collect::<Vec<_>>(),
        });
        return print(&json_text(&summary)?);
    }
    let mut text = format!(
        "{}{}\n  images       {} ({} {}, {} {})\n  groups       {}\n  hash         {}\n  manifest     {}\n  left out     {} ({} duplicates, {} contradicting, {} unreadable, {} in folders of neither class)\n",
        path.display(),
        if source.is_synthetic() { " (SYNTHETIC)" } else { "" },
        manifest.entries.len(),
        count(Class::Positive),
        scheme.positive,
        count(Class::Negative),
        scheme.negative,
        manifest.groups(),
        set.hash,
        file.display(),
        manifest.rejected.len(),
        manifest.duplicates().count(),
        manifest.contradicting().count(),
        manifest.unreadable().count(),
        manifest.unlabelled().count(),
    );
    for rejected in &manifest.rejected {
        text += &format!("    {}: {}\n", printable(&rejected.name), printable(&rejected.reason.to_string()));
    }
    for line in source.passed_over().lines() {
        text += &format!("  passed over  {}\n", printable(&line));
    }
    print(&printable_lines(&text))
}
