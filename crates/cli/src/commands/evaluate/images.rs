//! The images of an evaluation: the run's settings with what the command line changes.

use std::ffi::OsString;

use anyhow::bail;
use ranklab_data::unwatched;
use ranklab_settings::{DataConfig, Experiment, SYNTHETIC, SplitConfig};
use ranklab_sweep::Plan;

/// Settings that an evaluation takes; all others are the run's.
const KEYS: [&str; 8] =
    ["dataset", "positive", "negative", "group", "limit", "images", "patients", "data_seed"];

/// One configuration for each dataset.
///
/// # Errors
/// When a setting is wrong or belongs to the run, the run's classes are exchanged, or no dataset is given.
pub(super) fn configs(run: &DataConfig, overrides: &[OsString]) -> anyhow::Result<Vec<DataConfig>> {
    let names: Vec<String> = overrides
        .iter()
        .filter_map(|setting| setting.to_str()?.split_once('=').map(|(name, _)| short(name.trim())))
        .collect();
    if let Some(other) = names.iter().find(|name| !KEYS.contains(&name.as_str())) {
        bail!("`{other}` is no setting of an evaluation; give {}", KEYS[..5].join("=, ") + "=");
    }
    let given = |name: &str| names.iter().any(|given| given == name);
    let mut plan = Plan::new(&Experiment::assemble(None, overrides)?)?;
    if !given("dataset") {
        bail!("no images are given; give dataset=PATH");
    }
    if given("positive") && !given("negative") {
        plan.name_negative_classes(&unwatched)?;
    }
    let with_defaults = |data: &DataConfig| {
        let mut data = DataConfig {
            image_size: run.image_size,
            resize: run.resize,
            split: SplitConfig::default(),
            ..data.clone()
        };
        // Generated images have names of their own.
        if data.dataset != SYNTHETIC {
            if !given("positive") && !given("negative") {
                (data.positive, data.negative) = (run.positive.clone(), run.negative.clone());
            }
            if !given("group") {
                data.group = run.group.clone();
                data.group = data.scheme().group;
            }
        }
        data
    };
    let configs: Vec<DataConfig> = plan.configurations().map(|trial| with_defaults(&trial.data)).collect();
    if configs.iter().any(|data| data.positive == run.negative && data.negative == run.positive) {
        bail!(
            "positive={} negative={} are the run's classes the wrong way round; leave both out, or give positive={} negative={}",
            run.negative,
            run.positive,
            run.positive,
            run.negative
        );
    }
    Ok(configs)
}

/// The last part of a key's path: `data.dataset` and `dataset` are one setting.
fn short(name: &str) -> String {
    name.trim_start_matches("data.").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs_of(overrides: &[&str]) -> anyhow::Result<Vec<DataConfig>> {
        let run = DataConfig {
            positive: "malignant".to_owned(),
            negative: "benign".to_owned(),
            group: "(p[0-9]+)".parse().unwrap(),
            image_size: 96,
            ..DataConfig::default()
        };
        configs(&run, &overrides.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_runs_settings_hold_unless_they_are_given() {
        let [config] = &configs_of(&["dataset=/a"]).unwrap()[..] else { panic!("one dataset") };
        assert_eq!((config.positive.as_str(), config.image_size), ("malignant", 96));
        assert_eq!(config.group.to_string(), "(p[0-9]+)");
        let others = configs_of(&["dataset=/a", "dataset=/b", "positive=ill", "negative=well", "group=none"]);
        let others = others.unwrap();
        assert_eq!(others.len(), 2);
        assert_eq!((others[1].negative.as_str(), others[1].group.to_string().as_str()), ("well", "none"));
    }

    #[test]
    fn settings_of_the_run_are_refused_and_images_are_needed() {
        let problem = |overrides: &[&str]| configs_of(overrides).unwrap_err().to_string();
        assert!(problem(&["dataset=/a", "rank=4"]).contains("`rank` is no setting of an evaluation"));
        assert!(problem(&["group=none"]).contains("give dataset=PATH"));
        let reversed = problem(&["dataset=/a", "positive=benign", "negative=malignant"]);
        assert!(reversed.contains("the wrong way round; leave both out"), "{reversed}");
    }
}
