//! The complete configuration of a trial.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Table;

use crate::{
    Error,
    adapter::{AdapterConfig, AdapterSettings, Scaling},
    canonical::canonical,
    classes::{ClassScheme, GroupRule},
    data::{DataConfig, SYNTHETIC, SplitConfig, SplitKind, SyntheticConfig},
    model::{Architecture, ModelConfig},
    network::Network,
    paths::absolute,
    precision::Precision,
    threshold::ImportedThreshold,
    training::{OptimizerKind, TrainingConfig},
};

/// The device that is this processor.
const PROCESSOR: &str = "flex";

/// The complete configuration of a trial. Settings without an effect are at their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialConfig {
    /// Images and their division.
    pub data: DataConfig,
    /// Network and trunk weights.
    pub model: ModelConfig,
    /// Adapters; `None` for model_4.
    pub adapter: Option<AdapterConfig>,
    /// Settings of training.
    pub training: TrainingConfig,
    /// Precision of frozen products.
    // Left out at its default: configurations of earlier versions keep their text.
    #[serde(default, skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
    /// Device name.
    pub device: String,
    /// Threshold of an imported network; a trained one has its own validation images.
    // Left out where there is none: configurations of earlier versions keep their text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ImportedThreshold>,
}

/// Settings of a trial as a user writes them, before presets are filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrialSettings {
    data: DataConfig,
    model: ModelConfig,
    adapter: AdapterSettings,
    training: TrainingConfig,
    precision: Precision,
    device: String,
}

impl Default for TrialSettings {
    fn default() -> Self {
        Self {
            data: DataConfig::default(),
            model: ModelConfig::default(),
            adapter: AdapterSettings::default(),
            training: TrainingConfig::default(),
            precision: Precision::default(),
            device: PROCESSOR.to_owned(),
        }
    }
}

/// Settings that a stored configuration leaves out at their defaults, and only there: their paths and those defaults.
pub const LEFT_OUT: [(&str, &str); 1] = [("precision", "f32")];

/// The configuration of a trial without settings, as nested JSON; `null` where none can be made, as in a folder that
/// was removed.
pub fn default_settings() -> Value {
    let defaults = TrialConfig::resolve(Table::new()).ok();
    defaults.and_then(|defaults| serde_json::to_value(defaults).ok()).unwrap_or_default()
}

impl TrialConfig {
    /// Resolves nested settings: fills presets, resets settings without an effect, and makes paths absolute.
    ///
    /// # Errors
    /// When settings exclude each other; all conflicts at once.
    pub fn resolve(settings: Table) -> Result<Self, Error> {
        let settings: TrialSettings = settings
            .try_into()
            .map_err(|problem: toml::de::Error| Error::Setting(problem.message().to_owned()))?;
        let mut problems: Vec<Error> = settings.data.check().err().into_iter().collect();
        let adapter = match settings.model.architecture {
            Architecture::Model4 => None,
            Architecture::Model5 => settings.adapter.resolve().map_err(|problem| problems.push(problem)).ok(),
        };
        let mut config = Self {
            data: settings.data,
            model: settings.model,
            adapter,
            training: settings.training,
            precision: settings.precision,
            device: settings.device,
            threshold: None,
        };
        let start = config.adapter.iter_mut().filter_map(|adapter| adapter.start.as_mut());
        for path in [&mut config.data.dataset, &mut config.model.weights].into_iter().chain(start) {
            match absolute(path) {
                Ok(absolute) => *path = absolute,
                Err(problem) => problems.push(problem),
            }
        }
        config.round_to_single_precision();
        config.reset_settings_without_effect();
        if !config.precision.is_default() && config.device != PROCESSOR {
            problems.push(Error::Setting(format!(
                "precision={} is computed on device={PROCESSOR} alone; give device={PROCESSOR} or precision=f32",
                config.precision.name()
            )));
        }
        Error::all(problems).map_or(Ok(config), Err)
    }

    /// Rounds numbers to single precision, in which training computes: 0.01 and 0.01000000001 are one rate.
    fn round_to_single_precision(&mut self) {
        let training = &mut self.training;
        let numbers = [
            &mut training.learning_rate,
            &mut training.weight_decay,
            &mut training.momentum,
            &mut training.head_dropout,
            &mut training.batch_norm_momentum,
        ];
        let adapter = self.adapter.iter_mut().flat_map(|adapter| [&mut adapter.alpha, &mut adapter.dropout]);
        for number in numbers.into_iter().chain(adapter) {
            *number = in_single_precision(*number);
        }
    }

    /// Resets settings that have no effect beside the others to their defaults.
    fn reset_settings_without_effect(&mut self) {
        let (split, defaults) = (&mut self.data.split, SplitConfig::default());
        match split.kind {
            SplitKind::Random => (split.folds, split.fold) = (defaults.folds, defaults.fold),
            SplitKind::Patient => split.test_fraction = defaults.test_fraction,
            SplitKind::Given => {
                (split.folds, split.fold) = (defaults.folds, defaults.fold);
                split.test_fraction = defaults.test_fraction;
            }
        }
        if self.data.dataset == SYNTHETIC {
            // Generated images imitate the malaria cells, names included.
            let ClassScheme { negative, positive, .. } = ClassScheme::default();
            (self.data.negative, self.data.positive) = (negative, positive);
            self.data.group = GroupRule::default();
        } else {
            self.data.synthetic = SyntheticConfig::default();
            self.data.group = self.data.scheme().group;
        }
        if self.training.optimizer != OptimizerKind::Sgd {
            self.training.momentum = TrainingConfig::default().momentum;
        }
        if let Some(adapter) = &self.adapter
            && adapter.layers.lowest().index() == 0
        {
            // Nothing is frozen below the lowest adapter.
            self.precision = Precision::default();
        }
        if let Some(adapter) = &mut self.adapter
            && adapter.scaling == Scaling::One
        {
            adapter.alpha = 1.0;
        }
    }

    /// The network that is trained.
    ///
    /// # Errors
    /// When the architecture is model_5 and adapters are absent.
    pub fn network(&self) -> Result<Network, Error> {
        Network::of(self.model.architecture, self.adapter.clone())
    }

    /// The configuration as JSON with sorted keys and no spaces.
    pub fn canonical_json(&self) -> String {
        // Plain data with text keys always has a JSON form.
        canonical(&serde_json::to_value(self).unwrap_or(Value::Null))
    }
}

/// The shortest decimal that equals the number in single precision. Numbers of up to six digits stay unchanged.
fn in_single_precision(number: f64) -> f64 {
    (number as f32).to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn settings_that_are_left_out_at_their_defaults_are_listed_with_them() {
        let stored = |name: &str, value: &str| {
            let table = Table::from_iter([(name.to_owned(), value.into())]);
            serde_json::to_value(TrialConfig::resolve(table).unwrap()).unwrap()
        };
        for (path, default) in LEFT_OUT {
            assert!(Key::find(path, "").is_ok(), "{path}");
            assert_eq!(stored(path, default), default_settings());
            assert_eq!(default_settings().pointer(&format!("/{path}")), None);
        }
        assert_eq!(stored("precision", "int8")["precision"], "int8");
    }
}
