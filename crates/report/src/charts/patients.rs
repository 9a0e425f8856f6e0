//! The strip of errors per patient: who is called wrongly by which configuration.

use std::collections::BTreeMap;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use crate::error::{Error, Result};
use crate::words::format::{count, percent};

use super::canvas::{RIGHT, WIDTH, put, write};
use super::figure::Figure;
use super::palette::{BAND, INK, MUTED, marker};
use super::scope::ChartScope;
use super::shortened::shortened;

/// Patients side by side.
const PATIENTS: usize = 60;
const LEFT: i32 = 14;
const TOP: i32 = 10;
const ROW: i32 = 42;
const BELOW: i32 = 30;
const LETTERS: usize = 62;

/// A configuration's name and its share of wrong calls by patient.
type Row<'a> = (&'a str, &'a BTreeMap<String, f64>);

/// The strip of the leading configurations; `None` where patients or errors are missing.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(scope: &ChartScope<'_>) -> Result<Option<Figure>> {
    let name = |id: usize| scope.analysis.configurations[id].name.as_str();
    let rows: Vec<Row<'_>> =
        scope.charted.patient_errors.iter().map(|one| (name(one.configuration), &one.shares)).collect();
    let worst = worst_first(&rows);
    let tested =
        rows.iter().flat_map(|(_, shares)| shares.keys()).collect::<std::collections::BTreeSet<_>>().len();
    if worst.is_empty() || tested < 2 {
        return Ok(None);
    }
    let drawn = &worst[..worst.len().min(PATIENTS)];
    let (file_name, title) = (scope.file_name("errors-by-patient"), scope.title("Errors by patient"));
    let drawing = draw(&rows, drawn).map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    let extent = if drawn.len() < worst.len() {
        format!("The {} with most errors of {} with any", count(drawn.len(), "patient"), worst.len())
    } else {
        format!("The {} with any error", count(worst.len(), "patient"))
    };
    let average = |patient: &str| rows.iter().filter_map(|(_, shares)| shares.get(patient)).sum::<f64>();
    let highest = average(drawn[0]) / rows.len() as f64;
    Ok(Some(Figure {
        file_name,
        description: format!(
            "{title}: {} with any error of {tested}; most in {}, {} % of its cells over {}.",
            count(worst.len(), "patient"),
            drawn[0],
            percent(highest),
            count(rows.len(), "configuration")
        ),
        caption: format!(
            "{extent}, of {tested} tested, worst first, for {}. Darker: a larger share of the patient's cells is called \
             wrongly. A column that is dark in every row is a patient that is hard for every configuration.",
            scope.which()
        ),
        title,
        drawing,
    }))
}

/// Patients with any error, by the sum of their shares, then by name.
fn worst_first<'a>(rows: &[Row<'a>]) -> Vec<&'a str> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (patient, share) in rows.iter().flat_map(|(_, shares)| shares.iter()) {
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
                let share = shares.get(*patient).copied().unwrap_or(0.0);
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
        let shares = |shares: [f64; 4]| -> BTreeMap<String, f64> {
            ["a", "b", "c", "d"].map(str::to_owned).into_iter().zip(shares).collect()
        };
        let (one, other) = (shares([0.0, 0.2, 0.2, 0.1]), shares([0.0, 0.0, 0.0, 0.4]));
        assert_eq!(worst_first(&[("one", &one), ("other", &other)]), ["d", "b", "c"]);
    }
}
