//! `ranklab data`: get the images, list them, generate synthetic ones.

use std::{
    cell::RefCell,
    io::{IsTerminal, stderr},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ranklab_data::{ImageSource, Label, Manifest, Rejection, SyntheticConfig, fetch, synthetic};
use serde_json::json;

use crate::{
    Folders,
    output::{json_text, print, tell},
    printable::{printable, printable_lines},
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

/// Does what was asked.
pub(crate) fn data(folders: &Folders, arguments: &DataArgs) -> anyhow::Result<()> {
    match &arguments.command {
        DataCommand::Fetch { sources, sha256, any } => {
            let sha256 = (!any).then(|| sha256.clone().unwrap_or_else(|| fetch::OFFICIAL_SHA256.to_owned()));
            let sources =
                if sources.is_empty() { vec![fetch::OFFICIAL_URL.to_owned()] } else { sources.clone() };
            fetch_images(folders, sources, sha256)
        }
        DataCommand::Manifest { path, json } => {
            let path = path.clone().unwrap_or_else(|| folders.images());
            manifest(folders, &path, *json)
        }
        DataCommand::Synthetic { images, patients, seed } => {
            let config = SyntheticConfig { images: *images, patients: *patients, seed: *seed };
            let path = synthetic::ensure(&config, &folders.data, &|_, _| {})?;
            print(&format!("{} (SYNTHETIC)\n", path.display()))
        }
    }
}

fn fetch_images(folders: &Folders, sources: Vec<String>, sha256: Option<String>) -> anyhow::Result<()> {
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = "[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let told = RefCell::new(0);
    let request = fetch::FetchRequest { sources, destination: folders.images(), sha256 };
    let hash = fetch::fetch(&request, &|done, total| {
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
        let tenth = total.map_or(0, |total| 10 * done / total.max(1));
        if bar.is_hidden() && tenth > *told.borrow() {
            *told.borrow_mut() = tenth;
            tell(format_args!("{}0 %, {}", tenth, HumanBytes(done)));
        }
    })?;
    bar.finish_and_clear();
    print(&format!("{} (sha256 {hash})\n", request.destination.display()))
}

fn manifest(folders: &Folders, path: &std::path::Path, json: bool) -> anyhow::Result<()> {
    let source = ImageSource::open(path)?;
    let cache = folders.runs.join("manifests");
    let manifest = Manifest::open_or_build(&source, &cache, &|_, _| {})?;
    let count = |label| manifest.entries.iter().filter(|entry| entry.label == label).count();
    let reason = |reason: &Rejection| match reason {
        Rejection::Duplicate { of } => format!("duplicate of {of}"),
        Rejection::Unreadable { problem } => format!("unreadable: {problem}"),
        Rejection::Unlabelled => "in a folder of neither class".to_owned(),
    };
    let set = manifest.select(None);
    let file = Manifest::file(&source, &cache)?;
    if json {
        let left_out: Vec<_> = manifest
            .rejected
            .iter()
            .map(|rejected| json!({ "image": rejected.name, "reason": reason(&rejected.reason) }))
            .collect();
        let summary = json!({
            "path": path,
            "synthetic": source.is_synthetic(),
            "images": manifest.entries.len(),
            "parasitized": count(Label::Parasitized),
            "uninfected": count(Label::Uninfected),
            "patients": manifest.patients(),
            "image_set_hash": set.hash,
            "manifest": file,
            "left_out": left_out,
        });
        return print(&json_text(&summary)?);
    }
    let mut text = format!(
        "{}{}\n  images       {} ({} parasitized, {} uninfected)\n  patients     {}\n  hash         {}\n  manifest     {}\n  left out     {} ({} duplicates, {} unreadable)\n",
        path.display(),
        if source.is_synthetic() { " (SYNTHETIC)" } else { "" },
        manifest.entries.len(),
        count(Label::Parasitized),
        count(Label::Uninfected),
        manifest.patients(),
        set.hash,
        file.display(),
        manifest.rejected.len(),
        manifest.duplicates().count(),
        manifest.unreadable().count(),
    );
    for rejected in &manifest.rejected {
        text += &format!("    {}: {}\n", printable(&rejected.name), printable(&reason(&rejected.reason)));
    }
    print(&printable_lines(&text))
}
