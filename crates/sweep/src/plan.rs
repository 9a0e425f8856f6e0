//! The plan of a sweep: its trials in order, as registered in the database.

use ranklab_files::hexadecimal;
use ranklab_settings::{AnalysisPlan, Experiment, TrialConfig};
use ranklab_store::{NewSweep, PlannedTrial, RecordedPlan, SweepRow};
use sha2::{Digest as _, Sha256};

use crate::{
    Error,
    planned::PlanTrial,
    strategy::{Grid, Strategy as _},
};

/// All trials of a sweep, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Display name.
    pub name: String,
    /// Recorded command of a registered sweep: the latest command that gave settings.
    pub command: Option<String>,
    /// The trials.
    pub trials: Vec<PlanTrial>,
    /// How the report compares; `None` for a resumed sweep, which keeps its plan. The plan hash does not depend on it.
    pub analysis: Option<AnalysisPlan>,
    /// Plan hash of the registered sweep; `None` for a new plan.
    pub(crate) registered: Option<String>,
}

impl Plan {
    /// The trials of an experiment, chosen by a grid over its values.
    ///
    /// # Errors
    /// When combinations are invalid, with each reason once, or when there are too many.
    pub fn new(experiment: &Experiment) -> Result<Self, Error> {
        let trials = Grid::new(experiment).propose(&[])?;
        let analysis = Some(experiment.analysis_plan());
        Ok(Self { name: experiment.sweep_name(), command: None, trials, analysis, registered: None })
    }

    /// The plan of a registered sweep, to resume it.
    ///
    /// # Errors
    /// When this version cannot read the configuration of a trial.
    pub fn registered(sweep: &SweepRow, trials: &[PlannedTrial]) -> Result<Self, Error> {
        let trials = trials
            .iter()
            .map(|trial| {
                let config = serde_json::from_str(&trial.config).map_err(|problem| Error::OtherVersion {
                    sweep: sweep.id,
                    trial: trial.label.clone(),
                    reason: problem.to_string(),
                    command: sweep.command.clone(),
                })?;
                let recorded = Some(trial.config_hash.clone());
                Ok(PlanTrial { recorded, ..PlanTrial::new(trial.label.clone(), config) })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            name: sweep.name.clone(),
            command: Some(sweep.command.clone()),
            trials,
            analysis: None,
            registered: Some(sweep.plan_hash.clone()),
        })
    }

    /// Hash over the settings of all trials, in hexadecimal digits. A resumed sweep keeps its registered hash.
    pub fn hash(&self) -> String {
        if let Some(registered) = &self.registered {
            return registered.clone();
        }
        let mut hasher = Sha256::new();
        for trial in &self.trials {
            hasher.update(trial.config.hash());
        }
        hexadecimal(hasher.finalize())
    }

    /// The configurations of all trials.
    pub fn configurations(&self) -> impl Iterator<Item = &TrialConfig> {
        self.trials.iter().map(|trial| &trial.config)
    }

    /// The sweep's row for this command; a resumed sweep keeps its recorded command.
    pub fn sweep(&self, command: &str) -> NewSweep {
        let command = self.command.as_deref().unwrap_or(command).to_owned();
        let analysis_plan = self
            .analysis
            .as_ref()
            .map(|plan| RecordedPlan { plan: plan.canonical_json(), hash: plan.hash() });
        NewSweep { name: self.name.clone(), command, plan_hash: self.hash(), analysis_plan }
    }

    /// The rows of the planned trials, with their configuration hashes.
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
                "model_5 · block5_conv3 · rank 1",
                "model_5 · block5_conv3 · rank 5",
                "model_5 · block5 · rank 1",
                "model_5 · block5 · rank 5"
            ]
        );
        assert_eq!(plan.name, "layers × rank");
    }

    #[test]
    fn a_label_names_model_layers_and_rank_whatever_varies() {
        assert_eq!(labels(&plan(&[])), ["model_5 · block5 · rank 5"]);
        assert_eq!(labels(&plan(&["seed=1,2"]))[1], "model_5 · block5 · rank 5 · seed=2");
        let presets = plan(&["preset=published,peft", "lr=0.1,0.2", "rank=4+8+16"]);
        assert_eq!(labels(&presets)[3], "model_5 · block5 · rank 4+8+16 · peft · lr=0.2");
        assert_eq!(labels(&plan(&["model=model_4", "lr=0.1,0.2"]))[0], "model_4 · lr=0.1");
    }

    #[test]
    fn hashes_do_not_depend_on_labels() {
        let mut renamed = plan(&["rank=1,5"]);
        renamed.trials.iter_mut().for_each(|trial| trial.label = "rank=1".to_owned());
        assert_eq!(renamed.hash(), plan(&["rank=1,5"]).hash());
    }

    #[test]
    fn model_4_has_no_rank_and_runs_once() {
        let plan = plan(&["model=model_4,model_5", "rank=1,5,16"]);
        assert_eq!(
            labels(&plan),
            [
                "model_4",
                "model_5 · block5 · rank 1",
                "model_5 · block5 · rank 5",
                "model_5 · block5 · rank 16"
            ]
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
    fn an_analysis_plan_changes_neither_trials_nor_the_hash_of_a_plan() {
        let planned = plan(&["rank=1,5", "margin=2", "tune=lr"]);
        assert_eq!(planned.trials, plan(&["rank=1,5"]).trials);
        assert_eq!(planned.hash(), plan(&["rank=1,5"]).hash());
        let row = planned.sweep("ranklab sweep");
        let recorded = row.analysis_plan.unwrap();
        let analysis = planned.analysis.unwrap();
        assert_eq!((recorded.plan, recorded.hash), (analysis.canonical_json(), analysis.hash()));
        assert_eq!(plan(&[]).analysis, Some(AnalysisPlan::default()));
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
