//! From an experiment to its trials: the cartesian product of its axes, without repetitions.

use std::collections::HashSet;

use ranklab_store::{NewSweep, PlannedTrial, SweepRow};
use ranklab_zoo::Architecture;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::{
    Error,
    experiment::Experiment,
    key::{Key, Kind},
    trial::{TrialConfig, hexadecimal},
};

/// Trials that one sweep may hold; more are surely a slip.
const MOST_TRIALS: usize = 10_000;
/// Combinations that make no sense before the rest is not looked at.
const MOST_PROBLEMS: usize = 100;

/// All trials of a sweep, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Name for people.
    pub name: String,
    /// The recorded command of a plan that was registered before: the newest request that gave settings.
    pub command: Option<String>,
    /// What runs.
    pub trials: Vec<PlanTrial>,
    /// The hash of the registered sweep that this plan is of.
    pub(crate) registered: Option<String>,
}

/// One trial at its place in a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanTrial {
    /// What differs from the other trials.
    pub label: String,
    /// What it computes.
    pub config: TrialConfig,
    /// The configuration hash that a sweep which is resumed has for it.
    pub(crate) recorded: Option<String>,
}

impl PlanTrial {
    pub(crate) fn new(label: String, config: TrialConfig) -> Self {
        Self { label, config, recorded: None }
    }
}

impl Plan {
    /// Multiplies out the axes, the last one fastest, and checks every trial. Combinations that come to
    /// the same work (model_4 at several ranks) are one trial.
    ///
    /// # Errors
    /// When combinations do not make sense, with every reason once, or there are too many.
    pub fn new(experiment: &Experiment) -> Result<Self, Error> {
        let count = count(experiment)?;
        let mut trials: Vec<PlanTrial> = Vec::new();
        let mut hashes: HashSet<String> = HashSet::new();
        let mut problems: Vec<Error> = Vec::new();
        for number in 0..count {
            let chosen = combination(experiment, number);
            match TrialConfig::resolve(nested(&chosen)) {
                Ok(config) => {
                    if hashes.insert(config.hash()) {
                        trials.push(PlanTrial::new(label(experiment, &chosen, &config), config));
                    }
                }
                Err(problem) => {
                    problems.push(problem);
                    if problems.len() >= MOST_PROBLEMS {
                        break;
                    }
                }
            }
        }
        if let Some(problem) = Error::all(problems) {
            return Err(problem);
        }
        let name = experiment.name.clone().unwrap_or_else(|| default_name(experiment));
        Ok(Self { name, command: None, trials, registered: None })
    }

    /// The plan of a sweep that was registered, to be asked for again.
    ///
    /// # Errors
    /// When a trial's configuration is not one that this version knows.
    pub fn registered(sweep: &SweepRow, trials: &[PlannedTrial]) -> Result<Self, Error> {
        let trials = trials
            .iter()
            .map(|trial| {
                let config = serde_json::from_str(&trial.config).map_err(|problem| {
                    Error::Setting(format!(
                        "sweep {}: the configuration of {} is of another version ({problem}); repeat its command: {}",
                        sweep.id, trial.label, sweep.command
                    ))
                })?;
                let recorded = Some(trial.config_hash.clone());
                Ok(PlanTrial { recorded, ..PlanTrial::new(trial.label.clone(), config) })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            name: sweep.name.clone(),
            command: Some(sweep.command.clone()),
            trials,
            registered: Some(sweep.plan_hash.clone()),
        })
    }

    /// Hash over all trials' settings, hexadecimal; of a sweep that is resumed, the one that it was registered with.
    pub fn hash(&self) -> String {
        if let Some(registered) = &self.registered {
            return registered.clone();
        }
        let mut hasher = Sha256::new();
        for trial in &self.trials {
            hasher.update(trial.config.hash());
        }
        hexadecimal(&hasher.finalize())
    }

    /// The sweep's row, for this command; a resumed sweep keeps the command that says what it is.
    pub fn sweep(&self, command: &str) -> NewSweep {
        let command = self.command.as_deref().unwrap_or(command).to_owned();
        NewSweep { name: self.name.clone(), command, plan_hash: self.hash() }
    }

    /// The planned trials' rows, with the identity that each trial's settings and contents give it.
    pub(crate) fn rows(&self, identities: &[String]) -> Vec<PlannedTrial> {
        self.trials
            .iter()
            .zip(identities)
            .zip(0..)
            .map(|((trial, identity), position)| PlannedTrial {
                position,
                label: trial.label.clone(),
                config_hash: identity.clone(),
                config: trial.config.canonical_json(),
            })
            .collect()
    }
}

/// How many combinations there are.
fn count(experiment: &Experiment) -> Result<usize, Error> {
    experiment
        .values
        .iter()
        .try_fold(1usize, |product, (_, values)| product.checked_mul(values.len()))
        .filter(|count| *count <= MOST_TRIALS)
        .ok_or_else(|| {
            Error::Setting(format!("the sweep has more than {MOST_TRIALS} trials: shorten its lists"))
        })
}

/// What is wrong in how settings go together, where some have no value that fits: their tables are left out.
pub(crate) fn problems_of_the_rest(experiment: &Experiment) -> Option<Error> {
    let mut rest = experiment.clone();
    let fits = |key: &Key| !experiment.unfit.iter().any(|unfit| unfit.table() == key.table());
    rest.values.retain(|(key, values)| fits(key) && !values.is_empty());
    Plan::new(&rest).err()
}

/// The values of the combination numbered `number`, the last axis fastest.
fn combination(experiment: &Experiment, mut number: usize) -> Vec<(Key, Value)> {
    let mut chosen: Vec<(Key, Value)> = Vec::new();
    for (key, values) in experiment.values.iter().rev() {
        chosen.push((*key, values[number % values.len()].clone()));
        number /= values.len();
    }
    chosen.reverse();
    chosen
}

/// Dotted paths as nested tables.
fn nested(chosen: &[(Key, Value)]) -> Table {
    let mut root = Table::new();
    for (key, value) in chosen {
        if *value == Value::String("none".to_owned()) && key.short == "limit" {
            continue;
        }
        let mut table = &mut root;
        let mut parts = key.path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.to_owned(), value.clone());
                break;
            }
            let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            match entry {
                Value::Table(inner) => table = inner,
                _ => break,
            }
        }
    }
    root
}

/// The values of the axes that matter to this trial.
fn label(experiment: &Experiment, chosen: &[(Key, Value)], config: &TrialConfig) -> String {
    let varied = |key: &Key| {
        experiment.values.iter().any(|(given, values)| given == key && values.len() > 1)
            && (config.model.architecture == Architecture::Model5 || !key.path.starts_with("adapter."))
    };
    let adapter = config.adapter.as_ref();
    let parts: Vec<String> = chosen
        .iter()
        .filter(|(key, _)| varied(key))
        .map(|(key, value)| match (key.kind, adapter, value) {
            // Layers stand from the input on, and ranks in their order.
            (Kind::Layers, Some(adapter), _) => format!("{}={}", key.short, adapter.layers),
            (Kind::Ranks, Some(adapter), _) => format!("{}={}", key.short, adapter.rank),
            (_, _, Value::String(text)) => format!("{}={text}", key.short),
            (_, _, other) => format!("{}={other}", key.short),
        })
        .collect();
    if parts.is_empty() { config.model.architecture.name().to_owned() } else { parts.join(" ") }
}

/// A name made of what is varied: `rank × layers`.
fn default_name(experiment: &Experiment) -> String {
    let axes: Vec<&str> =
        experiment.values.iter().filter(|(_, values)| values.len() > 1).map(|(key, _)| key.short).collect();
    if axes.is_empty() { "single trial".to_owned() } else { axes.join(" × ") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(overrides: &[&str]) -> Plan {
        Plan::new(&Experiment::default().with_overrides(overrides.iter().copied()).unwrap()).unwrap()
    }

    fn labels(plan: &Plan) -> Vec<&str> {
        plan.trials.iter().map(|trial| trial.label.as_str()).collect()
    }

    #[test]
    fn axes_multiply_in_the_order_given_and_label_their_trials() {
        let plan = plan(&["layers=block5_conv3,block5", "rank=1,5", "epochs=2"]);
        assert_eq!(
            labels(&plan),
            [
                "layers=block5_conv3 rank=1",
                "layers=block5_conv3 rank=5",
                "layers=block5 rank=1",
                "layers=block5 rank=5"
            ]
        );
        assert_eq!(plan.name, "layers × rank");
    }

    #[test]
    fn model_4_has_no_rank_and_runs_once() {
        let plan = plan(&["model=model_4,model_5", "rank=1,5,16"]);
        assert_eq!(
            labels(&plan),
            ["model=model_4", "model=model_5 rank=1", "model=model_5 rank=5", "model=model_5 rank=16"]
        );
        assert_eq!(plan.trials[0].config.adapter, None);
    }

    #[test]
    fn the_published_protocol_is_the_default() {
        let config = &plan(&[]).trials[0].config;
        let adapter = config.adapter.as_ref().unwrap();
        assert_eq!((adapter.rank.to_string(), adapter.layers.to_string()), ("5".into(), "block5".into()));
        assert_eq!(
            (config.training.learning_rate, config.training.epochs, config.training.batch_size),
            (0.005, 10, 32)
        );
        assert_eq!((config.data.image_size, config.data.limit), (64, None));
    }

    #[test]
    fn settings_that_cannot_matter_do_not_change_the_hash() {
        let hash = |overrides: &[&str]| plan(overrides).trials[0].config.hash();
        assert_eq!(hash(&["fold=2"]), hash(&[]));
        assert_eq!(hash(&["alpha=7"]), hash(&[]));
        assert_eq!(hash(&["limit=none"]), hash(&[]));
        assert_eq!(hash(&["model=model_4", "rank=7"]), hash(&["model=model_4"]));
        assert_ne!(hash(&["split=patient", "fold=2"]), hash(&["split=patient"]));
        assert_ne!(hash(&["preset=peft", "alpha=7"]), hash(&["preset=peft"]));
    }

    #[test]
    fn one_rank_per_layer_is_one_trial_and_must_fit_the_layers() {
        assert_eq!(plan(&["rank=4+8+16"]).trials.len(), 1);
        let wrong = Experiment::default().with_overrides(["rank=4+8", "layers=block5"]).unwrap();
        assert!(
            Plan::new(&wrong).unwrap_err().to_string().contains("2 ranks (4+8) for the 3 adapted layers")
        );
    }

    #[test]
    fn a_configuration_survives_its_json() {
        for overrides in [&["preset=peft", "limit=100"][..], &["model=model_4", "lr=0.1"], &["rank=4+8+16"]] {
            let config = &plan(overrides).trials[0].config;
            let again: TrialConfig = serde_json::from_str(&config.canonical_json()).unwrap();
            assert_eq!(*config, again);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_plan_is_the_product_of_its_distinct_values_and_always_the_same(
            ranks in prop::collection::btree_set(1usize..513, 1..5), seeds in 1i64..5,
        ) {
            let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
            let overrides = [format!("rank={}", ranks.join(",")), format!("seed=0..{}", seeds - 1)];
            let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
            let first = plan(&overrides);
            prop_assert_eq!(first.trials.len(), ranks.len() * seeds as usize);
            prop_assert_eq!(first.hash(), plan(&overrides).hash());
        }
    }
}
