//! The three figures of the first screen: the best accuracy, the baseline's, and the share of trained parameters.

use crate::analysis::{Analysis, Configuration};

use super::format::{rough_percent, thousands};
use super::short_names::ShortNames;

/// A figure with its name and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyFigure {
    /// What it is.
    pub(crate) name: String,
    /// The value with its unit.
    pub(crate) value: String,
    /// Its interval, or what it is made of.
    pub(crate) detail: String,
}

/// The figures; none where no run has an accuracy.
pub(crate) fn figures(analysis: &Analysis) -> Vec<KeyFigure> {
    let Some(set) = analysis.test_sets.first() else { return Vec::new() };
    let names = ShortNames::of_first_set(analysis);
    let references = set.references;
    let best = &analysis.configurations[references.best_other.unwrap_or(references.best)];
    let baseline = references.baseline.map(|id| &analysis.configurations[id]).filter(|one| one.id != best.id);
    let role = match (set.configurations.len(), references.by_validation) {
        (1, _) => String::new(),
        (_, true) if best.id == references.best => ", best by validation".to_owned(),
        (_, true) => ", best by validation besides the baseline".to_owned(),
        (_, false) => ", the first".to_owned(),
    };
    let mut figures = vec![accuracy(format!("Accuracy: {}{role}", names.of_one(best)), best)];
    match baseline {
        Some(baseline) => {
            figures.push(accuracy(format!("Accuracy: {}, baseline", baseline.name), baseline));
            figures.push(share(best, baseline));
        }
        None => {
            figures.extend(area(best));
            figures.push(KeyFigure {
                name: "Trained parameters".to_owned(),
                value: thousands(best.start.trainable_parameters),
                detail: format!("{} frozen", thousands(best.start.frozen_parameters)),
            });
        }
    }
    figures
}

fn accuracy(name: String, one: &Configuration) -> KeyFigure {
    let value =
        one.accuracy().map_or_else(|| "unknown".to_owned(), |value| format!("{} %", rough_percent(value)));
    let detail = one.accuracy_interval.map_or_else(String::new, |found| {
        let interval = found.interval;
        format!("{} to {} %", rough_percent(interval.lower), rough_percent(interval.upper))
    });
    KeyFigure { name, value, detail }
}

fn area(one: &Configuration) -> Option<KeyFigure> {
    let area = one.measures.auc?.mean;
    let detail = one.area_interval.map_or_else(String::new, |found| {
        format!("{:.3} to {:.3}", found.interval.lower, found.interval.upper)
    });
    Some(KeyFigure { name: "AUC".to_owned(), value: format!("{area:.3}"), detail })
}

fn share(best: &Configuration, baseline: &Configuration) -> KeyFigure {
    let (own, all) = (best.start.trainable_parameters, baseline.start.trainable_parameters);
    let share = own as f64 / all.max(1) as f64;
    KeyFigure {
        name: "Trained parameters".to_owned(),
        value: format!("{:.0} %", share * 100.0),
        detail: format!("{} instead of {}", thousands(own), thousands(all)),
    }
}
