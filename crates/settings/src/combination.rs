//! Combinations of an experiment's values: one value of every key, which resolve to the settings of a trial.

use toml::Value;

use crate::{
    Error,
    experiment::Experiment,
    key::{Key, Kind},
    nested::nested,
    trial::TrialConfig,
};

/// Largest number of combinations in a sweep; more are surely a mistake.
const MOST_COMBINATIONS: usize = 10_000;
/// Number of invalid combinations after which the rest is not resolved.
const MOST_PROBLEMS: usize = 100;

/// One value of each key.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    values: Vec<(Key, Value)>,
}

impl Experiment {
    /// All combinations of the values, the last key fastest.
    ///
    /// # Errors
    /// When there are too many.
    pub fn combinations(&self) -> Result<impl Iterator<Item = Combination> + '_, Error> {
        let count = self
            .values
            .iter()
            .try_fold(1usize, |product, (_, values)| product.checked_mul(values.len()))
            .filter(|count| *count <= MOST_COMBINATIONS)
            .ok_or_else(|| {
                Error::Setting(format!(
                    "the sweep has more than {MOST_COMBINATIONS} trials: shorten its lists"
                ))
            })?;
        Ok((0..count).map(|number| self.combination(number)))
    }

    /// The settings of every combination.
    ///
    /// # Errors
    /// When combinations are invalid, with each reason once, or when there are too many.
    pub fn resolve_all(&self) -> Result<Vec<(Combination, TrialConfig)>, Error> {
        let mut resolved = Vec::new();
        let mut problems = Vec::new();
        for combination in self.combinations()? {
            match combination.resolve() {
                Ok(config) => resolved.push((combination, config)),
                Err(problem) => problems.push(problem),
            }
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
        }
        Error::all(problems).map_or(Ok(resolved), Err)
    }

    /// The combination numbered `number`, the last key fastest.
    fn combination(&self, mut number: usize) -> Combination {
        let mut values: Vec<(Key, Value)> = Vec::new();
        for (key, choices) in self.values.iter().rev() {
            values.push((*key, choices[number % choices.len()].clone()));
            number /= choices.len();
        }
        values.reverse();
        Combination { values }
    }

    /// The label of a trial, in the words of reports: its model, layers and rank, its preset where several are compared,
    /// and the values of the other varied keys that affect it, as `model_5 · block5 · rank 5 · lr=0.01 seed=1`.
    pub fn label(&self, combination: &Combination, config: &TrialConfig) -> String {
        let is_varied =
            |key: &Key| self.values.iter().any(|(given, values)| given == key && values.len() > 1);
        let is_named = |key: &Key| key.path == "model.architecture" || key.path.starts_with("adapter.");
        let written = |(key, value): &(Key, Value)| match value {
            Value::String(text) => format!("{}={text}", key.short),
            other => format!("{}={other}", key.short),
        };
        let varied = combination.values.iter().filter(|(key, _)| is_varied(key));
        let mut parts = vec![config.model.architecture.name().to_owned()];
        let mut settings: Vec<String> = Vec::new();
        if let Some(adapter) = &config.adapter {
            parts.extend([adapter.layers.to_string(), format!("rank {}", adapter.rank)]);
            let varied = varied.clone().filter(|(key, _)| key.path.starts_with("adapter."));
            for (key, value) in varied.filter(|(key, _)| !matches!(key.kind, Kind::Layers | Kind::Ranks)) {
                match key.path {
                    "adapter.preset" => parts.push(adapter.preset.name().to_owned()),
                    _ => settings.push(written(&(*key, value.clone()))),
                }
            }
        }
        settings.extend(varied.filter(|(key, _)| !is_named(key)).map(written));
        parts.extend((!settings.is_empty()).then(|| settings.join(" ")));
        parts.join(" · ")
    }

    /// The name of the sweep: the one given, or one made of the varied keys, such as `rank × layers`.
    pub fn sweep_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let varied = self.values.iter().filter(|(_, values)| values.len() > 1);
        let keys: Vec<&str> = varied.map(|(key, _)| key.short).collect();
        if keys.is_empty() { "single trial".to_owned() } else { keys.join(" × ") }
    }
}

impl Combination {
    /// The settings of the trial, with presets filled in.
    ///
    /// # Errors
    /// When values exclude each other, with their names.
    pub fn resolve(&self) -> Result<TrialConfig, Error> {
        TrialConfig::resolve(nested(&self.values))
    }
}

/// Conflicts between the valid settings. Tables that hold an invalid value are left out.
pub(crate) fn conflicts_between_valid(experiment: &Experiment) -> Option<Error> {
    let mut valid = experiment.clone();
    let is_valid = |key: &Key| !experiment.invalid.iter().any(|invalid| invalid.table() == key.table());
    valid.values.retain(|(key, values)| is_valid(key) && !values.is_empty());
    valid.resolve_all().err()
}
