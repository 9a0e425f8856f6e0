//! A trained network as files of other programs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ranklab_files::{create_folder, replace};
use ranklab_report::run_card;
use ranklab_runs::FinishedRun;
use ranklab_settings::ClassScheme;
use ranklab_zoo::exchange::{TrainedNetwork, merged_safetensors, module, onnx, peft_files};

use crate::{
    database::with_store,
    device::device,
    folders::Folders,
    named_run::{log_notice, named_run},
    runtime::block_on,
    ui::output::print,
};

/// The form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A PEFT folder.
    Peft,
    /// A merged safetensors file, with a Python module beside it.
    Safetensors,
    /// An ONNX file.
    Onnx,
}

/// Writes the network of a run to `target`.
///
/// # Errors
/// When the run cannot be used, a folder holds other files, or a file cannot be written.
pub(super) fn export(
    folders: &Folders,
    run: &str,
    form: Form,
    target: &Path,
    quiet: bool,
) -> anyhow::Result<()> {
    let (run, about) = block_on(with_store(&folders.database(), async |store| {
        let run = named_run(store, run, quiet).await?;
        let about = run_card(store, run.row.id).await?;
        Ok((run, about))
    }))?;
    let locations = folders.locations();
    let weights = run.weights(&locations, &mut log_notice)?;
    // The files hold the same values whichever device wrote them.
    let device = device("flex").map_err(anyhow::Error::msg)?;
    let network = run.open(&weights, &locations.runs_folder, &device)?;
    let data = &run.config.data;
    let ClassScheme { negative, positive, .. } = data.scheme();
    let trained = network.trained(data.resize, [&negative, &positive]);
    let files = files(&trained, form, target, &run, &about)?;
    check_target(form, target, &files)?;
    for (path, bytes) in &files {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        create_folder(folder).and_then(|()| replace(path, bytes)).with_context(|| {
            format!("cannot write {}; free some space or choose another folder", path.display())
        })?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    print(&format!("exported run {} to {}\n", run.row.id, names.join(", ")))
}

/// The files with their contents.
fn files(
    network: &TrainedNetwork<'_>,
    form: Form,
    target: &Path,
    run: &FinishedRun,
    about: &str,
) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    Ok(match form {
        Form::Peft => {
            let title = format!("Run {}: {}", run.row.id, run.row.start.label);
            let files = peft_files(network, &title, about)?;
            files.into_iter().map(|(name, bytes)| (target.join(name), bytes)).collect()
        }
        Form::Safetensors => vec![
            (target.to_owned(), merged_safetensors(network)?),
            (target.with_extension("py"), module(network)?.into_bytes()),
        ],
        Form::Onnx => vec![(target.to_owned(), onnx(network)?)],
    })
}

/// Refuses a folder with files that no export wrote, and a file that is a folder.
fn check_target(form: Form, target: &Path, files: &[(PathBuf, Vec<u8>)]) -> anyhow::Result<()> {
    if form != Form::Peft {
        if target.is_dir() {
            bail!("{} is a folder; give the path of a file", target.display());
        }
        return Ok(());
    }
    if target.is_file() {
        bail!("{} is a file; give the path of a folder", target.display());
    }
    let Ok(entries) = std::fs::read_dir(target) else { return Ok(()) };
    let other =
        entries.flatten().map(|entry| entry.path()).find(|path| files.iter().all(|(ours, _)| ours != path));
    match other {
        Some(other) => bail!(
            "{} holds {}, which no export wrote; give another folder or an empty one",
            target.display(),
            other.file_name().unwrap_or_default().to_string_lossy()
        ),
        None => Ok(()),
    }
}
