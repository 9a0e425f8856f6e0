//! Which charts a report has: accuracy against rank and parameters, learning curves.

mod axis;
mod drawing;
mod theme;

use ranklab_store::EpochMetric;

use crate::comparison::Group;
use crate::data::{ReportData, RunData};
use crate::error::{Error, Result};
use crate::table::Figure;

use axis::Axis;
use drawing::{Chart, Mark, Point, Rule, Series, draw};
pub(crate) use theme::{Theme, themed};

/// Curves in one overview; more cannot be told apart.
const OVERVIEW_CURVES: usize = 8;

/// The charts across configurations; those that would show nothing are left out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn overview(data: &ReportData, groups: &[Group]) -> Result<Vec<Figure>> {
    let charts = [by_rank(groups), by_parameters(groups), validation_overview(data, groups)];
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
    let point = |point: &Point| format!("{} at {}", chart.y.label(point.y), chart.x.label(point.x));
    for series in &chart.series {
        text += &match series.points.as_slice() {
            [] => continue,
            [only] => format!(" {}: {}.", series.name, point(only)),
            [first, .., last] => format!(" {}: {} to {}.", series.name, point(first), point(last)),
        };
    }
    for rule in &chart.rules {
        text += &format!(" {}: {}.", rule.name, chart.y.label(rule.y));
    }
    text
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
                let slot = series.len();
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
    if series.is_empty() {
        return None;
    }
    let mut slots = series.len();
    let mut rules: Vec<Rule> = Vec::new();
    for group in groups.iter().filter(|group| group.first.start.ranks.is_none()) {
        if let Some(y) = group.accuracy() {
            rules.push(Rule { name: format!("{} (no adapters)", group.name), slot: slots, y });
            slots += 1;
        }
    }
    let ranks: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let x = Axis::doubling("rank (doubling scale)", &ranks);
    for point in series.iter_mut().flat_map(|series| &mut series.points) {
        point.x = point.x.log2();
    }
    let values: Vec<f64> = reach(&series).chain(rules.iter().map(|rule| rule.y)).collect();
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
        chart: Chart { x, y: Axis::share("test accuracy, %", &values), series, rules, marks: Vec::new() },
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
        },
    })
}

/// Validation accuracy of the first run of each configuration.
fn validation_overview(data: &ReportData, groups: &[Group]) -> Option<Draft> {
    let mut candidates: Vec<&Group> = groups.iter().collect();
    candidates.sort_by(|one, other| {
        let accuracy = |group: &Group| group.accuracy().unwrap_or(f64::NEG_INFINITY);
        accuracy(other).total_cmp(&accuracy(one))
    });
    candidates.truncate(OVERVIEW_CURVES);
    let mut series = Vec::new();
    for group in groups.iter().filter(|group| candidates.iter().any(|candidate| candidate.runs == group.runs))
    {
        let run = data.runs.iter().find(|run| Some(&run.row.id) == group.runs.first());
        let points = run.map(|run| curve(&run.epochs, "validation_accuracy")).unwrap_or_default();
        if !points.is_empty() {
            series.push(Series { name: group.name.clone(), slot: series.len(), points });
        }
    }
    // A single configuration's curve stands with its run.
    if series.len() < 2 {
        return None;
    }
    let values: Vec<f64> = reach(&series).collect();
    let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let best = if groups.len() > OVERVIEW_CURVES {
        format!("the {OVERVIEW_CURVES} configurations with the highest test accuracy")
    } else {
        "each configuration".to_owned()
    };
    Some(Draft {
        file_name: "validation-accuracy.svg".into(),
        title: "Validation accuracy by epoch".into(),
        caption: format!("First run of {best}."),
        chart: Chart {
            x: Axis::whole("epoch", &epochs),
            y: Axis::share("validation accuracy, %", &values),
            series,
            rules: Vec::new(),
            marks: Vec::new(),
        },
    })
}

/// A run's loss and accuracy by epoch; a chart without values is left out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn learning_curves(run: &RunData, best_epoch: i64) -> Result<Vec<Figure>> {
    let id = run.row.id;
    let mut figures = Vec::new();
    for (what, title, axis) in [
        ("loss", "Loss by epoch", Axis::amount as fn(&str, &[f64]) -> Axis),
        ("accuracy", "Accuracy by epoch", Axis::share),
    ] {
        let mut series = Vec::new();
        for (slot, part) in ["train", "validation"].into_iter().enumerate() {
            let points = curve(&run.epochs, &format!("{part}_{what}"));
            if !points.is_empty() {
                let name = if part == "train" { "training" } else { part };
                series.push(Series { name: name.to_owned(), slot, points });
            }
        }
        if series.is_empty() {
            continue;
        }
        let values: Vec<f64> = reach(&series).collect();
        let epochs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
        let unit = if what == "accuracy" { "accuracy, %" } else { "cross-entropy" };
        let mark = Mark { x: best_epoch as f64, name: "kept epoch".to_owned() };
        let marks = epochs.contains(&mark.x).then_some(mark).into_iter().collect();
        let chart = Chart {
            x: Axis::whole("epoch", &epochs),
            y: axis(unit, &values),
            series,
            rules: Vec::new(),
            marks,
        };
        figures.push(finish(Draft {
            file_name: format!("run-{id}-{what}.svg"),
            title: title.to_owned(),
            caption: format!("Run {id}; the dotted line marks the epoch whose weights were kept."),
            chart,
        })?);
    }
    Ok(figures)
}

/// A metric over the epochs, without values that are not numbers.
fn curve(epochs: &[EpochMetric], metric: &str) -> Vec<Point> {
    let mut points: Vec<Point> = epochs
        .iter()
        .filter(|row| row.metric == metric && row.value.is_finite())
        .map(|row| Point { x: row.epoch as f64, y: row.value, sd: None })
        .collect();
    points.sort_by(|one, other| one.x.total_cmp(&other.x));
    points
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
            "Test accuracy against rank: test accuracy, % against rank (doubling scale). model_5 · block5: 96.0 at 1 \
             to 97.5 at 16. model_4 (no adapters): 97.0."
        );
    }

    #[test]
    fn a_single_epoch_and_a_diverged_one_still_draw() {
        let mut data = fixture::ranks();
        let run = &mut data.runs[0];
        run.epochs.retain(|row| row.epoch == 1);
        assert_eq!(learning_curves(run, 1).unwrap().len(), 2);
        for row in &mut run.epochs {
            row.value = f64::NAN;
        }
        assert!(learning_curves(run, 1).unwrap().is_empty());
    }
}
