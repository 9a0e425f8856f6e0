//! `ranklab import`: records a PEFT adapter of elsewhere as a run.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;
use ranklab_runs::{
    AdapterFolder, Evaluator, ImportOutcome, ImportedRun, imported_config, load_weights, prepare_import,
    record_import,
};
use ranklab_settings::{Experiment, TrialConfig};
use ranklab_store::Store;
use ranklab_sweep::Plan;

use super::complete;
use crate::{
    build_info::source_commit,
    device::device,
    folders::Folders,
    named_run::log_notice,
    runtime::block_on,
    ui::output::{log, print},
};

/// Settings that an import takes.
const KEYS: [&str; 9] = [
    "positive",
    "negative",
    "group",
    "group_word",
    "image_word",
    "image_size",
    "resize",
    "weights",
    "device",
];

/// Record a PEFT adapter of VGG16's convolutions, with its classifier, as a run.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab import adapter                                    what `ranklab export --to peft` wrote
  ranklab import adapter image_size=64 positive=malignant negative=benign
  ranklab predict latest slides/

The run can be predicted with, evaluated and exported; it has no training and no test. Image size, resizing, class \
names, threshold and the rule for groups come from the folder where it was exported, else from the settings. An adapter without a classifier predicts \
nothing: `ranklab train model=model_5 start=DIR rank=… layers=…` trains one from it. docs/model-files.md has more.")]
pub(crate) struct ImportArgs {
    /// Folder with adapter_config.json and adapter_model.safetensors.
    folder: PathBuf,
    /// Settings of the images and of the trunk.
    #[arg(value_name = "KEY=VALUE", add = complete::settings())]
    overrides: Vec<OsString>,
    /// Hide notes.
    #[arg(short, long)]
    quiet: bool,
}

/// Imports the adapter and prints the number of its run.
///
/// # Errors
/// When the adapter, the settings or the trunk cannot be used, and when the database cannot be written.
pub(crate) fn import(folders: &Folders, arguments: &ImportArgs) -> anyhow::Result<()> {
    let folder = AdapterFolder::read(&arguments.folder)?;
    let config = config(&folder, &arguments.overrides)?;
    let locations = folders.locations();
    let weights = load_weights(&config.model.weights, &locations, &mut log_notice)?;
    let device = device(&config.device).map_err(anyhow::Error::msg)?;
    let code = source_commit();
    let by = Evaluator {
        device: config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: code.commit,
        git_dirty: code.dirty,
    };
    let path = std::path::absolute(&arguments.folder)?;
    let import = prepare_import(&folder, &path, &config, &weights, &device, &by)?;
    for name in folder.adapter.left_out.iter().filter(|_| !arguments.quiet) {
        log(format_args!("note: left out {name}, which has no place in ranklab's networks"));
    }
    let ImportedRun { run, outcome } = block_on(async {
        let store = Store::open(&folders.database()).await?;
        let recorded = record_import(&store, &locations.runs_folder, &import).await;
        store.close().await;
        Ok(recorded?)
    })?;
    let path = path.display();
    print(&match outcome {
        ImportOutcome::Recorded => format!("imported {path} as run {run}\n"),
        ImportOutcome::Known => format!("{path} was imported before as run {run}\n"),
        ImportOutcome::StoredAgain => format!(
            "{path} was imported before as run {run}, whose model file was gone or changed: it is stored again\n"
        ),
    })
}

/// The settings: those given, else what the folder says, else the defaults.
fn config(folder: &AdapterFolder, overrides: &[OsString]) -> anyhow::Result<TrialConfig> {
    let names: Vec<&str> = overrides
        .iter()
        .filter_map(|setting| setting.to_str()?.split_once('='))
        .map(|(name, _)| name.trim().rsplit('.').next().unwrap_or_default())
        .collect();
    if let Some(other) = names.iter().find(|name| !KEYS.contains(name)) {
        bail!("`{other}` is no setting of an import; give {}=", KEYS.join("=, "));
    }
    if names.contains(&"positive") != names.contains(&"negative") {
        bail!("an import has no images to find the other class in; give both positive= and negative=");
    }
    let plan = Plan::new(&Experiment::assemble(None, overrides)?)?;
    let [trial] = plan.trials.as_slice() else { bail!("an import takes one value for each setting") };
    let mut config = imported_config(trial.config.clone(), folder);
    config.data.check().map_err(|problem| anyhow!("{problem}"))?;
    if let Some(description) = &folder.adapter.description {
        let [negative, positive] = description.classes.clone();
        let data = &mut config.data;
        if let Some(group) = description.group.as_ref().filter(|_| !names.contains(&"group")) {
            data.group = group.clone();
        }
        if !names.contains(&"group_word") {
            data.group_word.clone_from(&description.group_word);
        }
        if !names.contains(&"image_word") {
            data.image_word.clone_from(&description.image_word);
        }
        config.threshold = description.threshold;
        if !names.contains(&"image_size") {
            data.image_size = description.image_size;
        }
        if !names.contains(&"resize") {
            data.resize = description.resize;
        }
        if !names.contains(&"positive") && !names.contains(&"negative") {
            (data.positive, data.negative) = (positive, negative);
        } else if data.positive == negative && data.negative == positive {
            bail!(
                "positive={negative} negative={positive} are the classes of ranklab.json the wrong way round; leave both out, or \
                 give positive={positive} negative={negative}"
            );
        }
    }
    if config.data.negative == config.data.positive {
        bail!(
            "ranklab.json names `{}` as both classes; give the names of two with positive= and negative=",
            config.data.positive
        );
    }
    Ok(config)
}
