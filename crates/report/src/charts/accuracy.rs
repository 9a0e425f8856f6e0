//! Accuracy against rank, choice of layers and trainable parameters.

use crate::comparison::Group;
use crate::intervals::{self, Measured};

use super::axis::Axis;
use super::drawing::{Chart, Guide, Point, Rule, Series};
use super::{Draft, Shown, reach, slot_of};

/// Series of groups in order of first appearance, each group as the point that `place` gives it.
fn series_of(shown: &Shown<'_>, place: impl Fn(&Group) -> Option<f64>) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for (group, measured) in shown.groups.iter().zip(shown.measured) {
        let (Some(x), Some((y, bar))) = (place(group), point(group, measured)) else { continue };
        let known = match series.iter().position(|known| known.name == group.series) {
            Some(known) => known,
            None => {
                let slot = slot_of(shown.groups, &group.series);
                series.push(Series {
                    name: group.series.clone(),
                    slot,
                    points: Vec::new(),
                    dots: Vec::new(),
                });
                series.len() - 1
            }
        };
        series[known].points.push(Point { x, y, bar });
        series[known].dots.extend(single_runs(shown, group).into_iter().map(|y| (x, y)));
    }
    for known in &mut series {
        known.points.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    series
}

/// Mean accuracy with its interval, or else its spread over repeats.
fn point(group: &Group, measured: &Measured) -> Option<(f64, Option<(f64, f64)>)> {
    let accuracy = group.measure("accuracy")?;
    let interval = intervals::spread(measured.accuracy).map(|interval| (interval.lower, interval.upper));
    let spread = accuracy.sd.map(|sd| (accuracy.mean - sd, accuracy.mean + sd));
    Some((accuracy.mean, interval.or(spread)))
}

/// Accuracies of the runs of a group that has several.
fn single_runs(shown: &Shown<'_>, group: &Group) -> Vec<f64> {
    if group.runs.len() < 2 {
        return Vec::new();
    }
    let runs = shown.data.runs.iter().filter(|run| group.runs.contains(&run.row.id));
    runs.filter_map(|run| run.row.result.as_ref())
        .map(|result| result.test_accuracy)
        .filter(|accuracy| accuracy.is_finite())
        .collect()
}

fn spread_note(shown: &Shown<'_>) -> String {
    let mut note = String::new();
    if shown.measured.iter().any(|one| intervals::spread(one.accuracy).is_some()) {
        note += &format!(" Bars show intervals of {} as in the table.", shown.data.options.confidence());
    } else if shown.groups.iter().any(|group| group.measure("accuracy").is_some_and(|one| one.sd.is_some())) {
        note += " Bars show ± one sample standard deviation over repeats.";
    }
    if shown.groups.iter().any(|group| group.runs.len() > 1) {
        note += " Small points are single runs.";
    }
    note
}

pub(super) fn by_rank(shown: &Shown<'_>) -> Option<Draft> {
    let groups = shown.groups;
    let rank = |group: &Group| group.first.start.rank.filter(|rank| *rank > 0).map(|rank| rank as f64);
    let mut series = series_of(shown, rank);
    let ranks: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let one_rank = ranks.iter().all(|rank| *rank == ranks[0]);
    // Choices of layers at one rank have a chart of their own.
    if ranks.is_empty() || (one_rank && by_layers(shown).is_some()) {
        return None;
    }
    let rules = without_adapters(groups);
    let x = Axis::doubling("rank (doubling scale)", &ranks);
    for series in &mut series {
        series.points.iter_mut().for_each(|point| point.x = point.x.log2());
        series.dots.iter_mut().for_each(|(x, _)| *x = x.log2());
    }
    let values: Vec<f64> = reach(&series).chain(rules.iter().map(|rule| rule.y)).collect();
    let sidestep = series.iter().flat_map(|series| &series.points).any(|point| point.bar.is_some());
    let elsewhere =
        groups.iter().filter(|group| group.first.start.ranks.is_some() && rank(group).is_none()).count();
    let note = match elsewhere {
        0 => String::new(),
        several => format!(" {several} with one rank per layer are in the table only."),
    };
    Some(Draft {
        file_name: "accuracy-by-rank.svg".into(),
        title: "Test accuracy against rank".into(),
        caption: format!("One line per choice of layers.{}{note}", spread_note(shown)),
        chart: Chart { rules, sidestep, ..Chart::of(x, Axis::share("test accuracy, %", &values), series) },
    })
}

/// Groups without adapters as lines across.
fn without_adapters(groups: &[Group]) -> Vec<Rule> {
    let plain = groups.iter().filter(|group| group.first.start.ranks.is_none());
    plain
        .filter_map(|group| {
            let name = format!("{} (no adapters)", group.name);
            Some(Rule { name, slot: slot_of(groups, &group.series), y: group.accuracy()? })
        })
        .collect()
}

/// One place per choice of layers, one series per rank. Left out for a single choice, and for so many
/// that their names do not fit: the table has them all.
pub(super) fn by_layers(shown: &Shown<'_>) -> Option<Draft> {
    let groups = shown.groups;
    let mut choices: Vec<&str> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    // Looks that no series of the other charts has.
    let looks = groups.len();
    for (group, measured) in groups.iter().zip(shown.measured) {
        let (Some(layers), Some((y, bar))) = (&group.first.start.layers, point(group, measured)) else {
            continue;
        };
        let choice = choices.iter().position(|known| known == layers).unwrap_or_else(|| {
            choices.push(layers);
            choices.len() - 1
        });
        let x = choice as f64;
        let (point, dots) = (Point { x, y, bar }, single_runs(shown, group).into_iter().map(|y| (x, y)));
        let name = group.name.replacen(&format!(" · {layers}"), "", 1);
        match series.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.points.push(point);
                known.dots.extend(dots);
            }
            None => {
                let slot = looks + series.len();
                series.push(Series { name, slot, points: vec![point], dots: dots.collect() });
            }
        }
    }
    let x = Axis::names("adapted layers", &choices).filter(|_| choices.len() > 1)?;
    let rules = without_adapters(groups);
    let values: Vec<f64> = reach(&series).chain(rules.iter().map(|rule| rule.y)).collect();
    Some(Draft {
        file_name: "accuracy-by-layers.svg".into(),
        title: "Test accuracy by choice of layers".into(),
        caption: format!("One marker per configuration.{}", spread_note(shown)),
        chart: Chart {
            rules,
            joined: false,
            sidestep: true,
            ..Chart::of(x, Axis::share("test accuracy, %", &values), series)
        },
    })
}

pub(super) fn by_parameters(shown: &Shown<'_>) -> Option<Draft> {
    let parameters = |group: &Group| {
        Some(group.first.start.trainable_parameters).filter(|count| *count > 0).map(|count| count as f64)
    };
    let mut series = series_of(shown, parameters);
    if series.is_empty() {
        return None;
    }
    let counts: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let x = Axis::decades("trainable parameters (logarithmic scale)", &counts);
    for series in &mut series {
        series.points.iter_mut().for_each(|point| point.x = point.x.log10());
        series.dots.iter_mut().for_each(|(x, _)| *x = x.log10());
    }
    let values: Vec<f64> = reach(&series).collect();
    let front = front(shown.groups);
    let path: Vec<(f64, f64)> =
        front.iter().map(|(parameters, accuracy, _)| (parameters.log10(), *accuracy)).collect();
    let guides = if front.len() > 1 {
        vec![Guide { name: "most accurate for as few parameters".to_owned(), path: stairs(&path) }]
    } else {
        Vec::new()
    };
    let unbeaten: Vec<&str> = front.iter().map(|(.., name)| *name).collect();
    let note = if shown.groups.len() > 1 {
        format!(" No configuration has fewer parameters and as high an accuracy as {}.", unbeaten.join(", "))
    } else {
        String::new()
    };
    Some(Draft {
        file_name: "accuracy-by-parameters.svg".into(),
        title: "Test accuracy against trainable parameters".into(),
        caption: format!("Head and adapters together.{}{note}", spread_note(shown)),
        chart: Chart { guides, ..Chart::of(x, Axis::share("test accuracy, %", &values), series) },
    })
}

/// The Pareto front: parameters, accuracy and name of the groups that none with as few or fewer
/// parameters matches in accuracy, from small to large.
fn front(groups: &[Group]) -> Vec<(f64, f64, &str)> {
    let mut all: Vec<(f64, f64, &str)> = groups
        .iter()
        .filter(|group| group.first.start.trainable_parameters > 0)
        .filter_map(|group| {
            Some((group.first.start.trainable_parameters as f64, group.accuracy()?, group.name.as_str()))
        })
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

/// The same as steps: to the right first, then up.
fn stairs(front: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = front.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
    front.iter().take(1).copied().chain(corners).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;

    #[test]
    fn the_front_holds_what_no_smaller_configuration_matches() {
        // model_4 has the most parameters.
        let groups = compare(&fixture::ranks()).unwrap();
        let front: Vec<&str> = front(&groups).into_iter().map(|(.., name)| name).collect();
        assert_eq!(front, ["model_5 · block5 · rank 1", "model_5 · block5 · rank 5"]);
        assert_eq!(stairs(&[(1.0, 0.8), (2.0, 0.9)]), [(1.0, 0.8), (2.0, 0.8), (2.0, 0.9)]);
    }
}
