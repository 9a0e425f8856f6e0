//! The strip of errors per patient: who is called wrongly by which configuration.

use std::collections::BTreeMap;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use ranklab_settings::{Nouns, Words};

use crate::analysis::PatientErrors;
use crate::error::{Error, Result};
use crate::words::format::{count, count_of, percent};

use super::canvas::{Drawing, RIGHT, WIDTH, put, write};
use super::figure::{Figure, ShownValue};
use super::palette::{BAND, INK, MUTED, marker};
use super::scope::ChartScope;
use super::shown::{MOST, thinned};
use super::text::fitted;

/// Patients side by side.
const PATIENTS: usize = 60;
const LEFT: i32 = 14;
const TOP: i32 = 10;
const ROW: i32 = 42;
const FOOT: i32 = 30;

/// A configuration's name and its wrong calls by patient.
struct Row<'a> {
    name: &'a str,
    errors: &'a PatientErrors,
}

/// The strip of the leading configurations; `None` where patients or errors are missing.
///
/// # Errors
/// When plotters cannot draw.
pub(super) fn figure(scope: &ChartScope<'_>) -> Result<Option<Figure>> {
    let name = |id: usize| scope.analysis.configurations[id].name.as_str();
    let of = &scope.charted.patient_errors;
    let rows: Vec<Row<'_>> =
        of.iter().map(|errors| Row { name: name(errors.configuration), errors }).collect();
    let worst = worst_first(&rows);
    let tested =
        rows.iter().flat_map(|row| row.errors.shares.keys()).collect::<std::collections::BTreeSet<_>>().len();
    if worst.is_empty() || tested < 2 {
        return Ok(None);
    }
    let drawn = &worst[..worst.len().min(PATIENTS)];
    let Nouns { group, .. } = &scope.analysis.nouns;
    let Words { group: one, images, .. } = scope.analysis.nouns.words();
    let title = scope.title(&format!("Errors by {one}"));
    let file_name = scope.file_name("errors-by-patient");
    let (drawing, values) = draw(&rows, drawn, &scope.analysis.nouns)
        .map_err(|reason| Error::Chart { name: file_name.clone(), reason })?;
    let extent = if drawn.len() < worst.len() {
        format!("The {} with most errors of {} with any", count_of(drawn.len(), group), worst.len())
    } else {
        format!("The {} with any error", count_of(worst.len(), group))
    };
    let average = |patient: &str| rows.iter().filter_map(|row| row.errors.shares.get(patient)).sum::<f64>();
    let highest = average(drawn[0]) / rows.len() as f64;
    Ok(Some(Figure {
        file_name,
        description: format!(
            "{title}: {} with any error of {tested}; most in {}, {} % of its {images} over {}.",
            count_of(worst.len(), group),
            drawn[0],
            percent(highest),
            count(rows.len(), "configuration")
        ),
        caption: format!(
            "{extent}, of {tested} tested, worst first, for {}. A stronger colour: a larger share of the {one}'s {images} is \
             called wrongly. A column that is strong in every row is {} that is hard for every configuration.",
            scope.which(),
            group.with_article()
        ),
        title,
        drawing,
        values,
    }))
}

/// Patients with any error, by the sum of their shares, then by name.
fn worst_first<'a>(rows: &[Row<'a>]) -> Vec<&'a str> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (patient, share) in rows.iter().flat_map(|row| row.errors.shares.iter()) {
        *sums.entry(patient).or_default() += share;
    }
    let mut patients: Vec<(&str, f64)> = sums.into_iter().filter(|(_, sum)| *sum > 0.0).collect();
    patients.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    patients.into_iter().map(|(patient, _)| patient).collect()
}

fn draw(rows: &[Row<'_>], patients: &[&str], nouns: &Nouns) -> std::result::Result<Drawing, String> {
    let bottom = TOP + ROW * rows.len() as i32;
    let width = WIDTH - RIGHT - LEFT;
    let most = rows.iter().flat_map(|row| row.errors.shares.values()).copied().fold(0.0, f64::max);
    let names = fitted(rows.iter().map(|row| row.name), width, 1);
    let mut values = Vec::new();
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, (bottom + FOOT) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (place, row) in rows.iter().enumerate() {
            let top = TOP + ROW * place as i32;
            write(&area, &names[row.name].join(" "), (LEFT, top + 9), &INK, HPos::Left, VPos::Center)?;
            put(
                &area,
                &Rectangle::new([(LEFT, top + 19), (LEFT + width, top + 37)], BAND.mix(0.4).filled()),
            )?;
            let mut of_row = Vec::new();
            for (place, patient) in patients.iter().enumerate() {
                let edge = |place: usize| LEFT + width * place as i32 / patients.len() as i32;
                let Some(share) = row.errors.shares.get(*patient).filter(|share| **share > 0.0) else {
                    continue;
                };
                let colour = marker(0).mix(0.2 + 0.8 * share / most);
                let corners = [(edge(place), top + 19), (edge(place + 1) - 1, top + 37)];
                put(&area, &Rectangle::new(corners, colour.filled()))?;
                let x = (edge(place) + edge(place + 1)) / 2;
                of_row.push(ShownValue { x, y: top + 28, text: row.note(patient, *share, nouns) });
            }
            values.extend(thinned(&of_row, MOST / rows.len()));
        }
        write(
            &area,
            &format!("{}, worst first", nouns.group.many),
            (LEFT, bottom + 15),
            &MUTED,
            HPos::Left,
            VPos::Center,
        )?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok((svg, values))
}

impl Row<'_> {
    /// A patient's errors in words: `rank 5, patient C12: 1 of 5 cells called wrongly`.
    fn note(&self, patient: &str, share: f64, nouns: &Nouns) -> String {
        let named = format!("{}, {} {patient}", self.name, nouns.group.one);
        let Some(cells) = self.errors.cells.get(patient) else {
            return format!("{named}: {} % called wrongly", percent(share));
        };
        // Averaged over seeds it need not be whole.
        let wrong = share * *cells as f64;
        let whole = (wrong - wrong.round()).abs() < 0.05;
        let wrong = if whole { format!("{wrong:.0}") } else { format!("{wrong:.1}") };
        format!("{named}: {wrong} of {} called wrongly", count_of(*cells, &nouns.image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    fn errors(shares: [f64; 4]) -> PatientErrors {
        let named = |shares: [f64; 4]| ["a", "b", "c", "d"].map(str::to_owned).into_iter().zip(shares);
        PatientErrors {
            configuration: 0,
            shares: named(shares).collect(),
            cells: named(shares).map(|(name, _)| (name, 5)).collect(),
        }
    }

    #[test]
    fn patients_with_errors_come_first_and_those_without_do_not_come() {
        let (one, other) = (errors([0.0, 0.2, 0.2, 0.1]), errors([0.0, 0.0, 0.0, 0.4]));
        let rows = [Row { name: "one", errors: &one }, Row { name: "other", errors: &other }];
        assert_eq!(worst_first(&rows), ["d", "b", "c"]);
    }

    #[test]
    fn a_patient_s_errors_are_counted_in_cells() {
        let row = |errors| Row { name: "one", errors };
        let found = errors([0.2, 0.5, 0.0, 0.0]);
        let nouns = Nouns::default();
        assert_eq!(row(&found).note("a", 0.2, &nouns), "one, patient a: 1 of 5 cells called wrongly");
        assert_eq!(row(&found).note("b", 0.5, &nouns), "one, patient b: 2.5 of 5 cells called wrongly");
        let analysis = analyse(&fixture::ranks()).unwrap();
        let figure = figure(&ChartScope::new(&analysis, &analysis.charted[0], None)).unwrap().unwrap();
        assert_eq!(figure.values[0].text, "model_4, patient C12: 1 of 5 cells called wrongly");
    }
}
