//! The analysis plan of a sweep: how its report compares, written down before there are results.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Error,
    baseline::Baseline,
    canonical::{canonical, sha256},
    key::Key,
};

/// How the report of a sweep compares configurations. It is not part of a trial: two sweeps with other plans share their
/// runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalysisPlan {
    /// The configuration that all others are compared with.
    pub baseline: Baseline,
    /// Points of accuracy that do not matter.
    pub margin: f64,
    /// Points of sensitivity that do not matter.
    pub sensitivity_margin: f64,
    /// Points of specificity that do not matter.
    pub specificity_margin: f64,
    /// Chance of a false claim among the primary comparisons.
    pub significance: f64,
    /// Number of seeds of each configuration, where it is planned.
    pub planned_seeds: Option<u32>,
    /// Number of planned reports of unfinished or growing results.
    pub looks: u32,
    /// Paths of the settings, in order, which each compared configuration may choose on validation figures.
    pub tune: Vec<String>,
}

impl Default for AnalysisPlan {
    fn default() -> Self {
        Self {
            baseline: Baseline::default(),
            margin: 1.0,
            sensitivity_margin: 2.0,
            specificity_margin: 2.0,
            significance: 0.05,
            planned_seeds: None,
            looks: 1,
            tune: Vec::new(),
        }
    }
}

impl AnalysisPlan {
    /// The plan as JSON with sorted keys and no spaces.
    pub fn canonical_json(&self) -> String {
        // Plain data with text keys always has a JSON form.
        canonical(&serde_json::to_value(self).unwrap_or(Value::Null))
    }

    /// SHA-256 of the canonical JSON, in hexadecimal digits.
    pub fn hash(&self) -> String {
        sha256(self.canonical_json())
    }

    /// Reads a plan from its JSON.
    ///
    /// # Errors
    /// When the text is no plan.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|problem| Error::Setting(format!("analysis plan: {problem}")))
    }

    /// Keys and values as on a command line.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let tune: Vec<&str> =
            self.tune.iter().map(|path| Key::find(path, "").map_or(path.as_str(), |key| key.short)).collect();
        let baseline = self.baseline.to_string();
        vec![
            ("baseline", if baseline.contains(' ') { format!("\"{baseline}\"") } else { baseline }),
            ("margin", self.margin.to_string()),
            ("sensitivity_margin", self.sensitivity_margin.to_string()),
            ("specificity_margin", self.specificity_margin.to_string()),
            ("significance", self.significance.to_string()),
            ("planned_seeds", self.planned_seeds.map_or("none".to_owned(), |seeds| seeds.to_string())),
            ("looks", self.looks.to_string()),
            ("tune", if tune.is_empty() { "none".to_owned() } else { tune.join(",") }),
        ]
    }

    /// Values of this plan that are others in `registered`: `margin=2 instead of 1`.
    pub fn differences(&self, registered: &Self) -> Vec<String> {
        let pairs = self.settings().into_iter().zip(registered.settings());
        pairs
            .filter(|((_, value), (_, before))| value != before)
            .map(|((key, value), (_, before))| format!("{key}={value} instead of {before}"))
            .collect()
    }
}

impl fmt::Display for AnalysisPlan {
    /// Writes the plan as on a command line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> =
            self.settings().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        formatter.write_str(&settings.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_plan_has_one_text_and_one_hash() {
        let plan = AnalysisPlan::default();
        assert_eq!(
            plan.canonical_json(),
            r#"{"baseline":"model_4","looks":1,"margin":1.0,"planned_seeds":null,"sensitivity_margin":2.0,"significance":0.05,"specificity_margin":2.0,"tune":[]}"#
        );
        assert_eq!(AnalysisPlan::from_json(&plan.canonical_json()).unwrap(), plan);
        // That of `sha256sum`: registered plans keep their hashes.
        assert_eq!(plan.hash(), "f7bf981fa563f55ad1df32e51bed4d294e5851bb810cd2b4c56d9054ce3326cb");
        assert_eq!(
            plan.to_string(),
            "baseline=model_4 margin=1 sensitivity_margin=2 specificity_margin=2 significance=0.05 planned_seeds=none looks=1 tune=none"
        );
    }

    #[test]
    fn plans_that_differ_say_where() {
        let registered = AnalysisPlan::default();
        let plan = AnalysisPlan {
            margin: 2.0,
            tune: vec!["training.learning_rate".into(), "training.weight_decay".into()],
            ..registered.clone()
        };
        assert_eq!(
            plan.differences(&registered),
            ["margin=2 instead of 1", "tune=lr,weight_decay instead of none"]
        );
        assert_ne!(plan.hash(), registered.hash());
        assert!(registered.differences(&registered).is_empty());
    }

    #[test]
    fn a_text_that_is_no_plan_is_refused_in_one_line() {
        for text in ["", "{", r#"{"baseline":"model_9"}"#] {
            let error = AnalysisPlan::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with("analysis plan: ") && !error.contains('\n'), "{error}");
        }
    }
}
