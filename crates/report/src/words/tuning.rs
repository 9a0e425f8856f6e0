//! Which settings the configurations were compared at: each at its own, or all at the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, Configuration, TunedSetting};

use super::format::count;

/// Configurations whose choices are listed before the rest is only counted.
const LISTED: usize = 4;

/// A sentence for each tuned setting; without any one on the learning rate that all share, or do not.
pub(crate) fn sentences(analysis: &Analysis) -> Vec<String> {
    let mut of_path: BTreeMap<&str, Vec<(&Configuration, &TunedSetting)>> = BTreeMap::new();
    for one in &analysis.configurations {
        for setting in &one.tuned {
            of_path.entry(&setting.path).or_default().push((one, setting));
        }
    }
    if of_path.is_empty() {
        return untuned(analysis).into_iter().collect();
    }
    of_path.into_iter().map(|(path, tuned)| sentence(path, &tuned, analysis.configurations.len())).collect()
}

/// At which learning rate configurations are compared that did not choose theirs; `None` of a single configuration.
fn untuned(analysis: &Analysis) -> Option<String> {
    let rates: BTreeSet<String> =
        analysis.configurations.iter().map(|one| one.start.learning_rate.to_string()).collect();
    match (analysis.configurations.len(), rates.first()) {
        (2.., Some(rate)) if rates.len() == 1 => Some(format!(
            "All configurations are compared at one learning rate, {rate}: a verdict holds there, and another rate may suit one of \
             them better."
        )),
        (2.., Some(_)) => Some(format!(
            "Configurations are compared at {} learning rates, which validation images did not choose: `tune=lr` lets them.",
            rates.len()
        )),
        _ => None,
    }
}

fn sentence(path: &str, tuned: &[(&Configuration, &TunedSetting)], configurations: usize) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    let mut listed: Vec<String> = tuned
        .iter()
        .take(LISTED)
        .map(|(one, setting)| format!("{}: {}", one.name, chosen(setting)))
        .collect();
    if tuned.len() > LISTED {
        listed.push(format!("and {} more", tuned.len() - LISTED));
    }
    let budgets: Vec<usize> = tuned.iter().map(|(_, setting)| setting.chosen.len()).collect();
    let uneven = match (budgets.iter().min(), budgets.iter().max()) {
        _ if tuned.len() < configurations => {
            format!(
                " {} had one value only: the budgets differ.",
                count(configurations - tuned.len(), "configuration")
            )
        }
        (Some(least), Some(most)) if least < most => {
            format!(" The budgets differ: {least} to {most} values were tried.")
        }
        (Some(tried), _) => format!(" Each tried {}.", count(*tried, "value")),
        _ => String::new(),
    };
    format!(
        "Each configuration is compared at its own {name}, chosen on validation images in each seed and fold ({}).{uneven}",
        listed.join("; ")
    )
}

/// `0.005 in 2 runs, 0.01 in 1 run`.
fn chosen(setting: &TunedSetting) -> String {
    let chosen = setting.chosen.iter().filter(|(_, runs)| **runs > 0);
    chosen.map(|(value, runs)| format!("{value} in {}", count(*runs, "run"))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn own_settings_and_their_budgets_are_named() {
        let mut analysis = analyse(&fixture::ranks()).unwrap();
        assert!(
            sentences(&analysis)[0]
                .starts_with("All configurations are compared at one learning rate, 0.005:")
        );
        analysis.configurations[0].start.learning_rate = 0.01;
        assert!(
            sentences(&analysis)[0].starts_with("Configurations are compared at 2 learning rates, which")
        );
        let of = |values: &[(&str, usize)]| TunedSetting {
            path: "training.learning_rate".into(),
            chosen: values.iter().map(|(value, runs)| ((*value).to_owned(), *runs)).collect(),
        };
        for one in &mut analysis.configurations {
            one.tuned = vec![of(&[("0.005", 2), ("0.01", 1), ("0.02", 0)])];
        }
        assert_eq!(
            sentences(&analysis)[0],
            "Each configuration is compared at its own learning_rate, chosen on validation images in each seed and fold \
             (model_4: 0.005 in 2 runs, 0.01 in 1 run; model_5 · block5 · rank 1: 0.005 in 2 runs, 0.01 in 1 run; model_5 · \
             block5 · rank 5: 0.005 in 2 runs, 0.01 in 1 run; model_5 · block5 · rank 16: 0.005 in 2 runs, 0.01 in 1 run). Each \
             tried 3 values."
        );
        analysis.configurations[0].tuned.clear();
        assert!(
            sentences(&analysis)[0].ends_with(" 1 configuration had one value only: the budgets differ.")
        );
    }
}
