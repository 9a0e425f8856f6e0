//! Accuracy against rank and choice of layers.

use crate::analysis::Configuration;
use crate::words::format::confidence;

use super::axis::Axis;
use super::chart::{Chart, Point, Rule, Series, reach};
use super::draft::Draft;
use super::notes::{of_configuration, value};
use super::scope::ChartScope;

/// Series of configurations in order of first appearance, each configuration at the position that `place` gives it, with
/// what `besides` says of it.
pub(super) fn series_of(
    scope: &ChartScope<'_>,
    place: impl Fn(&Configuration) -> Option<f64>,
    besides: impl Fn(f64) -> String,
) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for one in &scope.configurations {
        let (Some(x), Some((y, bar))) = (place(one), point(one)) else { continue };
        let known = match series.iter().position(|known| known.name == one.without_rank) {
            Some(known) => known,
            None => {
                series.push(Series::of(one.without_rank.clone(), scope.slot_of(one), Vec::new()));
                series.len() - 1
            }
        };
        series[known].points.push(Point { x, y, bar });
        series[known].dots.extend(single_runs(one).iter().map(|y| (x, *y)));
        series[known].notes.extend(of_configuration(scope, one, (x, y), &besides(x)));
    }
    for known in &mut series {
        known.points.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    series
}

/// Mean accuracy with its interval, or else its spread over repeats.
fn point(configuration: &Configuration) -> Option<(f64, Option<(f64, f64)>)> {
    let accuracy = configuration.measures.accuracy?;
    let interval = configuration.accuracy_interval.map(|found| (found.interval.lower, found.interval.upper));
    let spread = accuracy.sd.map(|sd| (accuracy.mean - sd, accuracy.mean + sd));
    Some((accuracy.mean, interval.or(spread)))
}

/// Accuracies of the runs of a configuration that has several.
fn single_runs(configuration: &Configuration) -> &[f64] {
    if configuration.runs.len() < 2 { &[] } else { &configuration.accuracies }
}

fn spread_note(scope: &ChartScope<'_>) -> String {
    let mut note = String::new();
    if scope.configurations.iter().any(|one| one.accuracy_interval.is_some()) {
        note += &format!(" Bars are the table's {} intervals.", confidence(&scope.analysis.options));
    } else if scope
        .configurations
        .iter()
        .any(|one| one.measures.accuracy.is_some_and(|accuracy| accuracy.sd.is_some()))
    {
        note += " Bars are ± one sample standard deviation over repeats.";
    }
    if scope.configurations.iter().any(|one| one.runs.len() > 1) {
        note += " Small points are single runs.";
    }
    note
}

/// Series in one plot; of more those with the most accurate members, which is descriptive.
const SERIES: usize = 8;
/// Series in panels, likewise.
const PANELS: usize = 12;
/// Series whose intervals and single runs are drawn in one plot; those of more would cover each other.
const SPREADS: usize = 4;

/// The series as they are drawn in panels, and what the caption says of intervals, single runs and the rest.
pub(super) fn drawn_in_panels(scope: &ChartScope<'_>, series: Vec<Series>) -> (Vec<Series>, String) {
    let (series, rest) = most_accurate(series, PANELS);
    (series, spread_note(scope) + &rest)
}

/// The series as they are drawn in one plot, and what the caption says of intervals, single runs and the rest.
pub(super) fn drawn(scope: &ChartScope<'_>, series: Vec<Series>) -> (Vec<Series>, String) {
    let (mut series, rest) = most_accurate(series, SERIES);
    if series.len() <= SPREADS {
        return (series, spread_note(scope) + &rest);
    }
    for series in &mut series {
        series.points.iter_mut().for_each(|point| point.bar = None);
        series.dots.clear();
        series.notes.retain(|note| !note.of_run);
    }
    (series, format!(" Intervals are in the table, because so many would overlap here.{rest}"))
}

/// The series with the most accurate members, and a sentence on the others.
fn most_accurate(mut series: Vec<Series>, most: usize) -> (Vec<Series>, String) {
    let all = series.len();
    if all <= most {
        return (series, String::new());
    }
    let best = |series: &Series| series.points.iter().map(|point| point.y).fold(0.0, f64::max);
    let mut order: Vec<usize> = (0..all).collect();
    order.sort_by(|one, other| best(&series[*other]).total_cmp(&best(&series[*one])).then(one.cmp(other)));
    let drawn = &order[..most];
    let mut place = 0;
    series.retain(|_| {
        place += 1;
        drawn.contains(&(place - 1))
    });
    (series, format!(" The {most} of {all} entries with the highest test accuracies are drawn, descriptive."))
}

pub(super) fn by_rank(scope: &ChartScope<'_>) -> Option<Draft> {
    let rank = |one: &Configuration| one.start.rank.filter(|rank| *rank > 0).map(|rank| rank as f64);
    let (mut series, spread) = drawn_in_panels(scope, series_of(scope, rank, |_| String::new()));
    let ranks: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let one_rank = ranks.iter().all(|rank| *rank == ranks[0]);
    // Choices of layers at one rank have another chart.
    if ranks.is_empty() || (one_rank && by_layers(scope).is_some()) {
        return None;
    }
    let rules = without_adapters(scope);
    let x = Axis::doubling("rank (doubling scale)", &ranks);
    series.iter_mut().for_each(|series| series.scale(f64::log2));
    let values: Vec<f64> = reach(&series).chain(reach_of_rules(&rules)).collect();
    let y = Axis::share("test accuracy, %", &values);
    let sidestep = series.iter().flat_map(|series| &series.points).any(|point| point.bar.is_some());
    let elsewhere =
        scope.configurations.iter().filter(|one| one.start.ranks.is_some() && rank(one).is_none()).count();
    let note = match elsewhere {
        0 => String::new(),
        several => format!(" Configurations with one rank per layer are in the table only ({several})."),
    };
    Some(Draft {
        file_name: scope.file_name("accuracy-by-rank"),
        title: scope.title("Test accuracy against rank"),
        caption: format!("One line per choice of layers.{spread}{}{note}", note_on_rules(scope, &rules, &y)),
        chart: Chart { rules, sidestep, panelled: true, ..Chart::of(x, y, series) },
    })
}

/// Rules across one plot whose areas are drawn; more would cover each other.
const AREAS: usize = 2;
/// Rules across one plot; of more the most accurate.
const RULES: usize = 4;

/// Configurations without adapters as lines across, in the areas of their intervals where they are few.
fn without_adapters(scope: &ChartScope<'_>) -> Vec<Rule> {
    let mut plain: Vec<&Configuration> =
        scope.configurations.iter().copied().filter(|one| one.start.ranks.is_none()).collect();
    if plain.len() > RULES {
        let accuracy = |one: &Configuration| one.accuracy().unwrap_or(f64::NEG_INFINITY);
        plain.sort_by(|one, other| accuracy(other).total_cmp(&accuracy(one)));
        plain.truncate(RULES);
    }
    let rule = |one: &&Configuration| {
        let (y, interval) = point(one)?;
        Some(Rule {
            name: format!("{} (no adapters)", one.name),
            slot: scope.slot_of(one),
            y,
            band: interval.filter(|_| plain.len() <= AREAS),
            note: value(scope, one),
        })
    };
    plain.iter().filter_map(rule).collect()
}

/// What the caption says of them.
fn note_on_rules(scope: &ChartScope<'_>, rules: &[Rule], axis: &Axis) -> String {
    let count =
        |wide: bool| rules.iter().filter(|rule| rule.band.is_some() && rule.is_wide(axis) == wide).count();
    let bands = match (count(false), count(true)) {
        (0, 0) => "",
        (1, 0) => " The shaded band is the interval of the horizontal line.",
        (_, 0) => " Shaded bands are the intervals of the horizontal lines.",
        (0, 1) => " The bar at the right edge is the interval of the horizontal line.",
        (0, _) => " Bars at the right edge are the intervals of the horizontal lines.",
        _ => " The shaded band and the bar at the right edge are the intervals of the horizontal lines.",
    };
    let all = scope.configurations.iter().filter(|one| one.start.ranks.is_none()).count();
    let rest = if all > rules.len() {
        format!(" Horizontal lines are drawn for {} of {all} configurations without adapters.", rules.len())
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

/// One position per choice of layers, one series per rank. Left out for a single choice, and for so many
/// that their names do not fit: the table has them all.
pub(super) fn by_layers(scope: &ChartScope<'_>) -> Option<Draft> {
    let mut choices: Vec<&str> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    // Looks that no series of the other charts has.
    let looks = scope.configurations.len();
    for one in &scope.configurations {
        let (Some(layers), Some((y, bar))) = (&one.start.layers, point(one)) else { continue };
        let choice = choices.iter().position(|known| known == layers).unwrap_or_else(|| {
            choices.push(layers);
            choices.len() - 1
        });
        let x = choice as f64;
        let name = &one.without_layers;
        let known = series.iter().position(|known| known.name == *name).unwrap_or_else(|| {
            series.push(Series::of(name.clone(), looks + series.len(), Vec::new()));
            series.len() - 1
        });
        series[known].points.push(Point { x, y, bar });
        series[known].dots.extend(single_runs(one).iter().map(|y| (x, *y)));
        series[known].notes.extend(of_configuration(scope, one, (x, y), ""));
    }
    let x = Axis::names("adapted layers", &choices).filter(|_| choices.len() > 1)?;
    let (series, spread) = drawn(scope, series);
    let rules = without_adapters(scope);
    let values: Vec<f64> = reach(&series).chain(reach_of_rules(&rules)).collect();
    let y = Axis::share("test accuracy, %", &values);
    Some(Draft {
        file_name: scope.file_name("accuracy-by-layers"),
        title: scope.title("Test accuracy by choice of layers"),
        caption: format!("One marker per configuration.{spread}{}", note_on_rules(scope, &rules, &y)),
        chart: Chart { rules, joined: false, sidestep: true, ..Chart::of(x, y, series) },
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
        let (all, note) = most_accurate(of(8), 8);
        assert_eq!((all.len(), note.as_str()), (8, ""));
        let (drawn, note) = most_accurate(of(30), 8);
        assert_eq!(drawn.len(), 8);
        assert!(drawn.windows(2).all(|pair| pair[0].slot < pair[1].slot));
        assert!(drawn.iter().all(|series| series.points[0].y >= 22.0 / 30.0));
        assert!(note.contains("The 8 of 30"));
    }
}
