//! Which charts a report has: accuracy against rank, layers and parameters, differences, curves.

mod accuracy;
mod axis;
mod curves;
mod drawing;
mod forest;
mod heatmap;
mod markers;
mod parallel;
mod pareto;
mod patients;
mod precision_recall;
mod probabilities;
mod roc;
mod test_sets;
mod theme;

use std::collections::HashSet;

use crate::comparison::Group;
use crate::data::ReportData;
use crate::error::{Error, Result};
use crate::intervals::Measured;
use crate::paired::Comparisons;
use crate::table::Figure;

pub(crate) use curves::learning_curves;
use curves::validation_overview;
use drawing::{Chart, Point, Series, draw};
use test_sets::test_sets;
pub(crate) use theme::{Theme, themed};

/// What the charts across configurations show.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The rows.
    pub(crate) data: &'a ReportData,
    /// Configurations.
    pub(crate) groups: &'a [Group],
    /// Their intervals, in the same order.
    pub(crate) measured: &'a [Measured],
    /// Their comparisons.
    pub(crate) comparisons: &'a Comparisons,
}

/// All charts across configurations.
pub(crate) struct Overview {
    /// The charts.
    pub(crate) figures: Vec<Figure>,
    /// What stands above them; `None` where all show the same cells.
    pub(crate) note: Option<String>,
}

/// Sets of test cells that have charts.
const TEST_SETS: usize = 4;

/// The charts across configurations, those of each set of test cells apart; those that would show nothing are left
/// out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn overview(shown: &Shown<'_>) -> Result<Overview> {
    let sets = test_sets(shown);
    if sets.len() < 2 {
        return Ok(Overview { figures: on_same_cells(shown)?, note: None });
    }
    let mut figures = Vec::new();
    for (number, set) in (1..).zip(sets.iter().take(TEST_SETS)) {
        let part = set.part(shown);
        for mut figure in on_same_cells(&part.shown(shown.data))? {
            let title = format!("{} · test set {number}: {}", figure.title, set.name);
            figure.description = figure.description.replacen(&figure.title, &title, 1);
            figure.title = title;
            if number > 1 {
                figure.file_name = figure.file_name.replacen(".svg", &format!("-{number}.svg"), 1);
            }
            figures.push(figure);
        }
    }
    let rest = match sets.len().saturating_sub(TEST_SETS) {
        0 => String::new(),
        rest => format!(" {rest} more have no charts; report fewer runs to see them."),
    };
    Ok(Overview {
        figures,
        note: Some(format!(
            "The runs were tested on {} sets of cells, whose figures do not compare: each chart shows one of them, named in \
             its title.{rest}",
            sets.len()
        )),
    })
}

/// The charts of configurations that were tested on the same cells.
fn on_same_cells(shown: &Shown<'_>) -> Result<Vec<Figure>> {
    let mut figures: Vec<Figure> = forest::figure(shown)?.into_iter().collect();
    let of_accuracy = [accuracy::by_rank(shown), accuracy::by_layers(shown)];
    figures.extend(of_accuracy.into_iter().flatten().map(finish).collect::<Result<Vec<_>>>()?);
    figures.extend(heatmap::figure(shown)?);
    let of_probabilities = [
        pareto::by_parameters(shown),
        pareto::by_time(shown),
        roc::figure(shown),
        precision_recall::figure(shown),
        probabilities::reliability(shown),
    ];
    figures.extend(of_probabilities.into_iter().flatten().map(finish).collect::<Result<Vec<_>>>()?);
    figures.extend(parallel::figure(shown)?);
    figures.extend(patients::figure(shown)?);
    figures.extend(validation_overview(shown.data, shown.groups).map(finish).transpose()?);
    Ok(figures)
}

/// Curves in one overview; more cannot be told apart.
const OVERVIEW_CURVES: usize = 8;

/// The configurations with the highest accuracy, in their order, each with its look.
fn leading(groups: &[Group]) -> Vec<(&Group, usize)> {
    let mut candidates: Vec<&Group> = groups.iter().collect();
    candidates.sort_by(|one, other| {
        let accuracy = |group: &Group| group.accuracy().unwrap_or(f64::NEG_INFINITY);
        accuracy(other).total_cmp(&accuracy(one))
    });
    candidates.truncate(OVERVIEW_CURVES);
    let one_each =
        groups.iter().all(|group| groups.iter().filter(|other| other.series == group.series).count() == 1);
    let chosen =
        groups.iter().filter(|group| candidates.iter().any(|candidate| candidate.runs == group.runs));
    chosen
        .enumerate()
        .map(|(order, group)| (group, if one_each { slot_of(groups, &group.series) } else { order }))
        .collect()
}

/// Which ones those are.
fn which(groups: &[Group]) -> String {
    if groups.len() > OVERVIEW_CURVES {
        format!("the {OVERVIEW_CURVES} configurations with the highest test accuracy")
    } else {
        "each configuration".to_owned()
    }
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
        text += &match rule.band {
            Some((low, high)) => format!(
                " {}: {}, band from {} to {}.",
                rule.name,
                chart.y.spoken(rule.y),
                chart.y.spoken(low),
                chart.y.spoken(high)
            ),
            None => format!(" {}: {}.", rule.name, chart.y.spoken(rule.y)),
        };
    }
    for guide in &chart.guides {
        text += &format!(" Dotted: {}.", guide.name);
    }
    text
}

/// A series keeps its look in every chart: its place among all series.
fn slot_of(groups: &[Group], series: &str) -> usize {
    let mut names: HashSet<&str> = HashSet::new();
    for group in groups.iter().filter(|group| group.accuracy().is_some()) {
        if group.series == series {
            return names.len();
        }
        names.insert(&group.series);
    }
    names.len()
}

/// Values with their spread, for an axis that holds all of it.
fn reach(series: &[Series]) -> impl Iterator<Item = f64> {
    series.iter().flat_map(|series| {
        let bars = series.points.iter().flat_map(|point| {
            let (low, high) = point.bar.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        let band = series.band.iter().flat_map(|(_, low, high)| [*low, *high]);
        bars.chain(series.dots.iter().map(|(_, y)| *y)).chain(band)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::intervals::measure;
    use crate::paired::compare_pairs;

    fn figures(data: &ReportData) -> Vec<Figure> {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        let comparisons = compare_pairs(&groups, &measured, &data.options);
        overview(&Shown { data, groups: &groups, measured: &measured, comparisons: &comparisons })
            .unwrap()
            .figures
    }

    fn names(data: &ReportData) -> Vec<String> {
        figures(data).into_iter().map(|figure| figure.file_name).collect()
    }

    fn figure(data: &ReportData, name: &str) -> Figure {
        figures(data).into_iter().find(|figure| figure.file_name == name).unwrap()
    }

    #[test]
    fn a_sweep_of_ranks_has_all_charts() {
        let expected = [
            "differences.svg",
            "accuracy-by-rank.svg",
            "accuracy-by-parameters.svg",
            "roc.svg",
            "precision-recall.svg",
            "reliability.svg",
            "errors-by-patient.svg",
            "validation-accuracy.svg",
        ];
        assert_eq!(names(&fixture::ranks()), expected);
    }

    #[test]
    fn without_ranks_there_is_no_chart_of_them() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
        assert_eq!(
            names(&data),
            [
                "accuracy-by-parameters.svg",
                "roc.svg",
                "precision-recall.svg",
                "reliability.svg",
                "errors-by-patient.svg"
            ]
        );
    }

    #[test]
    fn choices_of_layers_at_one_rank_have_a_chart_of_their_own() {
        let mut data = fixture::ranks();
        for (run, layers) in data.runs.iter_mut().skip(1).zip(["block5_conv3", "block5", "block4+block5"]) {
            run.row.start.layers = Some(layers.into());
            (run.row.start.rank, run.row.start.ranks) = (Some(5), Some("5".into()));
        }
        assert!(!names(&data).contains(&"accuracy-by-rank.svg".to_owned()));
        assert!(
            figure(&data, "accuracy-by-layers.svg")
                .description
                .contains("model_5 · rank 5: 97.50 at block4+block5 to 96.00 at block5_conv3")
        );
    }

    #[test]
    fn layers_and_ranks_together_make_a_heatmap() {
        let mut data = fixture::series(&[(1, 40), (5, 42), (1, 44)]);
        data.runs[2].row.start.layers = Some("block4+block5".into());
        let map = figure(&data, "layers-by-rank.svg");
        assert!(map.description.contains("block5 at rank 5: 98.95"), "{}", map.description);
        assert!(map.drawing.contains("\n98.90\n") && map.drawing.contains("\n—\n"));
        data.runs.truncate(2);
        assert!(!names(&data).contains(&"layers-by-rank.svg".to_owned()));
    }

    #[test]
    fn times_have_a_chart_where_they_differ() {
        let mut data = fixture::ranks();
        for (run, seconds) in data.runs.iter_mut().zip([90.0, 30.0, 31.0, 32.0]) {
            run.row.result.as_mut().unwrap().train_seconds = seconds;
        }
        let chart = figure(&data, "accuracy-by-time.svg");
        assert!(chart.caption.ends_with(
            "More accurate than all that took less time: model_5 · block5 · rank 1, model_5 · block5 · rank 5."
        ));
        assert!(chart.drawing.contains("\n60\n") && !chart.drawing.contains("logarithmic"));
        data.runs[0].row.result.as_mut().unwrap().train_seconds = 900.0;
        assert!(figure(&data, "accuracy-by-time.svg").drawing.contains("logarithmic"));
    }

    #[test]
    fn settings_have_a_chart_where_several_differ() {
        let mut data = fixture::seeds();
        assert!(!names(&data).contains(&"settings.svg".to_owned()));
        for (run, rank) in data.runs.iter_mut().skip(3).zip([1, 5, 16]) {
            run.row.start.ranks = Some(format!("{rank}"));
        }
        let description = figure(&data, "settings.svg").description;
        assert!(description.contains("rank (—, 1, 5, 16), seed (0, 1, 2)"), "{description}");
        assert!(description.contains("model (model_4, model_5)"), "{description}");
    }

    #[test]
    fn of_very_many_series_the_most_accurate_are_drawn() {
        let mut data = fixture::many(40);
        for run in &mut data.runs {
            run.row.start.config = format!(r#"{{"learning_rate":0.{:03}}}"#, run.row.id);
            (run.row.start.rank, run.row.start.ranks) = (Some(5), Some("5".into()));
        }
        let chart = figure(&data, "accuracy-by-rank.svg");
        assert!(chart.caption.contains("Drawn are the 8 of 40 entries"), "{}", chart.caption);
        assert!(chart.description.contains("learning_rate=0.008:") && !chart.description.contains("0.009:"));
        assert!(!figure(&fixture::ranks(), "accuracy-by-rank.svg").caption.contains("Drawn are"));
    }

    #[test]
    fn a_diverged_configuration_has_no_curves_of_probabilities() {
        let mut data = fixture::ranks();
        let before = figure(&data, "roc.svg").drawing.matches("rank 5").count();
        data.runs[2].predictions[0].probability = f64::NAN;
        assert_eq!((before, figure(&data, "roc.svg").drawing.matches("rank 5").count()), (1, 0));
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        let expected = ["accuracy-by-rank.svg", "accuracy-by-parameters.svg", "validation-accuracy.svg"];
        assert_eq!(names(&data), expected);
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
        assert_eq!(
            figure(&data, "accuracy-by-rank.svg").description,
            "Test accuracy against rank: test accuracy, % against rank (doubling scale). model_5 · block5: 96.00 at 1 \
             to 97.50 at 16. model_4 (no adapters): 97.00, band from 94.50 to 99.00."
        );
    }
}
