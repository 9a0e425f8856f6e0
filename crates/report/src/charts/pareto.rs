//! Accuracy against what it costs, trainable parameters or training time, with the Pareto front.

use crate::analysis::Configuration;
use crate::words::format::{seconds, thousands};

use super::accuracy::{drawn, drawn_in_panels, series_of};
use super::axis::Axis;
use super::chart::{Chart, Guide, reach};
use super::draft::Draft;
use super::scope::ChartScope;
use super::shortened::shortened;

/// A cost of a configuration and the words for it.
struct Cost {
    /// Positive, or `None` where it is not known.
    of: fn(&Configuration) -> Option<f64>,
    /// In words, as the end of what is said of a configuration.
    spoken: fn(f64) -> String,
    file_name: &'static str,
    title: &'static str,
    axis: &'static str,
    /// Start of the caption.
    note: &'static str,
    /// What the front holds.
    front: &'static str,
    /// Those that are cheaper, as the end of `than all …`.
    cheaper: &'static str,
    /// Whether the members of a series follow one another along the cost, always on a logarithmic scale.
    ordered: bool,
}

const PARAMETERS: Cost = Cost {
    of: |one| Some(one.start.trainable_parameters).filter(|count| *count > 0).map(|count| count as f64),
    spoken: |count| format!("; {} trainable parameters", thousands(count as i64)),
    file_name: "accuracy-by-parameters",
    title: "Test accuracy against trainable parameters",
    axis: "trainable parameters",
    note: "Head and adapters together.",
    front: "highest test accuracy for as few parameters (descriptive)",
    cheaper: "with fewer parameters",
    ordered: true,
};

const TIME: Cost = Cost {
    of: |one| one.measures.train_seconds.map(|seconds| seconds.mean).filter(|seconds| *seconds > 0.0),
    spoken: |time| format!("; {} of training", seconds(time)),
    file_name: "accuracy-by-time",
    title: "Test accuracy against training time",
    axis: "training time of a run, s",
    note: "Seconds of training and validation, the mean of a configuration's runs; computing \
           frozen features is not counted. Trials that were trained together share their time equally. Times hold for the machine and \
           what else it did.",
    front: "highest test accuracy for as little time (descriptive)",
    cheaper: "that took less time",
    ordered: false,
};

/// Spread from which times are on a logarithmic scale.
const DECADE: f64 = 10.0;
/// Spread below which times are not drawn.
const LEAST_SPREAD: f64 = 1.1;

pub(super) fn by_parameters(scope: &ChartScope<'_>) -> Option<Draft> {
    by(&PARAMETERS, scope)
}

/// `None` where times hardly differ, as those of a single configuration or of trials that were trained
/// together: they stand in the table.
pub(super) fn by_time(scope: &ChartScope<'_>) -> Option<Draft> {
    let times: Vec<f64> = scope.configurations.iter().filter_map(|one| (TIME.of)(one)).collect();
    by(&TIME, scope).filter(|_| ratio(&times) >= LEAST_SPREAD)
}

/// How many times the least the most is.
fn ratio(costs: &[f64]) -> f64 {
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    costs.iter().copied().fold(0.0, f64::max) / least
}

fn by(cost: &Cost, scope: &ChartScope<'_>) -> Option<Draft> {
    let of = if cost.ordered { drawn_in_panels } else { drawn };
    let (mut series, spread) = of(scope, series_of(scope, cost.of, cost.spoken));
    if series.is_empty() {
        return None;
    }
    let costs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let logarithmic = cost.ordered || ratio(&costs) > DECADE;
    let x = if logarithmic {
        Axis::decades(&format!("{} (logarithmic scale)", cost.axis), &costs)
    } else {
        Axis::amount(cost.axis, &costs)
    };
    let place = |cost: f64| if logarithmic { cost.log10() } else { cost };
    series.iter_mut().for_each(|series| series.scale(place));
    let values: Vec<f64> = reach(&series).collect();
    let front = front(&scope.configurations, cost.of);
    let path: Vec<(f64, f64)> = front.iter().map(|(cost, accuracy, _)| (place(*cost), *accuracy)).collect();
    let guides = if front.len() > 1 {
        vec![Guide { name: cost.front.to_owned(), path: stairs(&path) }]
    } else {
        Vec::new()
    };
    let unbeaten: Vec<&str> = front.iter().map(|(.., name)| *name).collect();
    let note = if scope.configurations.len() > 1 {
        format!(" More accurate than all {}: {}.", cost.cheaper, listed(&unbeaten))
    } else {
        String::new()
    };
    Some(Draft {
        file_name: scope.file_name(cost.file_name),
        title: scope.title(cost.title),
        caption: format!("{}{spread}{note}", cost.note),
        chart: Chart {
            guides,
            joined: cost.ordered,
            // Lines would cross each other.
            panelled: cost.ordered,
            ..Chart::of(x, Axis::share("test accuracy, %", &values), series)
        },
    })
}

/// Names in a caption; the chart has the rest.
const NAMES: usize = 6;
/// Longest of them.
const NAME_LETTERS: usize = 60;

fn listed(names: &[&str]) -> String {
    let short = shortened(names.iter().take(NAMES).copied(), NAME_LETTERS);
    let shown: Vec<&str> = names.iter().take(NAMES).map(|name| short[name].as_str()).collect();
    let rest = match names.len() - shown.len() {
        0 => String::new(),
        rest => format!("; {rest} more on the dotted line"),
    };
    shown.join(", ") + &rest
}

/// The Pareto front: cost, accuracy and name of the configurations that none as cheap or cheaper matches in
/// accuracy, from cheap to dear.
fn front<'a>(
    configurations: &[&'a Configuration],
    cost: fn(&Configuration) -> Option<f64>,
) -> Vec<(f64, f64, &'a str)> {
    let mut all: Vec<(f64, f64, &str)> = configurations
        .iter()
        .filter_map(|one| Some((cost(one)?, one.accuracy()?, one.name.as_str())))
        .collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0).then(other.1.total_cmp(&one.1)));
    let mut front: Vec<(f64, f64, &str)> = Vec::new();
    for one in all {
        if front.last().is_none_or(|last| one.1 > last.1) {
            front.push(one);
        }
    }
    front
}

/// A front as steps: to the right first, then up.
fn stairs(front: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = front.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
    front.iter().take(1).copied().chain(corners).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    fn names(configurations: &[Configuration], cost: &Cost) -> Vec<String> {
        front(&configurations.iter().collect::<Vec<_>>(), cost.of)
            .into_iter()
            .map(|(.., name)| name.to_owned())
            .collect()
    }

    #[test]
    fn the_front_holds_what_no_cheaper_configuration_matches() {
        // model_4 has the most parameters and took the least time.
        let groups = analyse(&fixture::ranks()).unwrap().configurations;
        assert_eq!(names(&groups, &PARAMETERS), ["model_5 · block5 · rank 1", "model_5 · block5 · rank 5"]);
        assert_eq!(names(&groups, &TIME), ["model_4", "model_5 · block5 · rank 5"]);
        assert_eq!(stairs(&[(1.0, 0.8), (2.0, 0.9)]), [(1.0, 0.8), (2.0, 0.8), (2.0, 0.9)]);
    }

    #[test]
    fn many_names_are_cut_short() {
        assert_eq!((listed(&["a"]), listed(&["a", "b"])), ("a".into(), "a, b".into()));
        let eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(listed(&eight), "a, b, c, d, e, f; 2 more on the dotted line");
    }
}
