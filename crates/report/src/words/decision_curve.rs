//! Decision curves in words.

use ranklab_settings::Nouns;
use ranklab_stats::{DecisionCurve, NetBenefit};

use crate::analysis::Analysis;

use super::clinical_part::{ClinicalPart, name, prevalence, shown};
use super::format::NONE;
use super::table::{Cell, Column, Table};

/// Threshold probabilities of the table, in percent.
const LISTED: [u8; 4] = [5, 10, 20, 50];

/// The least net benefit that is one: less is rounding.
const LEAST: f64 = 1e-9;

/// The part on decision curves.
pub(super) fn part(analysis: &Analysis) -> ClinicalPart {
    let curves: Vec<(&str, &DecisionCurve)> =
        shown(analysis).filter_map(|one| Some((name(analysis, one), one.decision_curve.as_ref()?))).collect();
    let notes = curves.iter().map(|(name, curve)| useful(name, curve, &analysis.nouns)).collect();
    let table = (!curves.is_empty()).then(|| table(analysis, &curves));
    ClinicalPart { title: "Decision curve".to_owned(), notes, table }
}

/// Where acting on the probabilities is worth more than treating all or none.
fn useful(name: &str, DecisionCurve { points, .. }: &DecisionCurve, nouns: &Nouns) -> String {
    let images = &nouns.image.many;
    let percent = |point: &NetBenefit| format!("{:.0}", point.threshold * 100.0);
    let ends = |points: &[&NetBenefit]| match points {
        [only] => format!("{} %", percent(only)),
        [first, .., last] => format!("{} to {} %", percent(first), percent(last)),
        [] => NONE.to_owned(),
    };
    let all: Vec<&NetBenefit> = points.iter().collect();
    let worth: Vec<&NetBenefit> =
        points.iter().filter(|point| point.model > point.treat_all.max(0.0) + LEAST).collect();
    let more = "worth more than treating all or none";
    match worth.len() {
        0 => {
            format!(
                "On these test {images}, {name} is {more} at no threshold probability from {}.",
                ends(&all)
            )
        }
        found if found == all.len() => {
            format!(
                "On these test {images}, {name} is {more} at every threshold probability from {}.",
                ends(&all)
            )
        }
        found => format!(
            "On these test {images}, {name} is {more} at {found} of {} threshold probabilities from {}, all within {}.",
            all.len(),
            ends(&all),
            ends(&worth)
        ),
    }
}

fn table(analysis: &Analysis, curves: &[(&str, &DecisionCurve)]) -> Table {
    let positive = analysis.class_names.positive_word();
    let Nouns { image, .. } = &analysis.nouns;
    let (one, images) = (image.with_article(), &image.many);
    let caption = format!(
        "Net benefit per 1,000 {images} of which {} are {positive}: true positives less false positives times the odds of the \
         threshold probability, from which on acting on {one} is worth its harm. Treating none is worth 0. Probabilities are \
         carried over from the test set's share of {positive} {images} to this prevalence by Bayes' theorem, and so hold as far as \
         they are calibrated. Networks of several runs are averaged. The curves have no intervals: differences between \
         configurations here are descriptive.",
        prevalence(&analysis.options)
    );
    let mut columns = vec![Column::text("configuration")];
    columns.extend(LISTED.map(|percent| Column::number(&format!("threshold {percent} %"))));
    let row = |name: &str, curve: &DecisionCurve, of: fn(&NetBenefit) -> f64| {
        let at = |percent: u8| {
            let wanted = f64::from(percent) / 100.0;
            let point = curve.points.iter().find(|point| (point.threshold - wanted).abs() < 1e-9);
            point.map_or_else(|| NONE.into(), |point| Cell::ordered(per_thousand(of(point)), of(point)))
        };
        let mut cells: Vec<Cell> = vec![name.into()];
        cells.extend(LISTED.map(at));
        cells
    };
    let mut rows: Vec<Vec<Cell>> =
        curves.iter().map(|(name, curve)| row(name, curve, |point| point.model)).collect();
    // Of all test sets the same: it depends on the prevalence alone.
    rows.extend(curves.first().map(|(_, curve)| row("treat all", curve, |point| point.treat_all)));
    Table { caption, columns, rows }
}

/// Of a thousand cells, to a tenth: `93.1`, `−12.0`.
fn per_thousand(share: f64) -> String {
    let digits = format!("{:.1}", (share * 1000.0).abs());
    if share < 0.0 && digits != "0.0" { format!("−{digits}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn the_curve_stands_beside_treating_all() {
        let part = part(&analyse(&fixture::ranks()).unwrap());
        let table = part.table.unwrap();
        let texts: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!(texts[2], ["treat all", "52.6", "0.0", "−125.0", "−800.0"]);
        assert_eq!((texts.len(), texts[0][0], texts[0].len()), (3, "model_4", 5));
        assert!(
            part.notes[0]
                .starts_with("On these test cells, model_4 is worth more than treating all or none at")
        );
    }

    #[test]
    fn where_a_curve_is_worth_something_is_said() {
        let point = |percent: u8, model: f64| NetBenefit {
            threshold: f64::from(percent) / 100.0,
            model,
            treat_all: 0.05 - 0.01 * f64::from(percent),
        };
        let curve = |benefits: [f64; 3]| DecisionCurve {
            prevalence: 0.05,
            points: (1..=3).zip(benefits).map(|(percent, model)| point(percent, model)).collect(),
        };
        let tell = |benefits| useful("A", &curve(benefits), &Nouns::default());
        let start = "On these test cells, A is worth more than treating all or none";
        assert_eq!(tell([0.05; 3]), format!("{start} at every threshold probability from 1 to 3 %."));
        assert_eq!(tell([0.01; 3]), format!("{start} at no threshold probability from 1 to 3 %."));
        assert_eq!(
            tell([0.01, 0.035, 0.01]),
            format!("{start} at 1 of 3 threshold probabilities from 1 to 3 %, all within 2 %.")
        );
        assert_eq!((per_thousand(-0.000_01), per_thousand(-0.0125)), ("0.0".into(), "−12.5".into()));
    }
}
