//! The strip of errors per patient: who is called wrongly by which configuration.

use std::collections::BTreeMap;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::cells::TestCells;
use crate::error::{Error, Result};
use crate::format::{count, percent};
use crate::table::Figure;

use super::drawing::{RIGHT, WIDTH, put, shortened, write};
use super::theme::{BAND, INK, MUTED, marker};
use super::{Shown, leading, which};

const FILE_NAME: &str = "errors-by-patient.svg";
/// Patients side by side.
const PATIENTS: usize = 60;
const LEFT: i32 = 14;
const TOP: i32 = 10;
const ROW: i32 = 42;
const BELOW: i32 = 30;
const LETTERS: usize = 62;

/// A configuration's name and its share of wrong calls by patient.
type Row<'a> = (&'a str, BTreeMap<&'a str, f64>);

/// The strip of the leading configurations; `None` where patients or errors are missing.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(shown: &Shown<'_>) -> Result<Option<Figure>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (group, _) in leading(shown.groups) {
        let place = shown.groups.iter().position(|other| other.runs == group.runs);
        if let Some(Ok(cells)) = place.map(|place| &shown.measured[place].cells) {
            rows.push((&group.name, shares(cells)));
        }
    }
    let worst = worst_first(&rows);
    let tested =
        rows.iter().flat_map(|(_, shares)| shares.keys()).collect::<std::collections::BTreeSet<_>>().len();
    if worst.is_empty() || tested < 2 {
        return Ok(None);
    }
    let drawn = &worst[..worst.len().min(PATIENTS)];
    let drawing = draw(&rows, drawn).map_err(|reason| Error::Chart { name: FILE_NAME.to_owned(), reason })?;
    let title = "Errors by patient";
    let extent = if drawn.len() < worst.len() {
        format!("The {} with most errors of {} with any", count(drawn.len(), "patient"), worst.len())
    } else {
        format!("The {} with any error", count(worst.len(), "patient"))
    };
    let average = |patient: &str| rows.iter().filter_map(|(_, shares)| shares.get(patient)).sum::<f64>();
    let highest = average(drawn[0]) / rows.len() as f64;
    Ok(Some(Figure {
        file_name: FILE_NAME.to_owned(),
        title: title.to_owned(),
        description: format!(
            "{title}: {} with any error of {tested}; most in {}, {} % of its cells over {}.",
            count(worst.len(), "patient"),
            drawn[0],
            percent(highest),
            count(rows.len(), "configuration")
        ),
        caption: format!(
            "{extent}, of {tested} tested, worst first, for {}. The darker, the larger the share of the patient's cells \
             that are called wrongly; a column dark in every row is a patient that is hard for all.",
            which(shown.groups)
        ),
        drawing,
    }))
}

/// Share of wrong calls of each patient, averaged over repeats.
fn shares(cells: &TestCells) -> BTreeMap<&str, f64> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (patient, right) in cells.patients.iter().zip(&cells.correctness) {
        let (wrong, all) = sums.entry(patient).or_default();
        *wrong += 1.0 - right;
        *all += 1.0;
    }
    sums.into_iter().map(|(patient, (wrong, all))| (patient, wrong / all)).collect()
}

/// Patients with any error, by the sum of their shares, then by name.
fn worst_first<'a>(rows: &[Row<'a>]) -> Vec<&'a str> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (patient, share) in rows.iter().flat_map(|(_, shares)| shares) {
        *sums.entry(patient).or_default() += share;
    }
    let mut patients: Vec<(&str, f64)> = sums.into_iter().filter(|(_, sum)| *sum > 0.0).collect();
    patients.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    patients.into_iter().map(|(patient, _)| patient).collect()
}

fn draw(rows: &[Row<'_>], patients: &[&str]) -> std::result::Result<String, String> {
    let bottom = TOP + ROW * rows.len() as i32;
    let width = WIDTH - RIGHT - LEFT;
    let most = rows.iter().flat_map(|(_, shares)| shares.values()).copied().fold(0.0, f64::max);
    let names = shortened(rows.iter().map(|(name, _)| *name), LETTERS);
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + BELOW) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (row, (name, shares)) in rows.iter().enumerate() {
            let top = TOP + ROW * row as i32;
            write(&area, &names[name], (LEFT, top + 9), &INK, HPos::Left, VPos::Center)?;
            put(
                &area,
                &Rectangle::new([(LEFT, top + 19), (LEFT + width, top + 37)], BAND.mix(0.4).filled()),
            )?;
            for (place, patient) in patients.iter().enumerate() {
                let edge = |place: usize| LEFT + width * place as i32 / patients.len() as i32;
                let share = shares.get(patient).copied().unwrap_or(0.0);
                if share > 0.0 {
                    let colour = marker(0).mix(0.2 + 0.8 * share / most);
                    let corners = [(edge(place), top + 19), (edge(place + 1) - 1, top + 37)];
                    put(&area, &Rectangle::new(corners, colour.filled()))?;
                }
            }
        }
        write(&area, "patients, worst first", (LEFT, bottom + 8), &MUTED, HPos::Left, VPos::Top)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_with_errors_come_first_and_those_without_do_not_come() {
        let row = |shares: &[(&'static str, f64)]| ("name", shares.iter().copied().collect());
        let rows = [
            row(&[("a", 0.0), ("b", 0.2), ("c", 0.2), ("d", 0.1)]),
            row(&[("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", 0.4)]),
        ];
        assert_eq!(worst_first(&rows), ["d", "b", "c"]);
    }
}
