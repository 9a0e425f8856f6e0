//! Which charts a report has: accuracy against rank, layers and parameters, differences, curves.

use crate::analysis::{Analysis, Charted};
use crate::error::Result;
use crate::words::test_sets::names;

use super::curves::validation_overview;
use super::draft::{Draft, finish};
use super::figure::Figure;
use super::scope::ChartScope;
use super::{accuracy, forest, heatmap, parallel, pareto, patients, precision_recall, reliability, roc};

/// All charts across configurations.
pub(crate) struct Overview {
    /// The charts of each set of test cells.
    pub(crate) sets: Vec<SetFigures>,
    /// What stands above them; `None` where all show the same cells.
    pub(crate) note: Option<String>,
}

/// The charts of one set of test cells by what they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetFigures {
    /// Differences in accuracy.
    pub(crate) differences: Vec<Figure>,
    /// Accuracy against rank, layers, cost and settings.
    pub(crate) settings: Vec<Figure>,
    /// Curves of probabilities.
    pub(crate) probabilities: Vec<Figure>,
    /// Errors by patient.
    pub(crate) patients: Vec<Figure>,
    /// Learning curves of all configurations.
    pub(crate) learning: Vec<Figure>,
}

impl SetFigures {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Figure> {
        let Self { differences, settings, probabilities, patients, learning } = self;
        [differences, settings, probabilities, patients, learning].into_iter().flatten()
    }
}

/// The charts across configurations, those of each set of test cells apart; those that would show nothing are left
/// out.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn overview(analysis: &Analysis) -> Result<Overview> {
    let names = names(analysis);
    let of_set = |charted: &Charted| {
        let name = charted.test_set.map(|place| names[place].clone());
        of_scope(&ChartScope::new(analysis, charted, name))
    };
    let sets = analysis.charted.iter().map(of_set).collect::<Result<_>>()?;
    Ok(Overview { sets, note: note(analysis) })
}

/// What stands above the charts of several test sets.
fn note(analysis: &Analysis) -> Option<String> {
    let sets = analysis.test_sets.len();
    if sets < 2 {
        return None;
    }
    let rest = match sets.saturating_sub(analysis.charted.len()) {
        0 => String::new(),
        rest => format!(" {rest} more have no charts; report fewer runs to see them."),
    };
    Some(format!(
        "The runs were tested on {sets} sets of {}, whose figures do not compare: each chart shows one of them, named in \
         its title.{rest}",
        analysis.nouns.image.many
    ))
}

/// The charts of configurations that share them.
fn of_scope(scope: &ChartScope<'_>) -> Result<SetFigures> {
    let finished =
        |drafts: Vec<Option<Draft>>| drafts.into_iter().flatten().map(finish).collect::<Result<Vec<_>>>();
    let mut settings = finished(vec![accuracy::by_rank(scope), accuracy::by_layers(scope)])?;
    settings.extend(heatmap::figure(scope)?);
    settings.extend(finished(vec![pareto::by_parameters(scope), pareto::by_time(scope)])?);
    settings.extend(parallel::figure(scope)?);
    let curves = vec![roc::figure(scope), precision_recall::figure(scope), reliability::figure(scope)];
    Ok(SetFigures {
        differences: forest::figure(scope)?.into_iter().collect(),
        settings,
        probabilities: finished(curves)?,
        patients: patients::figure(scope)?.into_iter().collect(),
        learning: finished(vec![validation_overview(scope)])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn figures(data: &ReportData) -> Vec<Figure> {
        drawn(data).0
    }

    fn drawn(data: &ReportData) -> (Vec<Figure>, Option<String>) {
        let Overview { sets, note } = overview(&analyse(data).unwrap()).unwrap();
        (sets.iter().flat_map(SetFigures::all).cloned().collect(), note)
    }

    fn names(data: &ReportData) -> Vec<String> {
        figures(data).into_iter().map(|figure| figure.file_name).collect()
    }

    fn figure(data: &ReportData, name: &str) -> Figure {
        figures(data).into_iter().find(|figure| figure.file_name == name).unwrap()
    }

    #[test]
    fn a_sweep_of_ranks_has_all_charts() {
        let expected = [
            "differences.svg",
            "accuracy-by-rank.svg",
            "accuracy-by-parameters.svg",
            "roc.svg",
            "precision-recall.svg",
            "reliability.svg",
            "errors-by-patient.svg",
            "validation-accuracy.svg",
        ];
        assert_eq!(names(&fixture::ranks()), expected);
    }

    #[test]
    fn without_ranks_there_is_no_chart_of_them() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
        assert_eq!(
            names(&data),
            [
                "accuracy-by-parameters.svg",
                "roc.svg",
                "precision-recall.svg",
                "reliability.svg",
                "errors-by-patient.svg"
            ]
        );
    }

    #[test]
    fn choices_of_layers_at_one_rank_have_a_chart_of_their_own() {
        let mut data = fixture::ranks();
        for (run, layers) in data.runs.iter_mut().skip(1).zip(["block5_conv3", "block5", "block4+block5"]) {
            run.row.start.layers = Some(layers.into());
            (run.row.start.rank, run.row.start.ranks) = (Some(5), Some("5".into()));
        }
        assert!(!names(&data).contains(&"accuracy-by-rank.svg".to_owned()));
        assert!(
            figure(&data, "accuracy-by-layers.svg")
                .description
                .contains("model_5 · rank 5: 97.50 at block4+block5 to 96.00 at block5_conv3")
        );
    }

    #[test]
    fn layers_and_ranks_together_make_a_heatmap() {
        let mut data = fixture::series(&[(1, 40), (5, 42), (1, 44)]);
        data.runs[2].row.start.layers = Some("block4+block5".into());
        let map = figure(&data, "layers-by-rank.svg");
        assert!(map.description.contains("block5 at rank 5: 98.95"), "{}", map.description);
        assert!(map.drawing.contains("\n98.90\n") && map.drawing.contains("\n—\n"));
        data.runs.truncate(2);
        assert!(!names(&data).contains(&"layers-by-rank.svg".to_owned()));
    }

    #[test]
    fn times_have_a_chart_where_they_differ() {
        let mut data = fixture::ranks();
        for (run, seconds) in data.runs.iter_mut().zip([90.0, 30.0, 31.0, 32.0]) {
            run.row.result.as_mut().unwrap().train_seconds = seconds;
        }
        let chart = figure(&data, "accuracy-by-time.svg");
        assert!(chart.caption.ends_with(
            "More accurate than all that took less time: model_5 · block5 · rank 1, model_5 · block5 · rank 5."
        ));
        assert!(chart.drawing.contains("\n60\n") && !chart.drawing.contains("logarithmic"));
        data.runs[0].row.result.as_mut().unwrap().train_seconds = 900.0;
        assert!(figure(&data, "accuracy-by-time.svg").drawing.contains("logarithmic"));
    }

    #[test]
    fn settings_have_a_chart_where_several_differ() {
        let mut data = fixture::seeds();
        assert!(!names(&data).contains(&"settings.svg".to_owned()));
        for (run, rank) in data.runs.iter_mut().skip(3).zip([1, 5, 16]) {
            run.row.start.ranks = Some(format!("{rank}"));
        }
        let description = figure(&data, "settings.svg").description;
        assert!(description.contains("rank (—, 1, 5, 16), seed (0, 1, 2)"), "{description}");
        assert!(description.contains("model (model_4, model_5)"), "{description}");
    }

    #[test]
    fn of_very_many_series_the_most_accurate_are_drawn() {
        let mut data = fixture::many(40);
        for run in &mut data.runs {
            run.row.start.config = format!(r#"{{"learning_rate":0.{:03}}}"#, run.row.id);
            (run.row.start.rank, run.row.start.ranks) = (Some(5), Some("5".into()));
        }
        let chart = figure(&data, "accuracy-by-rank.svg");
        assert!(chart.caption.contains("The 12 of 40 entries"), "{}", chart.caption);
        assert!(chart.description.contains("learning_rate=0.012:") && !chart.description.contains("0.013:"));
        assert!(!figure(&fixture::ranks(), "accuracy-by-rank.svg").caption.contains("entries"));
    }

    #[test]
    fn a_diverged_configuration_has_no_curves_of_probabilities() {
        let mut data = fixture::ranks();
        let before = figure(&data, "roc.svg").drawing.matches("rank 5").count();
        data.runs[2].predictions[0].probability = f64::NAN;
        assert_eq!((before, figure(&data, "roc.svg").drawing.matches("rank 5").count()), (1, 0));
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        let expected = ["accuracy-by-rank.svg", "accuracy-by-parameters.svg", "validation-accuracy.svg"];
        assert_eq!(names(&data), expected);
    }

    #[test]
    fn without_runs_there_are_no_charts() {
        let mut data = fixture::ranks();
        data.runs.clear();
        assert!(names(&data).is_empty());
    }

    #[test]
    fn a_chart_is_described_for_those_who_cannot_see_it() {
        let data = fixture::ranks();
        assert_eq!(
            figure(&data, "accuracy-by-rank.svg").description,
            "Test accuracy against rank: test accuracy, % against rank (doubling scale). model_5 · block5: 96.00 at 1 \
             to 97.50 at 16. model_4 (no adapters): 97.00, band from 92.19 to 98.88."
        );
    }

    /// Three ranks under each split, the random one far better.
    fn both() -> ReportData {
        let mut data = fixture::both_splits(40, 400);
        for rank in [1, 16] {
            for run in fixture::both_splits(20 + rank, 300 + rank).runs {
                let id = data.runs.len() as i64 + 1;
                let mut run = run;
                (run.row.id, run.row.start.config_hash) = (id, format!("{id}"));
                (run.row.start.rank, run.row.start.ranks) = (Some(rank), Some(rank.to_string()));
                run.row.start.config =
                    run.row.start.config.replace("\"rank\":5", &format!("\"rank\":{rank}"));
                run.row.start.trainable_parameters += 15_360 * (rank - 5);
                data.runs.push(run);
            }
        }
        data
    }

    #[test]
    fn a_chart_never_shows_configurations_that_were_tested_on_different_cells() {
        let (figures, note) = drawn(&both());
        assert!(note.unwrap().starts_with("The runs were tested on 2 sets of cells"));
        let names: std::collections::BTreeSet<&str> =
            figures.iter().map(|figure| figure.file_name.as_str()).collect();
        assert_eq!(names.len(), figures.len());
        for figure in &figures {
            let (own, other) = match figure.file_name.contains("-2.svg") {
                false => ("patient", "random"),
                true => ("random", "patient"),
            };
            assert!(figure.title.contains(&format!("{own} split, 4,000 cells")), "{}", figure.title);
            for text in [&figure.description, &figure.drawing, &figure.caption] {
                assert!(!text.contains(&format!("split={other}")), "{} {text}", figure.file_name);
            }
        }
        // The best under the random split is on no front of the other's.
        let front =
            |name: &str| figures.iter().find(|figure| figure.file_name == name).unwrap().caption.clone();
        assert!(front("accuracy-by-parameters.svg").contains("split=patient"));
        assert!(front("accuracy-by-parameters-2.svg").contains("split=random"));
    }

    #[test]
    fn sets_of_the_same_kind_and_size_are_told_apart_by_seed_and_else_by_hash() {
        let mut data = fixture::both_splits(40, 400);
        for (run, seed) in data.runs.iter_mut().zip([7, 8]) {
            (run.row.start.split, run.row.start.split_seed) = ("patient".into(), seed);
            run.row.start.config = format!("{{\"other\":{seed}}}");
        }
        let titles =
            |data: &ReportData| drawn(data).0.into_iter().map(|figure| figure.title).collect::<Vec<_>>();
        assert!(titles(&data).iter().any(|title| title.ends_with("split seed 8")), "{:?}", titles(&data));
        data.runs.iter_mut().for_each(|run| run.row.start.split_seed = 7);
        data.runs[0].row.start.split_hash = "another".into();
        assert!(titles(&data).iter().any(|title| title.ends_with("split another")), "{:?}", titles(&data));
    }

    #[test]
    fn very_many_sets_are_drawn_in_part_and_that_is_said() {
        let mut data = fixture::many(7);
        for run in &mut data.runs {
            run.row.start.split_hash = format!("split {}", run.row.id);
            let id = run.row.id;
            run.predictions.iter_mut().for_each(|row| row.image = format!("{id}_{}", row.image).into());
        }
        let (figures, note) = drawn(&data);
        assert!(note.unwrap().ends_with(" 3 more have no charts; report fewer runs to see them."));
        assert_eq!(figures.iter().filter(|figure| figure.file_name.starts_with("roc")).count(), 4);
    }

    #[test]
    fn one_set_needs_no_name() {
        let (figures, note) = drawn(&fixture::ranks());
        assert_eq!(note, None);
        assert!(figures.iter().all(|figure| !figure.title.contains("test set")));
    }
}
