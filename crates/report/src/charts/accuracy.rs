//! Accuracy against rank and choice of layers.

use crate::comparison::Group;
use crate::intervals::{self, Measured};

use super::axis::Axis;
use super::drawing::{Chart, Point, Rule, Series};
use super::{Draft, Shown, reach, slot_of};

/// Series of groups in order of first appearance, each group as the point that `place` gives it.
pub(super) fn series_of(shown: &Shown<'_>, place: impl Fn(&Group) -> Option<f64>) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for (group, measured) in shown.groups.iter().zip(shown.measured) {
        let (Some(x), Some((y, bar))) = (place(group), point(group, measured)) else { continue };
        let known = match series.iter().position(|known| known.name == group.series) {
            Some(known) => known,
            None => {
                let slot = slot_of(shown.groups, &group.series);
                series.push(Series::of(group.series.clone(), slot, Vec::new()));
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

/// Series in one chart; of more those with the most accurate members.
const SERIES: usize = 8;
/// Series whose intervals and single runs are drawn; those of more would cover each other.
const SPREADS: usize = 4;

/// The series as they are drawn, and what the caption says of intervals, single runs and the rest.
pub(super) fn drawn(shown: &Shown<'_>, series: Vec<Series>) -> (Vec<Series>, String) {
    let (mut series, rest) = most_accurate(series);
    if series.len() <= SPREADS {
        return (series, spread_note(shown) + &rest);
    }
    for series in &mut series {
        series.points.iter_mut().for_each(|point| point.bar = None);
        series.dots.clear();
    }
    (series, format!(" Intervals are in the table; so many would cover each other.{rest}"))
}

/// The series with the most accurate members, and a sentence on the others.
fn most_accurate(mut series: Vec<Series>) -> (Vec<Series>, String) {
    let all = series.len();
    if all <= SERIES {
        return (series, String::new());
    }
    let best = |series: &Series| series.points.iter().map(|point| point.y).fold(0.0, f64::max);
    let mut order: Vec<usize> = (0..all).collect();
    order.sort_by(|one, other| best(&series[*other]).total_cmp(&best(&series[*one])).then(one.cmp(other)));
    let drawn = &order[..SERIES];
    let mut place = 0;
    series.retain(|_| {
        place += 1;
        drawn.contains(&(place - 1))
    });
    (series, format!(" Drawn are the {SERIES} of {all} entries with the most accurate configurations."))
}

pub(super) fn by_rank(shown: &Shown<'_>) -> Option<Draft> {
    let groups = shown.groups;
    let rank = |group: &Group| group.first.start.rank.filter(|rank| *rank > 0).map(|rank| rank as f64);
    let (mut series, spread) = drawn(shown, series_of(shown, rank));
    let ranks: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let one_rank = ranks.iter().all(|rank| *rank == ranks[0]);
    // Choices of layers at one rank have a chart of their own.
    if ranks.is_empty() || (one_rank && by_layers(shown).is_some()) {
        return None;
    }
    let rules = without_adapters(shown);
    let x = Axis::doubling("rank (doubling scale)", &ranks);
    for series in &mut series {
        series.points.iter_mut().for_each(|point| point.x = point.x.log2());
        series.dots.iter_mut().for_each(|(x, _)| *x = x.log2());
    }
    let values: Vec<f64> = reach(&series).chain(reach_of_rules(&rules)).collect();
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
        caption: format!("One line per choice of layers.{spread}{}{note}", note_on_rules(shown, &rules)),
        chart: Chart { rules, sidestep, ..Chart::of(x, Axis::share("test accuracy, %", &values), series) },
    })
}

/// Rules across one plot whose areas are drawn; more would cover each other.
const AREAS: usize = 2;
/// Rules across one plot; of more the most accurate.
const RULES: usize = 4;

/// Groups without adapters as lines across, in the areas of their intervals where they are few.
fn without_adapters(shown: &Shown<'_>) -> Vec<Rule> {
    let all = shown.groups.iter().zip(shown.measured);
    let mut plain: Vec<(&Group, &Measured)> =
        all.filter(|(group, _)| group.first.start.ranks.is_none()).collect();
    if plain.len() > RULES {
        let accuracy = |group: &Group| group.accuracy().unwrap_or(f64::NEG_INFINITY);
        plain.sort_by(|(one, _), (other, _)| accuracy(other).total_cmp(&accuracy(one)));
        plain.truncate(RULES);
    }
    let rule = |(group, measured): &(&Group, &Measured)| {
        let (y, interval) = point(group, measured)?;
        Some(Rule {
            name: format!("{} (no adapters)", group.name),
            slot: slot_of(shown.groups, &group.series),
            y,
            band: interval.filter(|_| plain.len() <= AREAS),
        })
    };
    plain.iter().filter_map(rule).collect()
}

/// What the caption says of them.
fn note_on_rules(shown: &Shown<'_>, rules: &[Rule]) -> String {
    let bands = match rules.iter().filter(|rule| rule.band.is_some()).count() {
        0 => "",
        1 => " The shaded band is the same for the line across.",
        _ => " Shaded bands are the same for the lines across.",
    };
    let all = shown.groups.iter().filter(|group| group.first.start.ranks.is_none()).count();
    let rest = if all > rules.len() {
        format!(" Of {all} configurations without adapters {} have their line.", rules.len())
    } else {
        String::new()
    };
    format!("{bands}{rest}")
}

fn reach_of_rules(rules: &[Rule]) -> impl Iterator<Item = f64> {
    rules.iter().flat_map(|rule| {
        let (low, high) = rule.band.unwrap_or((rule.y, rule.y));
        [low, high]
    })
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
                series.push(Series { dots: dots.collect(), ..Series::of(name, slot, vec![point]) });
            }
        }
    }
    let x = Axis::names("adapted layers", &choices).filter(|_| choices.len() > 1)?;
    let (series, spread) = drawn(shown, series);
    let rules = without_adapters(shown);
    let values: Vec<f64> = reach(&series).chain(reach_of_rules(&rules)).collect();
    Some(Draft {
        file_name: "accuracy-by-layers.svg".into(),
        title: "Test accuracy by choice of layers".into(),
        caption: format!("One marker per configuration.{spread}{}", note_on_rules(shown, &rules)),
        chart: Chart {
            rules,
            joined: false,
            sidestep: true,
            ..Chart::of(x, Axis::share("test accuracy, %", &values), series)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_series_the_most_accurate_are_drawn_in_their_order() {
        let of = |count: usize| {
            let point =
                |place: usize| Point { x: 1.0, y: (place * 7 % count) as f64 / count as f64, bar: None };
            (0..count).map(|place| Series::of(format!("{place}"), place, vec![point(place)])).collect()
        };
        let (all, note) = most_accurate(of(8));
        assert_eq!((all.len(), note.as_str()), (8, ""));
        let (drawn, note) = most_accurate(of(30));
        assert_eq!(drawn.len(), 8);
        assert!(drawn.windows(2).all(|pair| pair[0].slot < pair[1].slot));
        assert!(drawn.iter().all(|series| series.points[0].y >= 22.0 / 30.0));
        assert!(note.contains("8 of 30"));
    }
}
