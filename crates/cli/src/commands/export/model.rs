//! A trained network as files of other programs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ranklab_files::replace_together;
use ranklab_report::run_card;
use ranklab_runs::FinishedRun;
use ranklab_settings::ClassScheme;
use ranklab_zoo::exchange::{CARD_FILE, TrainedNetwork, merged_safetensors, module, onnx, peft_files};

use super::target::{check_file, check_folder, check_module, module_of, remove_left};
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
/// When the run cannot be used, the target holds something that no export wrote, or a file cannot be written.
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
    check(form, target, &files)?;
    replace_together(&files).with_context(|| {
        format!("cannot write {}; free some space or choose another path", target.display())
    })?;
    if form == Form::Peft {
        remove_left(target, &names(&files));
    }
    let paths: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    print(&format!("exported run {} to {}\n", run.row.id, paths.join(", ")))
}

/// The files with their contents, all in one folder.
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
            let mut files = peft_files(network, &title, about)?;
            // The card comes first: it shows that an export wrote the other files.
            files.sort_by_key(|(name, _)| *name != CARD_FILE);
            files.into_iter().map(|(name, bytes)| (target.join(name), bytes)).collect()
        }
        Form::Safetensors => {
            let module_path = module_of(target)?;
            let merged = merged_safetensors(network)?;
            vec![(target.to_owned(), merged), (module_path, module(network)?.into_bytes())]
        }
        Form::Onnx => vec![(target.to_owned(), onnx(network)?)],
    })
}

/// Refuses a target that holds something that no export wrote.
fn check(form: Form, target: &Path, files: &[(PathBuf, Vec<u8>)]) -> anyhow::Result<()> {
    match form {
        Form::Peft => check_folder(target, &names(files)),
        Form::Safetensors | Form::Onnx => {
            check_file(target)?;
            files.iter().skip(1).try_for_each(|(module, _)| check_module(module))
        }
    }
}

/// Names of files without their folder.
fn names(files: &[(PathBuf, Vec<u8>)]) -> Vec<&str> {
    files.iter().filter_map(|(path, _)| path.file_name()?.to_str()).collect()
}
