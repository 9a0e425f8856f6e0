//! A finished or imported run, opened again: its settings, its trained state and its network.

use std::path::Path;

use burn::tensor::Device;
use ranklab_files::{read_file_at_most, sha256};
use ranklab_settings::{Network, TrialConfig};
use ranklab_store::{ArtifactRow, RunRow, RunStatus, Store};
use ranklab_trainer::{NetworkSettings, WholeNetwork};
use ranklab_zoo::HeadConfig;

use crate::{
    Error,
    locations::Locations,
    lost_model,
    recorded_paths::locate_weights,
    run_folder::MODEL_KIND,
    source_event::SourceEvent,
    weights::{KnownWeights, load_weights},
};

/// Largest file of a trained state in bytes: rank 512 in all layers and the largest classifier have less.
const LARGEST_STATE: u64 = 4 << 30;

/// A finished or imported run with what is needed to use its network.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    /// The run's row.
    pub row: RunRow,
    /// Its settings.
    pub config: TrialConfig,
    /// Its network.
    pub network: Network,
    artifacts: Vec<ArtifactRow>,
}

impl FinishedRun {
    /// Reads a run from the database.
    ///
    /// # Errors
    /// When there is no such run, it is not finished, or this version cannot read its settings.
    pub async fn read(store: &Store, run: i64) -> Result<Self, Error> {
        let row = store.runs(&[run]).await?.remove(0);
        if !matches!(row.status, RunStatus::Finished | RunStatus::Imported) {
            return Err(Error::Unfinished { run, status: row.status });
        }
        Self::new(row, store.artifacts(run).await?)
    }

    /// A run from its row and its files.
    ///
    /// # Errors
    /// When this version cannot read its settings.
    pub fn new(row: RunRow, artifacts: Vec<ArtifactRow>) -> Result<Self, Error> {
        let unopened = |problem: String| Error::Unopened { run: row.id, problem };
        let config: TrialConfig = serde_json::from_str(&row.start.config).map_err(|problem| {
            unopened(format!(
                "this version cannot read its configuration ({problem}); use the one that trained it"
            ))
        })?;
        let network = config.network().map_err(|problem| unopened(problem.to_string()))?;
        Ok(Self { row, config, network, artifacts })
    }

    /// What decides its network besides the trunk's weights.
    pub fn settings(&self) -> NetworkSettings<'_> {
        let training = &self.config.training;
        NetworkSettings {
            network: &self.network,
            image_size: self.config.data.image_size,
            precision: self.config.precision,
            head: HeadConfig {
                dropout: training.head_dropout,
                batch_norm_momentum: training.batch_norm_momentum,
            },
            seed: training.seed,
            start: None,
        }
    }

    /// The trained state: the bytes of its safetensors file, which have the recorded hash.
    ///
    /// # Errors
    /// When the file is absent or changed.
    pub fn state(&self, runs_folder: &Path) -> Result<Vec<u8>, Error> {
        let unopened = |problem: String| Error::Unopened { run: self.row.id, problem };
        let artifact = self.artifacts.iter().find(|artifact| artifact.kind == MODEL_KIND);
        let artifact = artifact.ok_or_else(|| unopened("it stored no weights".to_owned()))?;
        let path = runs_folder.join(&artifact.path);
        let again = lost_model::advice(&self.row);
        let unread =
            |problem: String| unopened(format!("{} cannot be read ({problem}); {again}", path.display()));
        let state = read_file_at_most(&path, LARGEST_STATE).map_err(|problem| unread(problem.to_string()))?;
        match state {
            Some(state) if sha256(&state) == artifact.sha256 => Ok(state),
            _ => Err(unopened(format!("{} is not what it stored; {again}", path.display()))),
        }
    }

    /// The trunk's weights, which have the recorded hash.
    ///
    /// # Errors
    /// When they cannot be read or are others than those that the run was trained on.
    pub fn weights(
        &self,
        locations: &Locations,
        on_event: &mut dyn FnMut(SourceEvent),
    ) -> Result<KnownWeights, Error> {
        let mut config = self.config.clone();
        let notices = locate_weights(&mut config, &locations.runs_folder)?;
        notices.into_iter().for_each(|notice| on_event(SourceEvent::Notice(notice)));
        let name = &config.model.weights;
        let weights = load_weights(name, locations, on_event)?;
        if weights.hash != self.row.start.weights_hash {
            let problem =
                format!("the trunk weights `{name}` are not those that it was trained on; put them back");
            return Err(Error::Unopened { run: self.row.id, problem });
        }
        Ok(weights)
    }

    /// The whole network with its trained state, on `device` (without autodiff).
    ///
    /// # Errors
    /// When the state is absent, changed or not of these settings.
    pub fn open<'w>(
        &self,
        weights: &'w KnownWeights,
        runs_folder: &Path,
        device: &Device,
    ) -> Result<WholeNetwork<'w>, Error> {
        let state = self.state(runs_folder)?;
        Ok(self.settings().open(weights, Some(&state), device)?)
    }
}
