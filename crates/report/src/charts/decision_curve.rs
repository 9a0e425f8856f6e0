//! Decision curves: net benefit over threshold probabilities, beside treating all and treating none.

use ranklab_stats::{DecisionCurve, NetBenefit};

use crate::analysis::{Analysis, ClinicalSet};
use crate::error::Result;
use crate::words::test_sets::names;

use super::axis::Axis;
use super::chart::{Chart, Guide, Note, Point, Series, reach};
use super::draft::{Draft, finish};
use super::figure::Figure;
use super::shown::thinned;

/// Cells that net benefits are told of.
const CELLS: f64 = 1000.0;
/// Places of a curve that can be pointed at.
const PLACES: usize = 20;
/// Heading of the chart.
const TITLE: &str = "Net benefit by threshold probability";

/// The decision curves of each test set.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn decision_curves(analysis: &Analysis) -> Result<Vec<Figure>> {
    let names = names(analysis);
    let of = |set: &ClinicalSet| draft(analysis, set, &names[set.test_set]);
    analysis.clinical.iter().filter_map(of).map(finish).collect()
}

fn draft(analysis: &Analysis, set: &ClinicalSet, name: &str) -> Option<Draft> {
    let curves: Vec<(&str, &DecisionCurve)> = set
        .configurations
        .iter()
        .filter_map(|one| {
            let name = &analysis.configurations[one.configuration].name;
            Some((name.as_str(), one.decision_curve.as_ref()?))
        })
        .collect();
    let (_, first) = curves.first()?;
    let images = &analysis.nouns.image.many;
    // Below treating none a curve has nothing more to say, and would take the room of the rest.
    let height = |benefit: f64| benefit.max(0.0) * CELLS;
    let series: Vec<Series> = curves
        .iter()
        .enumerate()
        .map(|(slot, (name, curve))| {
            let point = |of: &NetBenefit| Point { x: of.threshold, y: height(of.model), bar: None };
            let note = |of: NetBenefit| Note {
                text: format!(
                    "{name}, at threshold probability {:.3}: net benefit {} per 1,000 {images}",
                    of.threshold,
                    signed(of.model * CELLS)
                ),
                ..Note::of_mean(of.threshold, height(of.model))
            };
            let notes = thinned(&curve.points, PLACES).into_iter().map(note).collect();
            Series { notes, ..Series::of(*name, slot, curve.points.iter().map(point).collect()) }
        })
        .collect();
    let thresholds: Vec<f64> = first.points.iter().map(|point| point.threshold).collect();
    let (start, end) = (*thresholds.first()?, *thresholds.last()?);
    let all = first.points.iter().filter(|point| point.treat_all > 0.0);
    let mut path: Vec<(f64, f64)> = all.map(|point| (point.threshold, height(point.treat_all))).collect();
    // Treating all breaks even where the threshold is the prevalence.
    if (start..=end).contains(&first.prevalence) {
        path.push((first.prevalence, 0.0));
    }
    let guides = vec![
        Guide { name: "treat all".to_owned(), path },
        Guide { name: "treat none".to_owned(), path: vec![(start, 0.0), (end, 0.0)] },
    ];
    let heights: Vec<f64> =
        reach(&series).chain(guides.iter().flat_map(|guide| guide.path.iter().map(|(_, y)| *y))).collect();
    let several = analysis.test_sets.len() > 1;
    let number = set.test_set + 1;
    Some(Draft {
        file_name: if number > 1 {
            format!("decision-curve-{number}.svg")
        } else {
            "decision-curve.svg".to_owned()
        },
        title: if several { format!("{TITLE} · test set {number}: {name}") } else { TITLE.to_owned() },
        caption: format!(
            "The dotted lines treat all {images} and none. A net benefit below 0 is drawn at 0."
        ),
        chart: Chart {
            guides,
            marked: false,
            panelled: true,
            ..Chart::of(
                Axis::part("threshold probability, %", (0.0, end)),
                Axis::amount(&format!("net benefit, true positives per 1,000 {images}"), &heights),
                series,
            )
        },
    })
}

/// A net benefit with one decimal, and with a proper minus where it is negative.
fn signed(benefit: f64) -> String {
    format!("{benefit:.1}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn curves_stand_beside_treating_all_and_none() {
        let figures = decision_curves(&analyse(&fixture::ranks()).unwrap()).unwrap();
        let [figure] = figures.as_slice() else { panic!("{}", figures.len()) };
        assert_eq!((figure.file_name.as_str(), figure.title.as_str()), ("decision-curve.svg", TITLE));
        assert!(
            figure.description.ends_with(" Dotted: treat all. Dotted: treat none."),
            "{}",
            figure.description
        );
        assert!(figure.description.contains("model_4: ") && figure.description.contains("rank 5: "));
    }

    #[test]
    fn each_test_set_has_its_own_and_any_prevalence_draws() {
        let mut data = fixture::both_splits(40, 400);
        for prevalence in [0.0001, 0.005, 0.5, 0.9999] {
            data.options.prevalence = prevalence;
            let figures = decision_curves(&analyse(&data).unwrap()).unwrap();
            let names: Vec<&str> = figures.iter().map(|figure| figure.file_name.as_str()).collect();
            assert_eq!(names, ["decision-curve.svg", "decision-curve-2.svg"]);
            assert!(figures[0].title.contains("patient split, 4,000 cells"), "{}", figures[0].title);
        }
    }

    #[test]
    fn without_cells_there_is_no_curve() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        assert!(decision_curves(&analyse(&data).unwrap()).unwrap().is_empty());
    }
}
