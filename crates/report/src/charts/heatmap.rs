//! Accuracy by layers and rank as a map, where there are several of both.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::analysis::Configuration;
use crate::error::{Error, Result};
use crate::words::format::{NONE, percent};

use super::axes::draw_title_below;
use super::canvas::{Area, BELOW, Drawing, Drawn, RIGHT, WIDTH, put, write};
use super::figure::{Figure, ShownValue};
use super::labels::spaced;
use super::palette::{GRID, INK, MUTED, marker};
use super::scope::ChartScope;
use super::shown::{MOST, thinned};
use super::text::{LINE, fitted, width};

const TOP: i32 = 12;
const ROW: i32 = 46;
/// Pixels of a line of a choice of layers.
const NAMES: i32 = 130;
/// Pixels between texts side by side.
const GAP: i32 = 6;

/// Accuracies by layers and rank.
struct Map<'a> {
    layers: Vec<&'a str>,
    ranks: Vec<i64>,
    /// Rows of layers, columns of ranks.
    accuracies: Vec<Vec<Option<f64>>>,
}

impl<'a> Map<'a> {
    /// The map of the configurations that share everything but layers and rank, of most such configurations; `None`
    /// with one choice of either.
    fn of(configurations: &[&'a Configuration]) -> Option<Self> {
        /// Layers, rank and accuracy.
        type Cell<'a> = (&'a str, i64, f64);
        let mut families: Vec<(&str, Vec<Cell<'_>>)> = Vec::new();
        for one in configurations {
            let start = &one.start;
            let (Some(layers), Some(rank), Some(accuracy)) = (&start.layers, start.rank, one.accuracy())
            else {
                continue;
            };
            let family = one.without_rank_and_layers.as_str();
            let cell = (layers.as_str(), rank, accuracy);
            match families.iter_mut().find(|(known, _)| *known == family) {
                Some((_, cells)) => cells.push(cell),
                None => families.push((family, vec![cell])),
            }
        }
        let cells = families.into_iter().map(|(_, cells)| cells).max_by_key(Vec::len)?;
        let mut layers: Vec<&str> = Vec::new();
        let mut ranks: Vec<i64> = cells.iter().map(|cell| cell.1).collect();
        ranks.sort_unstable();
        ranks.dedup();
        for (name, ..) in &cells {
            if !layers.contains(name) {
                layers.push(name);
            }
        }
        if layers.len() < 2 || ranks.len() < 2 {
            return None;
        }
        let accuracy = |name: &str, rank: i64| {
            cells.iter().find(|cell| cell.0 == name && cell.1 == rank).map(|cell| cell.2)
        };
        let accuracies =
            layers.iter().map(|name| ranks.iter().map(|rank| accuracy(name, *rank)).collect()).collect();
        Some(Self { layers, ranks, accuracies })
    }

    fn describe(&self) -> String {
        let mut text = "Test accuracy in percent.".to_owned();
        for (layers, row) in self.layers.iter().zip(&self.accuracies) {
            for (rank, accuracy) in self.ranks.iter().zip(row) {
                if let Some(accuracy) = accuracy {
                    text += &format!(" {layers} at rank {rank}: {}.", percent(*accuracy));
                }
            }
        }
        text
    }
}

/// The map; `None` with one choice of layers or one rank.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(scope: &ChartScope<'_>) -> Result<Option<Figure>> {
    let Some(map) = Map::of(&scope.configurations) else { return Ok(None) };
    let file_name = scope.file_name("layers-by-rank");
    let (drawing, values) = draw(&map).map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    Ok(Some(Figure {
        file_name,
        title: scope.title("Test accuracy by layers and rank"),
        description: map.describe(),
        caption: format!(
            "Percent of test {}; a stronger colour is higher, from the lowest to the highest of the map.",
            scope.analysis.nouns.image.many
        ),
        drawing,
        values,
    }))
}

/// The longest form of the accuracies that fits a column; nothing where none does.
fn written(known: &[f64], column: i32) -> Option<fn(f64) -> String> {
    let forms: [fn(f64) -> String; 2] = [percent, |share| format!("{:.1}", share * 100.0)];
    forms.into_iter().find(|form| known.iter().all(|share| width(&form(*share)) + GAP <= column))
}

fn draw(map: &Map<'_>) -> std::result::Result<Drawing, String> {
    let names = fitted(map.layers.iter().copied(), NAMES, 2);
    let left = names.values().flatten().map(|line| width(line)).max().unwrap_or(0) + 20;
    let bottom = TOP + ROW * map.layers.len() as i32;
    let column = (WIDTH - RIGHT - left) / map.ranks.len() as i32;
    let known: Vec<f64> = map.accuracies.iter().flatten().flatten().copied().collect();
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let text = written(&known, column);
    let mut values = Vec::new();
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (row, (layers, accuracies)) in map.layers.iter().zip(&map.accuracies).enumerate() {
            let top = TOP + ROW * row as i32;
            let middle = top + ROW / 2;
            draw_name(&area, &names[layers], (left - 10, middle))?;
            for (place, accuracy) in accuracies.iter().enumerate() {
                let from = left + column * place as i32;
                let corners = [(from + 1, top + 1), (from + column - 1, top + ROW - 1)];
                let centre = (from + column / 2, middle);
                if let Some(accuracy) = accuracy {
                    let height = if most > least { (accuracy - least) / (most - least) } else { 0.5 };
                    put(&area, &Rectangle::new(corners, marker(0).mix(0.06 + 0.4 * height).filled()))?;
                    let text = format!("{layers} at rank {}: {} %", map.ranks[place], percent(*accuracy));
                    values.push(ShownValue { x: centre.0, y: centre.1, text });
                } else {
                    put(&area, &Rectangle::new(corners, GRID.stroke_width(1)))?;
                }
                let Some(form) = text else { continue };
                let text = accuracy.map_or_else(|| NONE.to_owned(), form);
                write(&area, &text, centre, &INK, HPos::Center, VPos::Center)?;
            }
        }
        draw_ranks(&area, &map.ranks, (left, column), bottom)?;
        draw_title_below(&area, "rank", (left, left + column * map.ranks.len() as i32), bottom)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok((svg, thinned(&values, MOST)))
}

fn draw_name(area: &Area<'_>, lines: &[String], (right, middle): (i32, i32)) -> Drawn {
    let first = middle - (lines.len() as i32 - 1) * LINE / 2;
    lines.iter().enumerate().try_for_each(|(line, text)| {
        write(area, text, (right, first + line as i32 * LINE), &INK, HPos::Right, VPos::Center)
    })
}

fn draw_ranks(area: &Area<'_>, ranks: &[i64], (left, column): (i32, i32), bottom: i32) -> Drawn {
    let texts: Vec<String> = ranks.iter().map(i64::to_string).collect();
    let middle = |place: usize| left + column * place as i32 + column / 2;
    let wanted: Vec<(i32, i32)> =
        texts.iter().enumerate().map(|(place, text)| (middle(place), width(text))).collect();
    let places = spaced(&wanted, (left, WIDTH), GAP);
    texts
        .iter()
        .zip(places)
        .filter_map(|(text, x)| Some((text, x?)))
        .try_for_each(|(text, x)| write(area, text, (x, bottom + 16), &MUTED, HPos::Center, VPos::Center))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(layers: &[&'static str], ranks: i64) -> Map<'static> {
        let row = (0..ranks).map(|rank| (rank != 1).then_some(0.9 + 0.001 * rank as f64)).collect::<Vec<_>>();
        Map { layers: layers.to_vec(), ranks: (1..=ranks).collect(), accuracies: vec![row; layers.len()] }
    }

    #[test]
    fn accuracies_are_written_as_long_as_columns_are_wide_enough() {
        let layers = ["block5_conv1+block5_conv2+block5_conv3", "block5"];
        let drawn = |ranks: i64| draw(&map(&layers, ranks)).unwrap();
        assert!(drawn(4).0.contains("\n90.00\n"));
        assert!(drawn(10).0.contains("\n90.0\n"));
        assert!(!drawn(30).0.contains("\n90.0"));
        let (_, values) = drawn(4);
        assert_eq!(values.len(), 6, "no value where there is no configuration");
        assert_eq!(values[3].text, "block5 at rank 1: 90.00 %");
    }
}
