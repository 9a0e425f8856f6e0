//! A trained network as files of other programs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ranklab_files::replace_together;
use ranklab_report::{not_converged, run_card};
use ranklab_runs::{FinishedRun, chosen_threshold, image_input};
use ranklab_zoo::exchange::{CARD_FILE, TrainedNetwork, merged_safetensors, module, onnx, peft_files};

use super::target::{check_folder, check_merged, check_onnx, module_of, remove_left};
use crate::{
    database::with_store,
    device::device,
    folders::Folders,
    named_run::{log_notice, named_run},
    runtime::block_on,
    ui::{
        convergence::warning_lines,
        output::{log, print_fitted},
    },
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
    let (run, threshold, about) = block_on(with_store(&folders.database(), async |store| {
        let run = named_run(store, run, quiet).await?;
        let threshold = chosen_threshold(store, &run).await?;
        let about = run_card(store, run.row.id).await?;
        let warnings = not_converged(store, &[run.row.id]).await?;
        warnings.iter().flat_map(warning_lines).for_each(|line| log(format_args!("{line}")));
        Ok((run, threshold, about))
    }))?;
    let locations = folders.locations();
    let weights = run.weights(&locations, &mut log_notice)?;
    if !quiet && !run.config.precision.is_default() {
        log(format_args!(
            "note: run {} was trained with precision={}; the files hold its frozen convolutions in 32-bit floating point, so that their \
             probabilities differ a little",
            run.row.id,
            run.config.precision.name()
        ));
    }
    // The files hold the same values whichever device wrote them.
    let device = device("flex").map_err(anyhow::Error::msg)?;
    let network = run.open(&weights, &locations.runs_folder, &device)?;
    let trained = network.trained(image_input(&run, threshold));
    let files = files(&trained, form, target, &run, &about)?;
    check(form, target, &files)?;
    replace_together(&files).with_context(|| {
        format!("cannot write {}; free some space or choose another path", target.display())
    })?;
    if form == Form::Peft {
        remove_left(target, &names(&files));
    }
    let mut paths: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    if form == Form::Safetensors {
        paths.reverse();
    }
    print_fitted(&format!("exported run {} to {}\n", run.row.id, paths.join(", ")))
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
            // The module comes first: it shows that an export wrote the merged file.
            vec![(module_path, module(network)?.into_bytes()), (target.to_owned(), merged)]
        }
        Form::Onnx => vec![(target.to_owned(), onnx(network)?)],
    })
}

/// Refuses a target that holds something that no export wrote.
fn check(form: Form, target: &Path, files: &[(PathBuf, Vec<u8>)]) -> anyhow::Result<()> {
    match form {
        Form::Peft => check_folder(target, &names(files)),
        Form::Safetensors => check_merged(target, &module_of(target)?),
        Form::Onnx => check_onnx(target),
    }
}

/// Names of files without their folder.
fn names(files: &[(PathBuf, Vec<u8>)]) -> Vec<&str> {
    files.iter().filter_map(|(path, _)| path.file_name()?.to_str()).collect()
}
