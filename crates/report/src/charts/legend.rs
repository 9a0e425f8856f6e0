//! The legend below a plot, in as many columns as its names leave room for.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, Drawn, LEFT, WIDTH, put, write};
use super::chart::Chart;
use super::markers::draw_marker;
use super::palette::{DOTTED, INK, line};
use super::text::{fitted, width};

/// Pixels of a row.
const ROW: i32 = 22;
/// Pixels of a sample line.
const SAMPLE: i32 = 30;
/// Pixels from an entry's left to its name.
const NAME: i32 = 38;
/// Pixels between columns.
const GAP: i32 = 16;
/// Columns at most.
const COLUMNS: usize = 3;
/// Pixels of all columns.
const ROOM: i32 = WIDTH - LEFT - 6;

/// One name with a sample of its look.
pub(super) struct Entry {
    /// What the look stands for.
    pub(super) name: String,
    /// Decides hue, marker and dash; `None` of a dotted line.
    pub(super) slot: Option<usize>,
    /// Whether it has a line.
    lined: bool,
    /// Whether it has markers.
    marked: bool,
}

/// The entries of a chart's series.
pub(super) fn of_series(chart: &Chart) -> impl Iterator<Item = Entry> + '_ {
    chart.series.iter().map(|series| Entry {
        name: series.label(),
        slot: Some(series.slot),
        lined: chart.joined,
        marked: true,
    })
}

/// The entries of all other lines.
pub(super) fn of_lines(chart: &Chart) -> impl Iterator<Item = Entry> + '_ {
    let line = |name: &str, slot| Entry { name: name.to_owned(), slot, lined: true, marked: false };
    let rules = chart.rules.iter().map(move |rule| line(&rule.name, Some(rule.slot)));
    rules.chain(chart.guides.iter().map(move |guide| line(&guide.name, None)))
}

/// Pixels of a legend from top to bottom.
pub(super) fn height(entries: &[Entry]) -> i32 {
    entries.len().div_ceil(columns(entries)) as i32 * ROW
}

/// The most columns that hold all names whole.
fn columns(entries: &[Entry]) -> usize {
    let widest = entries.iter().map(|entry| NAME + width(&entry.name)).max().unwrap_or(0);
    (2..=COLUMNS).rev().find(|columns| widest <= column(*columns)).unwrap_or(1)
}

/// Pixels of a column without the gap after it.
fn column(columns: usize) -> i32 {
    (ROOM + GAP) / columns as i32 - GAP
}

/// Draws a legend from its upper edge on.
pub(super) fn draw(area: &Area<'_>, entries: &[Entry], top: i32) -> Drawn {
    let columns = columns(entries);
    let names = fitted(entries.iter().map(|entry| entry.name.as_str()), column(columns) - NAME, 1);
    for (place, entry) in entries.iter().enumerate() {
        let x = LEFT + (place % columns) as i32 * (column(columns) + GAP);
        let y = top + (place / columns) as i32 * ROW + ROW / 2;
        draw_entry(area, entry, (x, y))?;
        write(area, &names[entry.name.as_str()].join(" "), (x + NAME, y), &INK, HPos::Left, VPos::Center)?;
    }
    Ok(())
}

fn draw_entry(area: &Area<'_>, entry: &Entry, (x, y): (i32, i32)) -> Drawn {
    if entry.lined {
        let style = entry.slot.map_or(DOTTED, line).stroke_width(2);
        put(area, &PathElement::new([(x, y), (x + SAMPLE, y)], style))?;
    }
    match entry.slot.filter(|_| entry.marked) {
        Some(slot) => draw_marker(area, slot, (x + SAMPLE / 2, y)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry { name: name.to_owned(), slot: Some(0), lined: true, marked: true }
    }

    #[test]
    fn names_decide_how_many_columns_there_are() {
        let rows = |names: &[&str]| height(&names.iter().map(|name| entry(name)).collect::<Vec<_>>()) / ROW;
        assert_eq!(rows(&["one", "two", "three"]), 1);
        assert_eq!(rows(&["model_5 · block5 · rank 5", "two"]), 1);
        assert_eq!(rows(&["model_5 · block5_conv1 · rank 5", "two", "three"]), 3);
        assert_eq!(rows(&[]), 0);
    }
}
