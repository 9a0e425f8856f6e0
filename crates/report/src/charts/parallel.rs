//! Parallel coordinates: one line per run through its settings to its accuracy, where several differ.

use std::collections::{BTreeMap, HashSet};

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::analysis::Run;
use crate::error::{Error, Result};
use crate::words::format::{NONE, count, percent};

use super::axis::Axis;
use super::canvas::{Area, Drawing, Drawn, WIDTH, put, write};
use super::figure::{Figure, ShownValue};
use super::notes::name;
use super::palette::{GRID, INK, MUTED, SURFACE, marker};
use super::scope::ChartScope;
use super::shortened::shortened;
use super::text::width;

/// Settings that must differ: fewer are shown better by the other charts.
const LEAST_SETTINGS: usize = 3;
/// Settings side by side.
const MOST_SETTINGS: usize = 6;
/// Lines that can be followed.
const RUNS: usize = 120;
/// Values of a setting that are written.
const LABELS: usize = 12;
const LEFT: i32 = 16;
/// Right of the accuracies, for their labels.
const RIGHT: i32 = 50;
const TOP: i32 = 66;
const HEIGHT: i32 = 280;
const BELOW: i32 = 16;
/// Letters of a value beside its axis, of a setting's name above it.
const VALUE_LETTERS: usize = 9;
const NAME_LETTERS: usize = 18;

/// A setting with its values over the runs.
#[derive(Debug, PartialEq)]
struct Setting {
    name: String,
    /// Distinct values, from low to high; `None` where it is not set.
    values: Vec<Option<String>>,
    /// For each run the index of its value.
    of_run: Vec<usize>,
}

/// The chart; `None` where few settings differ.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(scope: &ChartScope<'_>) -> Result<Option<Figure>> {
    let counted: HashSet<usize> = scope.charted.configurations.iter().copied().collect();
    let is_counted = |run: &&Run| run.configuration.is_some_and(|id| counted.contains(&id));
    let (runs, all) = chosen(scope.analysis.runs.iter().filter(is_counted));
    let settings = settings(&runs.iter().map(|(run, _)| *run).collect::<Vec<_>>());
    if settings.len() < LEAST_SETTINGS {
        return Ok(None);
    }
    let accuracies: Vec<f64> = runs.iter().map(|(_, accuracy)| *accuracy).collect();
    let drawn = &settings[..settings.len().min(MOST_SETTINGS)];
    let (file_name, title) = (scope.file_name("settings"), scope.title("Settings and test accuracy"));
    let (drawing, values) =
        draw(drawn, &runs).map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    let extent = if runs.len() < all {
        format!("{} of {all} runs, evenly spaced by accuracy", runs.len())
    } else {
        count(all, "run")
    };
    let hidden: Vec<&str> =
        settings.iter().skip(MOST_SETTINGS).map(|setting| setting.name.as_str()).collect();
    let hidden = match hidden.as_slice() {
        [] => String::new(),
        names => format!(" Not shown: {}.", names.join(", ")),
    };
    Ok(Some(Figure {
        file_name,
        description: describe(&title, drawn, &accuracies),
        title,
        caption: format!(
            "One line per run ({extent}). Stronger lines are runs with a higher test accuracy; the thick line has the highest, which is descriptive. Each axis \
             is a setting that differs between runs, with its values in rising order. Settings that always change together \
             share an axis.{hidden} Seeds and folds are chance: a pattern along them has no meaning."
        ),
        drawing,
        values,
    }))
}

/// At most [`RUNS`] runs with their accuracies, from low to high, and how many there are.
fn chosen<'a>(runs: impl Iterator<Item = &'a Run>) -> (Vec<(&'a Run, f64)>, usize) {
    let finished = runs.filter_map(|run| {
        let accuracy = run.row.result.as_ref()?.test_accuracy;
        accuracy.is_finite().then_some((run, accuracy))
    });
    let mut runs: Vec<(&Run, f64)> = finished.collect();
    runs.sort_by(|(one, low), (other, high)| low.total_cmp(high).then(other.row.id.cmp(&one.row.id)));
    let all = runs.len();
    if all > RUNS {
        runs = (0..RUNS).map(|place| runs[place * (all - 1) / (RUNS - 1)]).collect();
    }
    (runs, all)
}

/// The settings that differ; of those that always change together the first.
fn settings(runs: &[&Run]) -> Vec<Setting> {
    let column = |name: &str, value: &dyn Fn(&Run) -> Option<String>| {
        (name.to_owned(), runs.iter().map(|run| value(run)).collect::<Vec<_>>())
    };
    let mut columns = vec![
        column("model", &|run| Some(run.row.start.model.clone())),
        column("layers", &|run| run.row.start.layers.clone()),
        column("rank", &|run| run.row.start.ranks.clone()),
        column("preset", &|run| run.row.start.preset.clone()),
    ];
    let mut paths: Vec<&String> = runs.iter().flat_map(|run| run.settings.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let name = path.rsplit('.').next().unwrap_or(path).replace('_', " ");
        columns.push(column(&name, &|run| run.settings.get(path).cloned()));
    }
    columns.extend([
        column("seed", &|run| Some(run.row.start.seed.to_string())),
        column("split seed", &|run| Some(run.row.start.split_seed.to_string())),
        column("fold", &|run| run.row.start.fold.map(|fold| fold.to_string())),
    ]);
    let mut known: Vec<Vec<usize>> = Vec::new();
    let mut settings = Vec::new();
    for (name, column) in columns {
        let together = first_places(&column);
        if together.iter().all(|place| *place == 0) || known.contains(&together) {
            continue;
        }
        known.push(together);
        settings.push(Setting::of(name, &column));
    }
    settings
}

/// For each value where it first occurs: equal lists divide the runs alike.
fn first_places(column: &[Option<String>]) -> Vec<usize> {
    let mut first: BTreeMap<&Option<String>, usize> = BTreeMap::new();
    column.iter().enumerate().map(|(place, value)| *first.entry(value).or_insert(place)).collect()
}

impl Setting {
    fn of(name: String, column: &[Option<String>]) -> Self {
        let mut values: Vec<Option<String>> = column.to_vec();
        // Numbers by their size, before words; what is not set lowest of all.
        let size = |value: &Option<String>| match value {
            None => f64::NEG_INFINITY,
            Some(text) => {
                text.parse::<f64>().ok().filter(|number| number.is_finite()).unwrap_or(f64::INFINITY)
            }
        };
        values.sort_by(|one, other| size(one).total_cmp(&size(other)).then(one.cmp(other)));
        values.dedup();
        let place = |value: &Option<String>| values.iter().position(|known| known == value).unwrap_or(0);
        Self { of_run: column.iter().map(place).collect(), name, values }
    }

    /// The distinct values as they are written.
    fn texts(&self) -> Vec<&str> {
        self.values.iter().map(|value| value.as_deref().unwrap_or(NONE)).collect()
    }

    /// Height of a value between 0 and 1.
    fn height(&self, value: usize) -> f64 {
        value as f64 / (self.values.len() - 1).max(1) as f64
    }
}

fn describe(title: &str, settings: &[Setting], accuracies: &[f64]) -> String {
    let mut text = format!("{title}: one line per run through");
    for setting in settings {
        let values = match setting.texts().as_slice() {
            [first, .., last] if setting.values.len() > LABELS => {
                format!("{first} to {last}, {} values", setting.values.len())
            }
            values => values.join(", "),
        };
        text += &format!(" {} ({values}),", setting.name);
    }
    // Runs stand in rising order.
    let (Some(last), Some(best)) = (accuracies.len().checked_sub(1), accuracies.last()) else { return text };
    let of_best =
        settings.iter().map(|setting| format!("{} {}", setting.name, setting.texts()[setting.of_run[last]]));
    text + &format!(
        " to test accuracy, {} to {} %. Highest test accuracy, descriptive: {}.",
        percent(accuracies[0]),
        percent(*best),
        of_best.collect::<Vec<_>>().join(", ")
    )
}

fn draw(settings: &[Setting], runs: &[(&Run, f64)]) -> std::result::Result<Drawing, String> {
    let bottom = TOP + HEIGHT;
    let accuracies: Vec<f64> = runs.iter().map(|(_, accuracy)| *accuracy).collect();
    let axis = Axis::share("accuracy, %", &accuracies);
    let across = |place: usize| LEFT + (WIDTH - LEFT - RIGHT) * place as i32 / settings.len() as i32;
    let up = |share: f64| bottom - (share * f64::from(HEIGHT)).round() as i32;
    let accuracy = |value: f64| up((value - axis.low) / (axis.high - axis.low));
    let names = shortened(settings.iter().map(|setting| setting.name.as_str()), NAME_LETTERS);
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (run, value) in accuracies.iter().enumerate() {
            let mut path: Vec<(i32, i32)> = settings
                .iter()
                .enumerate()
                .map(|(place, setting)| (across(place), up(setting.height(setting.of_run[run]))))
                .collect();
            path.push((across(settings.len()), accuracy(*value)));
            // Runs stand in rising order: the place says how they compare.
            let share = (run + 1) as f64 / accuracies.len() as f64;
            let style = if run + 1 == accuracies.len() {
                marker(1).stroke_width(4)
            } else {
                marker(0).mix(0.12 + 0.6 * share * share).stroke_width(2)
            };
            put(&area, &PathElement::new(path, style))?;
        }
        for (place, setting) in settings.iter().enumerate() {
            let x = across(place);
            draw_axis(&area, &names[setting.name.as_str()], x, place % 2 == 1, (x - 4, HPos::Left))?;
            let step = setting.values.len().div_ceil(LABELS);
            let values = setting.texts();
            let texts = shortened(values.iter().copied(), VALUE_LETTERS);
            for (value, text) in values.iter().enumerate().step_by(step) {
                draw_value(&area, &texts[text], (x, up(setting.height(value))))?;
            }
        }
        let x = across(settings.len());
        draw_axis(&area, &axis.title, x, settings.len() % 2 == 1, (x, HPos::Center))?;
        for tick in &axis.ticks {
            draw_tick(&area, &axis.label(*tick), (x, accuracy(*tick)))?;
        }
        area.present().map_err(|error| error.to_string())?;
    }
    let x = across(settings.len());
    let shown = |(run, value): &(&Run, f64)| ShownValue {
        x,
        y: accuracy(*value),
        text: format!("{}: {} %", name(run), percent(*value)),
    };
    Ok((svg, runs.iter().map(shown).collect()))
}

/// A vertical axis with its name above, names of neighbours in turn higher and lower.
fn draw_axis(area: &Area<'_>, name: &str, x: i32, lower: bool, (from, anchor): (i32, HPos)) -> Drawn {
    put(area, &PathElement::new([(x, TOP), (x, TOP + HEIGHT)], MUTED.stroke_width(1)))?;
    let y = if lower { 34 } else { 14 };
    if !lower {
        put(area, &PathElement::new([(x, y + 10), (x, TOP)], GRID.stroke_width(1)))?;
    }
    write(area, name, (from, y), &MUTED, anchor, VPos::Center)
}

/// A value beside its axis and above its position, on paper: lines along a row do not cross it out.
fn draw_value(area: &Area<'_>, text: &str, (x, y): (i32, i32)) -> Drawn {
    let right = x + 7 + width(text);
    put(area, &Rectangle::new([(x + 3, y - 18), (right, y - 3)], SURFACE.mix(0.75).filled()))?;
    put(area, &PathElement::new([(x - 3, y), (x + 3, y)], MUTED.stroke_width(1)))?;
    write(area, text, (x + 5, y - 10), &INK, HPos::Left, VPos::Center)
}

/// A tick of the last axis, right of all lines.
fn draw_tick(area: &Area<'_>, text: &str, (x, y): (i32, i32)) -> Drawn {
    put(area, &PathElement::new([(x - 3, y), (x + 3, y)], MUTED.stroke_width(1)))?;
    write(area, text, (x + 8, y), &INK, HPos::Left, VPos::Center)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    /// Ranks, learning rates and seeds, all combined.
    fn grid() -> ReportData {
        let mut data = fixture::ranks();
        data.runs.clear();
        for rank in [16, 1, 5] {
            for (learning_rate, seed) in [("0.01", 0), ("0.001", 0), ("0.01", 1), ("0.001", 1)] {
                let id = data.runs.len() as i64 + 1;
                let mut run = fixture::run(id, Some(rank), seed, 20 - id);
                run.row.start.config = run.row.start.config.replace("0.005", learning_rate);
                data.runs.push(run);
            }
        }
        data
    }

    fn of(data: &ReportData) -> Vec<(String, Vec<String>)> {
        let analysis = analyse(data).unwrap();
        let settings = settings(&analysis.runs.iter().collect::<Vec<_>>());
        let texts = |setting: &Setting| setting.texts().into_iter().map(str::to_owned).collect();
        settings.iter().map(|setting| (setting.name.clone(), texts(setting))).collect()
    }

    #[test]
    fn settings_that_differ_have_one_axis_each_with_values_by_their_size() {
        let found = of(&grid());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        // The configuration's own rank changes with the run's.
        assert_eq!(names, ["rank", "learning rate", "seed"]);
        assert_eq!(found[0].1, ["1", "5", "16"]);
        assert_eq!(found[1].1, ["0.001", "0.01"]);
    }

    #[test]
    fn what_is_not_set_stands_below_numbers_and_words_above() {
        let column = [Some("5"), Some("4+8"), None, Some("16")].map(|value| value.map(str::to_owned));
        assert_eq!(Setting::of("rank".into(), &column).texts(), ["—", "5", "16", "4+8"]);
    }

    #[test]
    fn many_runs_are_thinned_evenly_and_keep_their_ends() {
        let run = analyse(&grid()).unwrap().runs.remove(0);
        let thousand: Vec<Run> = (0..1000)
            .map(|id| {
                let mut run = run.clone();
                run.row.id = id;
                run.row.result.as_mut().unwrap().test_accuracy = id as f64 / 1000.0;
                run
            })
            .collect();
        let (runs, all) = chosen(thousand.iter());
        assert_eq!((runs.len(), all), (RUNS, 1000));
        assert_eq!((runs[0].1, runs[RUNS - 1].1), (0.0, 0.999));
        assert!(runs.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }
}
