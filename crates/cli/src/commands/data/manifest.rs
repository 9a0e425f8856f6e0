//! `ranklab data manifest`: lists images, and the files that are left out.

use std::path::{Path, PathBuf};

use clap::Args;
use ranklab_data::{ImageSource, Label, Manifest};
use serde_json::{Value, json};

use crate::{
    folders::Folders,
    signals::StopCheck,
    ui::{
        output::{json_text, print},
        printable::{printable, printable_lines},
    },
};

/// Count images, classes and patients, and list duplicates and unreadable files.
#[derive(Args, Clone, Debug)]
pub(super) struct ManifestArgs {
    /// Folder or zip of images [default: the fetched zip].
    path: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Opens or builds the manifest of a folder or zip, and prints it.
pub(super) fn manifest(
    folders: &Folders,
    arguments: &ManifestArgs,
    stop: StopCheck<'_>,
) -> anyhow::Result<()> {
    let path = arguments.path.clone().unwrap_or_else(|| folders.images());
    let progress = |_, _| stop();
    let source = ImageSource::open_watched(&path, &progress)?;
    let cache = folders.runs.join("manifests");
    let manifest = Manifest::open_or_build(&source, &cache, &progress)?;
    let file = Manifest::file(&source, &cache);
    print(&if arguments.json {
        json_text(&manifest_json(&path, &source, &manifest, &file))?
    } else {
        printable_lines(&manifest_text(&path, &source, &manifest, &file))
    })
}

/// The number of images with a label.
fn count(manifest: &Manifest, label: Label) -> usize {
    manifest.entries.iter().filter(|entry| entry.label == label).count()
}

fn manifest_json(path: &Path, source: &ImageSource, manifest: &Manifest, file: &Path) -> Value {
    let left_out: Vec<_> = manifest
        .rejected
        .iter()
        .map(|rejected| json!({ "image": rejected.name, "reason": rejected.reason.to_string() }))
        .collect();
    json!({
        "path": path,
        "synthetic": source.is_synthetic(),
        "images": manifest.entries.len(),
        "parasitized": count(manifest, Label::Parasitized),
        "uninfected": count(manifest, Label::Uninfected),
        "patients": manifest.patients(),
        "image_set_hash": manifest.select(None).hash,
        "manifest": file,
        "contradicting": manifest.contradicting().count(),
        "left_out": left_out,
        "passed_over": source.passed_over().lines().collect::<Vec<_>>(),
    })
}

fn manifest_text(path: &Path, source: &ImageSource, manifest: &Manifest, file: &Path) -> String {
    let mut text = format!(
        "{}{}\n  images       {} ({} parasitized, {} uninfected)\n  patients     {}\n  hash         {}\n  manifest     {}\n  left out     {} ({} duplicates, {} contradicting, {} unreadable, {} in folders of neither class)\n",
        path.display(),
        if source.is_synthetic() { " (SYNTHETIC)" } else { "" },
        manifest.entries.len(),
        count(manifest, Label::Parasitized),
        count(manifest, Label::Uninfected),
        manifest.patients(),
        manifest.select(None).hash,
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
    text
}
