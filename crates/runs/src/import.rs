//! A PEFT adapter of elsewhere, recorded as a run that predicts and is evaluated like a finished one.

use std::path::Path;

use burn::tensor::Device;
use ranklab_files::{read_file_at_most, sha256};
use ranklab_settings::{Architecture, Network, TrialConfig, family, shell_word};
use ranklab_store::{ArtifactRow, Claim, NewRun, Store};
use ranklab_trainer::NetworkSettings;
use ranklab_zoo::{HeadConfig, ParameterCounts};
use serde_json::json;

use crate::{
    Error, adapter_folder::AdapterFolder, evaluate::Evaluator, host::host, process::process_start,
    run_folder, weights::KnownWeights,
};

/// What the columns of images and split hold of a run that was not trained here.
const ELSEWHERE: &str = "elsewhere";

/// An adapter that is ready to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedImport {
    run: NewRun,
    state: Vec<u8>,
    model_hash: String,
}

/// The run that an import recorded or found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedRun {
    /// Its number.
    pub run: i64,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It recorded a run.
    Recorded,
    /// An earlier import of the adapter recorded the run.
    Known,
    /// An earlier import of the adapter recorded the run, and its model file was gone or changed: it is stored again.
    StoredAgain,
}

/// Settings of a network with an imported adapter: `config` with its adapter's, and with what its folder says of images
/// and classes.
pub fn imported_config(config: TrialConfig, folder: &AdapterFolder) -> TrialConfig {
    let mut config = config;
    config.model.architecture = Architecture::Model5;
    config.adapter = Some(folder.adapter.config.clone());
    config
}

/// Puts an adapter and its classifier on the trunk. `name` is how the run is called.
///
/// # Errors
/// When the adapter has no classifier, or does not fit the settings or the trunk.
pub fn prepare_import(
    folder: &AdapterFolder,
    path: &Path,
    config: &TrialConfig,
    weights: &KnownWeights,
    device: &Device,
    by: &Evaluator,
) -> Result<PreparedImport, Error> {
    let refused = |problem: String| Error::Adapter { path: path.to_owned(), problem };
    let adapter = &folder.adapter;
    if adapter.head.is_none() {
        let advice = format!("train one from it: `{}`", training(folder, path));
        return Err(refused(format!(
            "it has no classifier that ranklab knows, so that it predicts nothing; {advice}"
        )));
    }
    let network = config.network()?;
    let settings = NetworkSettings {
        network: &network,
        image_size: config.data.image_size,
        precision: config.precision,
        head: HeadConfig {
            dropout: config.training.head_dropout,
            batch_norm_momentum: config.training.batch_norm_momentum,
        },
        seed: config.training.seed,
        start: Some(adapter),
    };
    let opened = settings.open(weights, None, device).map_err(|problem| refused(problem.to_string()))?;
    adapter.check_trunk(opened.weights()).map_err(|problem| refused(problem.to_string()))?;
    let (state, model_hash) = (opened.model().to_safetensors(None)?, opened.model().state_hash());
    Ok(PreparedImport { run: new_run(folder, path, config, &network, weights, by)?, state, model_hash })
}

/// The command that trains a classifier from an adapter, without the images.
fn training(folder: &AdapterFolder, path: &Path) -> String {
    let config = &folder.adapter.config;
    let (layers, rank, start) = (&config.layers, &config.rank, shell_word(&path.display().to_string()));
    let dora = if config.dora { " dora=true" } else { "" };
    let activation: &'static str = config.activation.into();
    format!(
        "ranklab train model=model_5 layers={layers} rank={rank} activation={activation}{dora} start={start} dataset=PATH"
    )
}

fn new_run(
    folder: &AdapterFolder,
    path: &Path,
    config: &TrialConfig,
    network: &Network,
    weights: &KnownWeights,
    by: &Evaluator,
) -> Result<NewRun, Error> {
    let (data, training, adapter) = (&config.data, &config.training, network.adapter());
    let counts = ParameterCounts::of(network, data.image_size)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let layers = adapter.map(|adapter| adapter.layers.to_string());
    let ranks = adapter.map(|adapter| adapter.rank.to_string());
    let label = format!(
        "{} · {} · rank {} · imported from {name}",
        network.architecture().name(),
        layers.as_deref().unwrap_or_default(),
        ranks.as_deref().unwrap_or_default()
    );
    // No trial has this hash: an import fulfils none.
    let identity = json!({
        "imported": folder.hash,
        "weights": weights.hash,
        "image_size": data.image_size,
        "resize": data.resize,
        "classes": [data.negative, data.positive],
        "group": data.group,
    });
    Ok(NewRun {
        config_hash: sha256(identity.to_string()),
        config: config.canonical_json(),
        family: family(config, &weights.hash),
        label,
        model: network.architecture().name().to_owned(),
        layers,
        rank: adapter.and_then(|adapter| adapter.rank.single()).map(|rank| rank as i64),
        ranks,
        preset: adapter.map(|adapter| adapter.preset.name().to_owned()),
        optimizer: training.optimizer.name().to_owned(),
        learning_rate: training.learning_rate,
        batch_size: training.batch_size as i64,
        dataset: path.display().to_string(),
        image_size: data.image_size as i64,
        resize: data.resize.name().to_owned(),
        image_set_hash: ELSEWHERE.to_owned(),
        split: ELSEWHERE.to_owned(),
        split_hash: ELSEWHERE.to_owned(),
        weights: config.model.weights.clone(),
        weights_hash: weights.hash.clone(),
        device: config.device.clone(),
        host: host(),
        process: i64::from(std::process::id()),
        git_commit: by.git_commit.clone(),
        git_dirty: by.git_dirty,
        version: by.version.clone(),
        trainable_parameters: counts.trainable as i64,
        frozen_parameters: counts.frozen as i64,
        adapter_parameters: counts.adapter as i64,
        select_by: training.select_by.name().to_owned(),
        ..NewRun::default()
    })
}

/// Records an import: its row, then its weights in a folder of its own, then that it is complete. The same import is
/// recorded once; one that was interrupted is completed, and one whose model file is gone gets it back.
///
/// # Errors
/// When the database or the folder cannot be written, another process records the same import, or a model file that is
/// gone had other bytes.
pub async fn record_import(
    store: &Store,
    runs_folder: &Path,
    import: &PreparedImport,
) -> Result<ImportedRun, Error> {
    if let Some(run) = store.imported_run(&import.run.config_hash).await? {
        return known(store, runs_folder, run, import).await;
    }
    store.start_runs_above(run_folder::highest(runs_folder)).await?;
    let run = match store.claim(&import.run, process_start().as_deref()).await? {
        Claim::New(run) | Claim::Continued(run) => run,
        Claim::Finished(run) | Claim::Diverged(run) => {
            return Ok(ImportedRun { run, outcome: ImportOutcome::Known });
        }
        Claim::Taken { run, host, process } => {
            let problem = format!("process {process} on {host} imports the same adapter; wait for it");
            return Err(Error::Unopened { run, problem });
        }
    };
    if let Err(problem) = complete(store, runs_folder, run, import).await {
        // The next import completes it at once. On a full disk it waits until the lease has expired.
        let _ = store.interrupt_run(run).await;
        return Err(problem);
    }
    Ok(ImportedRun { run, outcome: ImportOutcome::Recorded })
}

/// Stores the network of a claimed import and ends its run.
async fn complete(store: &Store, runs_folder: &Path, run: i64, import: &PreparedImport) -> Result<(), Error> {
    let model = save(store, runs_folder, run, import)?;
    Ok(store.complete_import(run, &import.model_hash, &[model]).await?)
}

/// The run of an earlier import, whose model file is stored again where it is gone or changed.
async fn known(
    store: &Store,
    runs_folder: &Path,
    run: i64,
    import: &PreparedImport,
) -> Result<ImportedRun, Error> {
    let artifacts = store.artifacts(run).await?;
    let model = artifacts.iter().find(|artifact| artifact.kind == run_folder::MODEL_KIND);
    let stored = sha256(&import.state);
    match model {
        Some(model) if is_there(&runs_folder.join(&model.path), model) => {
            Ok(ImportedRun { run, outcome: ImportOutcome::Known })
        }
        Some(model) if model.sha256 == stored => {
            save(store, runs_folder, run, import)?;
            Ok(ImportedRun { run, outcome: ImportOutcome::StoredAgain })
        }
        _ => Err(Error::Unopened {
            run,
            problem: format!(
                "its model file is gone, and this version of ranklab stores another one; delete the run \
                 (`ranklab runs rm {run} --yes`), then import the adapter again"
            ),
        }),
    }
}

/// Whether the file of a recorded model has its recorded bytes.
fn is_there(path: &Path, model: &ArtifactRow) -> bool {
    let most = u64::try_from(model.bytes).unwrap_or_default();
    matches!(read_file_at_most(path, most), Ok(Some(state)) if sha256(&state) == model.sha256)
}

/// Stores the network of an import.
fn save(store: &Store, runs_folder: &Path, run: i64, import: &PreparedImport) -> Result<ArtifactRow, Error> {
    run_folder::save_model(runs_folder, store.id(), run, &import.state).map_err(|problem| match problem {
        Error::Unsaved { path, reason } => Error::ImportUnsaved { path, reason },
        other => other,
    })
}
