//! Which charts a report has: accuracy against rank and parameters, learning curves.

mod axis;
mod curves;
mod drawing;
mod theme;

use crate::comparison::Group;
use crate::data::ReportData;
use crate::error::{Error, Result};
use crate::table::Figure;

use axis::Axis;
pub(crate) use curves::learning_curves;
use curves::validation_overview;
use drawing::{Chart, Point, Rule, Series, draw};
pub(crate) use theme::{Theme, themed};

/// The charts across configurations; those that would show nothing are left out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn overview(data: &ReportData, groups: &[Group]) -> Result<Vec<Figure>> {
    let charts =
        [by_rank(groups), by_layers(groups), by_parameters(groups), validation_overview(data, groups)];
    charts.into_iter().flatten().map(finish).collect()
}

/// A chart with its words.
struct Draft {
    file_name: String,
    title: String,
    caption: String,
    chart: Chart,
}

fn finish(draft: Draft) -> Result<Figure> {
    let drawing =
        draw(&draft.chart).map_err(|reason| Error::Chart { name: draft.file_name.clone(), reason })?;
    Ok(Figure {
        description: describe(&draft.title, &draft.chart),
        file_name: draft.file_name,
        title: draft.title,
        caption: draft.caption,
        drawing,
    })
}

/// The chart in words: what is on its axes and where each series starts and ends.
fn describe(title: &str, chart: &Chart) -> String {
    let mut text = format!("{title}: {} against {}.", chart.y.title, chart.x.title);
    let point = |point: &Point| format!("{} at {}", chart.y.spoken(point.y), chart.x.label(point.x));
    for series in &chart.series {
        text += &match series.points.as_slice() {
            [] => continue,
            [only] => format!(" {}: {}.", series.name, point(only)),
            [first, .., last] => format!(" {}: {} to {}.", series.name, point(first), point(last)),
        };
    }
    for rule in &chart.rules {
        text += &format!(" {}: {}.", rule.name, chart.y.spoken(rule.y));
    }
    text
}

/// A series keeps its look in every chart: its place among all series.
fn slot_of(groups: &[Group], series: &str) -> usize {
    let mut names: Vec<&str> = Vec::new();
    for group in groups.iter().filter(|group| group.accuracy().is_some()) {
        if !names.contains(&group.series.as_str()) {
            names.push(&group.series);
        }
    }
    names.iter().position(|name| *name == series).unwrap_or(names.len())
}

/// Series of groups in order of first appearance, each group as the point that `place` gives it.
fn series_of(groups: &[Group], place: impl Fn(&Group) -> Option<f64>) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for group in groups {
        let (Some(x), Some(accuracy)) = (place(group), group.measure("accuracy")) else {
            continue;
        };
        let point = Point { x, y: accuracy.mean, sd: accuracy.sd };
        match series.iter_mut().find(|known| known.name == group.series) {
            Some(known) => known.points.push(point),
            None => {
                let slot = slot_of(groups, &group.series);
                series.push(Series { name: group.series.clone(), slot, points: vec![point] });
            }
        }
    }
    for known in &mut series {
        known.points.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    series
}

/// Values with their spread, for an axis that holds all of it.
fn reach(series: &[Series]) -> impl Iterator<Item = f64> {
    series.iter().flat_map(|series| &series.points).flat_map(|point| {
        let sd = point.sd.unwrap_or(0.0);
        [point.y - sd, point.y + sd]
    })
}

fn spread_note(groups: &[Group]) -> &'static str {
    if groups.iter().any(|group| group.measure("accuracy").is_some_and(|summary| summary.sd.is_some())) {
        " Bars show ± one sample standard deviation over repeats."
    } else {
        ""
    }
}

fn by_rank(groups: &[Group]) -> Option<Draft> {
    let rank = |group: &Group| group.first.start.rank.filter(|rank| *rank > 0).map(|rank| rank as f64);
    let mut series = series_of(groups, rank);
    let ranks: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let one_rank = ranks.iter().all(|rank| *rank == ranks[0]);
    // Choices of layers at one rank have a chart of their own.
    if ranks.is_empty() || (one_rank && by_layers(groups).is_some()) {
        return None;
    }
    let rules = without_adapters(groups);
    let x = Axis::doubling("rank (doubling scale)", &ranks);
    for point in series.iter_mut().flat_map(|series| &mut series.points) {
        point.x = point.x.log2();
    }
    let values: Vec<f64> = reach(&series).chain(rules.iter().map(|rule| rule.y)).collect();
    let sidestep = series.iter().flat_map(|series| &series.points).any(|point| point.sd.is_some());
    let elsewhere =
        groups.iter().filter(|group| group.first.start.ranks.is_some() && rank(group).is_none()).count();
    let note = match elsewhere {
        0 => String::new(),
        several => format!(" {several} with one rank per layer are in the table only."),
    };
    Some(Draft {
        file_name: "accuracy-by-rank.svg".into(),
        title: "Test accuracy against rank".into(),
        caption: format!("One line per choice of layers.{}{note}", spread_note(groups)),
        chart: Chart {
            x,
            y: Axis::share("test accuracy, %", &values),
            series,
            rules,
            marks: Vec::new(),
            joined: true,
            sidestep,
        },
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
fn by_layers(groups: &[Group]) -> Option<Draft> {
    let mut choices: Vec<&str> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    // Looks that no series of the other charts has.
    let looks = groups.len();
    for group in groups {
        let (Some(layers), Some(accuracy)) = (&group.first.start.layers, group.measure("accuracy")) else {
            continue;
        };
        let choice = choices.iter().position(|known| known == layers).unwrap_or_else(|| {
            choices.push(layers);
            choices.len() - 1
        });
        let point = Point { x: choice as f64, y: accuracy.mean, sd: accuracy.sd };
        let name = group.name.replacen(&format!(" · {layers}"), "", 1);
        match series.iter_mut().find(|known| known.name == name) {
            Some(known) => known.points.push(point),
            None => series.push(Series { name, slot: looks + series.len(), points: vec![point] }),
        }
    }
    let x = Axis::names("adapted layers", &choices).filter(|_| choices.len() > 1)?;
    let rules = without_adapters(groups);
    let values: Vec<f64> = reach(&series).chain(rules.iter().map(|rule| rule.y)).collect();
    Some(Draft {
        file_name: "accuracy-by-layers.svg".into(),
        title: "Test accuracy by choice of layers".into(),
        caption: format!("One marker per configuration.{}", spread_note(groups)),
        chart: Chart {
            x,
            y: Axis::share("test accuracy, %", &values),
            series,
            rules,
            marks: Vec::new(),
            joined: false,
            sidestep: true,
        },
    })
}

fn by_parameters(groups: &[Group]) -> Option<Draft> {
    let parameters = |group: &Group| {
        Some(group.first.start.trainable_parameters).filter(|count| *count > 0).map(|count| count as f64)
    };
    let mut series = series_of(groups, parameters);
    if series.is_empty() {
        return None;
    }
    let counts: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let x = Axis::decades("trainable parameters (logarithmic scale)", &counts);
    for point in series.iter_mut().flat_map(|series| &mut series.points) {
        point.x = point.x.log10();
    }
    let values: Vec<f64> = reach(&series).collect();
    Some(Draft {
        file_name: "accuracy-by-parameters.svg".into(),
        title: "Test accuracy against trainable parameters".into(),
        caption: format!("Head and adapters together.{}", spread_note(groups)),
        chart: Chart {
            x,
            y: Axis::share("test accuracy, %", &values),
            series,
            rules: Vec::new(),
            marks: Vec::new(),
            joined: true,
            sidestep: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;

    fn names(data: &ReportData) -> Vec<String> {
        let figures = overview(data, &compare(data).unwrap()).unwrap();
        figures.into_iter().map(|figure| figure.file_name).collect()
    }

    #[test]
    fn a_sweep_of_ranks_has_all_charts() {
        let expected = ["accuracy-by-rank.svg", "accuracy-by-parameters.svg", "validation-accuracy.svg"];
        assert_eq!(names(&fixture::ranks()), expected);
    }

    #[test]
    fn without_ranks_there_is_no_chart_of_them() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
        assert_eq!(names(&data), ["accuracy-by-parameters.svg"]);
    }

    #[test]
    fn choices_of_layers_at_one_rank_have_a_chart_of_their_own() {
        let mut data = fixture::ranks();
        for (run, layers) in data.runs.iter_mut().skip(1).zip(["block5_conv3", "block5", "block4+block5"]) {
            run.row.start.layers = Some(layers.into());
            (run.row.start.rank, run.row.start.ranks) = (Some(5), Some("5".into()));
        }
        assert_eq!(names(&data)[0], "accuracy-by-layers.svg");
        assert!(!names(&data).contains(&"accuracy-by-rank.svg".to_owned()));
        let figures = overview(&data, &compare(&data).unwrap()).unwrap();
        assert!(
            figures[0]
                .description
                .contains("model_5 · rank 5: 97.50 at block4+block5 to 96.00 at block5_conv3")
        );
    }

    #[test]
    fn without_runs_there_are_no_charts() {
        let mut data = fixture::ranks();
        data.runs.clear();
        assert!(names(&data).is_empty());
    }

    #[test]
    fn a_chart_is_described_for_those_who_cannot_see_it() {
        let data = fixture::ranks();
        let figures = overview(&data, &compare(&data).unwrap()).unwrap();
        assert_eq!(
            figures[0].description,
            "Test accuracy against rank: test accuracy, % against rank (doubling scale). model_5 · block5: 96.00 at 1 \
             to 97.50 at 16. model_4 (no adapters): 97.00."
        );
    }
}
