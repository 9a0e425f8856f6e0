//! Accuracy by layers and rank as a map, where there are several of both.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::analysis::Configuration;
use crate::error::{Error, Result};
use crate::words::format::{NONE, percent};

use super::canvas::{RIGHT, WIDTH, put, write};
use super::figure::Figure;
use super::palette::{GRID, INK, MUTED, marker};
use super::scope::ChartScope;
use super::shortened::shortened;

const TOP: i32 = 12;
const ROW: i32 = 46;
const BELOW: i32 = 54;
/// Letters of a choice of layers.
const LETTERS: usize = 24;

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
    let drawing = draw(&map).map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    Ok(Some(Figure {
        file_name,
        title: scope.title("Test accuracy by layers and rank"),
        description: map.describe(),
        caption: "Percent of test cells; darker is higher, from the lowest to the highest of the map."
            .to_owned(),
        drawing,
    }))
}

fn draw(map: &Map<'_>) -> std::result::Result<String, String> {
    let names = shortened(map.layers.iter().copied(), LETTERS);
    let letters = map.layers.iter().map(|name| name.chars().count().min(LETTERS)).max().unwrap_or(0);
    let left = letters as i32 * 8 + 20;
    let bottom = TOP + ROW * map.layers.len() as i32;
    let column = (WIDTH - RIGHT - left) / map.ranks.len() as i32;
    let known: Vec<f64> = map.accuracies.iter().flatten().flatten().copied().collect();
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (row, (layers, accuracies)) in map.layers.iter().zip(&map.accuracies).enumerate() {
            let top = TOP + ROW * row as i32;
            let middle = top + ROW / 2;
            write(&area, &names[layers], (left - 10, middle), &INK, HPos::Right, VPos::Center)?;
            for (place, accuracy) in accuracies.iter().enumerate() {
                let from = left + column * place as i32;
                let corners = [(from + 1, top + 1), (from + column - 1, top + ROW - 1)];
                if let Some(accuracy) = accuracy {
                    let height = if most > least { (accuracy - least) / (most - least) } else { 0.5 };
                    put(&area, &Rectangle::new(corners, marker(0).mix(0.06 + 0.4 * height).filled()))?;
                } else {
                    put(&area, &Rectangle::new(corners, GRID.stroke_width(1)))?;
                }
                let text = accuracy.map_or_else(|| NONE.to_owned(), percent);
                write(&area, &text, (from + column / 2, middle), &INK, HPos::Center, VPos::Center)?;
            }
        }
        for (place, rank) in map.ranks.iter().enumerate() {
            let x = left + column * place as i32 + column / 2;
            write(&area, &rank.to_string(), (x, bottom + 8), &MUTED, HPos::Center, VPos::Top)?;
        }
        let middle = (left + WIDTH - RIGHT) / 2;
        write(&area, "rank", (middle, bottom + 29), &MUTED, HPos::Center, VPos::Top)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(svg)
}
