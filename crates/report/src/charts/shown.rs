//! The values of a chart that a reader can point at, in pixels of its drawing.

use super::chart::{Chart, Note, Series};
use super::figure::ShownValue;
use super::plot::Plot;
use super::strokes::DOTS_SHIFT;

/// Values of one chart; more would make the page heavy.
pub(super) const MOST: usize = 300;

/// So many of these, evenly spaced, with the first and the last.
pub(super) fn thinned<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    match (all.len(), most) {
        (all_count, _) if all_count <= most => all.to_vec(),
        (_, 0) => Vec::new(),
        (_, 1) => all[..1].to_vec(),
        (all_count, _) => (0..most).map(|place| all[place * (all_count - 1) / (most - 1)].clone()).collect(),
    }
}

/// The values of a series from left to right, so many pixels to the right of their places. Of more than its share of the
/// chart's values single runs go first.
pub(super) fn of_series(chart: &Chart, series: &Series, plot: &Plot, shift: i32) -> Vec<ShownValue> {
    let share = (MOST - chart.rules.len().min(MOST)) / chart.series.len().max(1);
    let (runs, means): (Vec<&Note>, Vec<&Note>) = series.notes.iter().partition(|note| note.of_run);
    let means = thinned(&means, share);
    let runs = thinned(&runs, share - means.len());
    let shown = |note: &Note| {
        let (x, y) = plot.at(note.x, note.y);
        let beside = if note.of_run { DOTS_SHIFT } else { 0 };
        ShownValue { x: x + shift + beside, y, text: note.text.clone() }
    };
    let mut values: Vec<ShownValue> = means.into_iter().chain(runs).map(shown).collect();
    values.sort_by_key(|value| value.x);
    values
}

/// The values of lines across, at the right edge of the plot.
pub(super) fn of_rules<'a>(chart: &'a Chart, plot: &'a Plot) -> impl Iterator<Item = ShownValue> + 'a {
    chart.rules.iter().map(|rule| ShownValue { x: plot.right, y: plot.up(rule.y), text: rule.note.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::axis::Axis;

    fn note(x: f64, of_run: bool) -> Note {
        Note { x, y: 0.5, of_run, text: format!("{x}") }
    }

    #[test]
    fn values_stand_from_left_to_right_and_runs_beside_their_means() {
        let mut series = Series::of("one", 0, Vec::new());
        series.notes = vec![note(2.0, false), note(1.0, false), note(1.0, true)];
        let chart = Chart::of(Axis::whole("", &[1.0, 2.0]), Axis::share("", &[0.0, 1.0]), vec![series]);
        let plot = Plot::new((&chart.x, &chart.y), (50, 0), (250, 100));
        let shown = of_series(&chart, &chart.series[0], &plot, 3);
        let places: Vec<i32> = shown.iter().map(|value| value.x).collect();
        let first = plot.across(1.0) + 3;
        assert_eq!(places, [first, first + DOTS_SHIFT, plot.across(2.0) + 3]);
        assert_eq!(shown[0].y, plot.up(0.5));
    }

    #[test]
    fn of_very_many_values_means_are_kept_before_runs() {
        let mut series = Series::of("one", 0, Vec::new());
        series.notes = (0..200).map(|x| note(f64::from(x), false)).collect();
        series.notes.extend((0..900).map(|x| note(f64::from(x) / 5.0, true)));
        let chart = Chart::of(Axis::whole("", &[0.0, 200.0]), Axis::share("", &[0.0, 1.0]), vec![series]);
        let plot = Plot::new((&chart.x, &chart.y), (50, 0), (250, 100));
        assert_eq!(of_series(&chart, &chart.series[0], &plot, 0).len(), MOST);
        assert_eq!(thinned(&[1, 2, 3, 4, 5], 3), [1, 3, 5]);
        assert_eq!((thinned(&[1, 2], 0), thinned(&[1, 2], 1), thinned(&[1], 3)), (vec![], vec![1], vec![1]));
    }
}
