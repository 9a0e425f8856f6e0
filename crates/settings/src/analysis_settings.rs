//! Settings of an analysis plan as a user writes them: keys with their values, and which of them are given.

use toml::Value;

use crate::{
    Error,
    analysis_plan::AnalysisPlan,
    baseline::{Baseline, REPEATS},
    key::{ANALYSIS_KEYS, Key},
};

/// Settings of training that a report compares or repeats, and that no configuration chooses.
const COMPARED: [&str; 3] = ["model.architecture", "adapter.layers", "adapter.rank"];
/// The key of the learning rate, which `lr=auto` tunes.
const LEARNING_RATE: &str = "training.learning_rate";

/// Settings of an analysis plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AnalysisSettings {
    plan: AnalysisPlan,
    /// Whether `tune` is given.
    is_tune_given: bool,
}

impl AnalysisSettings {
    /// Sets a key of [`ANALYSIS_KEYS`].
    ///
    /// # Errors
    /// When the value is invalid, in one line that names the key.
    pub(crate) fn set(&mut self, key: Key, text: &str) -> Result<(), Error> {
        debug_assert!(ANALYSIS_KEYS.contains(&key));
        let plan = &mut self.plan;
        match (key.short, key.parse(text)?) {
            ("baseline", _) => plan.baseline = text.parse::<Baseline>()?,
            ("margin", Value::Float(points)) => plan.margin = points,
            ("sensitivity_margin", Value::Float(points)) => plan.sensitivity_margin = points,
            ("specificity_margin", Value::Float(points)) => plan.specificity_margin = points,
            ("significance", Value::Float(level)) => plan.significance = level,
            ("planned_seeds", value) => {
                plan.planned_seeds = value.as_integer().and_then(|seeds| u32::try_from(seeds).ok());
            }
            ("looks", Value::Integer(looks)) => plan.looks = u32::try_from(looks).unwrap_or(u32::MAX),
            ("tune", _) => {
                plan.tune = tuned(text)?;
                self.is_tune_given = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// The plan; `has_ladder` where learning rates are given as `auto`.
    pub(crate) fn plan(&self, has_ladder: bool) -> AnalysisPlan {
        let mut plan = self.plan.clone();
        if has_ladder && !self.is_tune_given {
            plan.tune = vec![LEARNING_RATE.to_owned()];
        }
        plan
    }
}

/// The paths of settings that are chosen on validation figures, in order.
fn tuned(text: &str) -> Result<Vec<String>, Error> {
    const FITTING: &str = "give settings of training or adapters, such as lr,weight_decay, or none";
    if text == "none" {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for name in text.split(',').map(str::trim) {
        let wrong = |reason: &str| Err(Error::Setting(format!("tune: `{name}` {reason}; {FITTING}")));
        let path = match Key::find(name, "") {
            _ if name.is_empty() => {
                return Err(Error::Setting(format!(
                    "tune: the list `{text}` has an empty element; {FITTING}"
                )));
            }
            Err(_) => return wrong("is no setting of a trial"),
            Ok(key) if COMPARED.contains(&key.path) => return wrong("is what reports compare"),
            Ok(key) if REPEATS.contains(&key.path) => return wrong("makes repeats of a configuration"),
            Ok(key) if !["adapter", "training"].contains(&key.table()) => {
                return wrong("is a setting of neither training nor adapters");
            }
            Ok(key) => key.path.to_owned(),
        };
        paths.push(path);
    }
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use crate::Experiment;

    fn plan(overrides: &[&str]) -> Result<crate::AnalysisPlan, String> {
        let experiment = Experiment::default().with_overrides(overrides.iter().copied());
        experiment.map(|experiment| experiment.analysis_plan()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_plan_is_given_as_settings_and_changes_no_trial() {
        let given = [
            "baseline=model_5 layers=block5 rank=4",
            "margin=0.5",
            "sensitivity_margin=3",
            "analysis.specificity_margin=4",
            "significance=0.01",
            "planned_seeds=5",
            "looks=2",
            "tune=weight_decay,lr,learning_rate",
        ];
        let planned = plan(&given).unwrap();
        assert_eq!(
            planned.to_string(),
            "baseline=\"model_5 layers=block5 rank=4\" margin=0.5 sensitivity_margin=3 specificity_margin=4 significance=0.01 planned_seeds=5 looks=2 tune=lr,weight_decay"
        );
        assert_eq!(plan(&["planned_seeds=none", "tune=none"]).unwrap(), crate::AnalysisPlan::default());
        let trials = |overrides: &[&str]| {
            let experiment = Experiment::default().with_overrides(overrides.iter().copied()).unwrap();
            experiment.resolve_all().unwrap()
        };
        assert_eq!(trials(&given), trials(&[]));
    }

    #[test]
    fn automatic_learning_rates_are_a_ladder_that_is_tuned_unless_tune_is_given() {
        let rates = |overrides: &[&str]| {
            let experiment = Experiment::default().with_overrides(overrides.iter().copied()).unwrap();
            let trials = experiment.resolve_all().unwrap();
            trials.iter().map(|(_, config)| config.training.learning_rate).collect::<Vec<_>>()
        };
        assert_eq!(rates(&["lr=auto"]), [0.00125, 0.0025, 0.005, 0.01]);
        assert_eq!(rates(&["learning_rate=auto,0.02"]).len(), 5);
        assert_eq!(plan(&["lr=auto"]).unwrap().tune, ["training.learning_rate"]);
        assert_eq!(plan(&["lr=auto", "tune=none"]).unwrap().tune, [""; 0]);
        assert_eq!(plan(&["tune=momentum", "lr=auto"]).unwrap().tune, ["training.momentum"]);
        // Rates that are written out are compared.
        assert_eq!(plan(&["lr=0.00125,0.0025,0.005,0.01"]).unwrap().tune, [""; 0]);
        assert!(plan(&["weight_decay=auto"]).unwrap_err().contains("does not fit"));
    }

    #[test]
    fn wrong_plans_are_refused_in_one_line() {
        for (setting, expected) in [
            ("margin=0", "margin: `0` does not fit; give a number above 0 and below 100, in points"),
            ("margin=100", "margin: `100` does not fit"),
            (
                "margin=1,5",
                "margin: `1,5` does not fit; give a number above 0 and below 100, in points, with a decimal point",
            ),
            ("margin=", "margin: no value is given"),
            ("sensitivity_margin=x", "sensitivity_margin: `x` does not fit"),
            ("significance=1", "significance: `1` does not fit; give a number above 0 and below 1"),
            (
                "planned_seeds=0",
                "planned_seeds: `0` does not fit; give a whole number from 1 to 10000, or none",
            ),
            ("looks=0", "looks: `0` does not fit; give a whole number from 1 to 1000"),
            ("baseline=model_7", "baseline `model_7` selects nothing"),
            ("tune=learning_rat", "tune: `learning_rat` is no setting of a trial"),
            ("tune=margin", "tune: `margin` is no setting of a trial"),
            ("tune=lr,rank", "tune: `rank` is what reports compare"),
            ("tune=model", "tune: `model` is what reports compare"),
            ("tune=layers", "tune: `layers` is what reports compare"),
            ("tune=seed", "tune: `seed` makes repeats of a configuration"),
            ("tune=fold", "tune: `fold` makes repeats of a configuration"),
            ("tune=dataset", "tune: `dataset` is a setting of neither training nor adapters"),
            ("tune=lr,,momentum", "tune: the list `lr,,momentum` has an empty element"),
            ("margn=1", "unknown key `margn`: did you mean `margin`?"),
        ] {
            let error = plan(&[setting]).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains('\n'), "{setting}: {error}");
        }
        let twice = plan(&["margin=1", "analysis.margin=2"]).unwrap_err();
        assert!(twice.contains("`margin` and `analysis.margin` are one setting and both given"), "{twice}");
        assert!(plan(&["looks=1", "looks=2"]).unwrap_err().contains("`looks` is given twice"));
    }
}
