//! What the numbers say, in sentences that claim no more than they hold.

use std::collections::BTreeSet;

use ranklab_settings::{Nouns, Words};
use ranklab_stats::Resampled;
use ranklab_store::RunStatus;

use crate::analysis::{Analysis, Configuration, TestSet, TooFewUnits};

use super::convergence::caveat;
use super::format::{count, counted, margin_in_points, percent, points, rounded_percent, thousands};
use super::intervals::few;
use super::leakage;
use super::pairs::sentence;
use super::{power, tuning};

/// Series among the findings; the comparisons have the rest.
const SERIES: usize = 2;
/// Sets of test cells whose best configuration is named.
const LEADERS: usize = 4;

/// The findings, the most important first; `series` are the sentences on ranks and layers.
pub(crate) fn findings(analysis: &Analysis, series: &[String]) -> Vec<String> {
    if analysis.configurations.iter().all(|one| one.accuracy().is_none()) {
        let nothing = "No run has a test accuracy yet: there is nothing to compare.".to_owned();
        return std::iter::once(nothing).chain(leakage::statement(analysis)).collect();
    }
    let mut findings = leaders(analysis);
    findings.extend(against_baseline(analysis));
    findings.extend(series.iter().take(SERIES).cloned());
    findings.extend(power::sentence(analysis));
    findings.extend(tuning::sentences(analysis));
    findings.push(caution(analysis));
    findings.extend(without_result(analysis));
    findings.extend(leakage::statement(analysis));
    if analysis.is_synthetic() {
        findings.push("Some images were generated: these figures say nothing about real ones.".to_owned());
    }
    findings
}

/// The configuration of each set of test cells that validation figures choose.
fn leaders(analysis: &Analysis) -> Vec<String> {
    let of = |set: &TestSet| leader(set, analysis);
    let sets = &analysis.test_sets;
    let Words { images, .. } = analysis.nouns.words();
    if let [set] = sets.as_slice() {
        return vec![of(set)];
    }
    let mut sentences: Vec<String> = sets.iter().take(LEADERS).map(of).collect();
    let more = match sets.len().saturating_sub(LEADERS) {
        0 => String::new(),
        more => {
            let (one, many) = (format!("set of test {images}"), format!("sets of test {images}"));
            format!(" {} more are in the table.", counted(more, &one, &many))
        }
    };
    sentences.push(format!(
        "Accuracies on different test {images} do not compare: they mix models and {images}.{more}"
    ));
    sentences
}

fn leader(set: &TestSet, analysis: &Analysis) -> String {
    let of_set = || analysis.with_ids(&set.configurations);
    let best = &analysis.configurations[set.references.best];
    let (accuracy, cells, number) = (accuracy(best), test_cells(analysis, best), set.configurations.len());
    let all = format!(
        "{}{}",
        count(number, "configuration"),
        if number < analysis.configurations.len() {
            format!(" tested on the same {}", analysis.nouns.image.many)
        } else {
            String::new()
        }
    );
    let said = match (number, set.references.by_validation) {
        (1, _) => format!("{} reaches a test accuracy of {accuracy} on {cells}.", best.name),
        (_, true) => format!(
            "{} has the best validation figures of {all}; its test accuracy is {accuracy} on {cells}.",
            best.name
        ),
        (_, false) => format!(
            "{all} reach a test accuracy of {} on {cells}. Not all of them have validation figures, so none is chosen.",
            range(of_set())
        ),
    };
    said + &caveat(of_set())
}

/// `96.00 to 98.00 %`, the lowest and the highest accuracy.
fn range<'a>(configurations: impl Iterator<Item = &'a Configuration>) -> String {
    let mut accuracies: Vec<f64> = configurations.filter_map(Configuration::accuracy).collect();
    accuracies.sort_by(f64::total_cmp);
    match (accuracies.first(), accuracies.last()) {
        (Some(least), Some(most)) => format!("{} to {} %", percent(*least), percent(*most)),
        _ => "unknown".to_owned(),
    }
}

/// Trials that have no figures: what is shown is of those that ended well.
fn without_result(analysis: &Analysis) -> Option<String> {
    let with = |status: Option<RunStatus>| {
        let of_trial = analysis.unfinished.iter().map(|trial| trial.run.as_ref().map(|run| run.status));
        of_trial.filter(|known| *known == status).count()
    };
    let kinds = [
        (with(Some(RunStatus::Diverged)), "diverged"),
        (with(Some(RunStatus::Failed)), "failed"),
        (with(Some(RunStatus::Interrupted)), "interrupted"),
        (with(Some(RunStatus::Running)), "running"),
        (with(Some(RunStatus::Imported)), "imported"),
        (with(None), "planned"),
    ];
    let listed: Vec<String> = kinds
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, status)| format!("{number} {status}"))
        .collect();
    let (all, finished) = (analysis.unfinished.len(), analysis.runs.len());
    (all > 0).then(|| {
        let have = if all == 1 { "trial has" } else { "trials have" };
        format!(
            "{all} {have} no result ({}), and {} {}. Figures, intervals and verdicts leave trials without a result out, which \
             flatters a configuration that does not always train well.",
            listed.join(", "),
            thousands(finished as i64),
            if finished == 1 { "has one" } else { "have one" }
        )
    })
}

/// `97.69 % (mean of 3 seeds, standard deviation 0.31 points)`.
fn accuracy(configuration: &Configuration) -> String {
    let Some(summary) = configuration.measures.accuracy else {
        return "unknown".to_owned();
    };
    match summary.sd {
        None => format!("{} %", percent(summary.mean)),
        Some(sd) => format!(
            "{} % (mean of {}, standard deviation {} points)",
            percent(summary.mean),
            count(summary.n, if configuration.tested().is_some() { "seed" } else { "run" }),
            percent(sd)
        ),
    }
}

/// `200 test cells`, of all folds together where there are several.
fn test_cells(analysis: &Analysis, configuration: &Configuration) -> String {
    let folds = match configuration.tested() {
        Some(tested) if tested.folds > 1 => format!(" in {}", count(tested.folds, "fold")),
        _ => String::new(),
    };
    format!("{} test {}{folds}", thousands(configuration.number_of_cells()), analysis.nouns.image.many)
}

/// The configuration with the best validation figures beside the baseline of the same cells, where there are both, and
/// what the paired comparison of them shows.
fn against_baseline(analysis: &Analysis) -> Vec<String> {
    let configurations = &analysis.configurations;
    let baseline = &analysis.baseline;
    let both = analysis.test_sets.iter().find_map(|set| {
        let references = &set.references;
        Some((references.best_other?, references.baseline?, references.by_validation))
    });
    let Some((other, reference, by_validation)) = both else {
        let has =
            |selected: bool| configurations.iter().any(|one| baseline.selects(&one.settings) == selected);
        return match (has(true), has(false)) {
            (true, true) => vec![format!(
                "No other configuration was tested on the {} of the baseline, {baseline}: the report gives no difference to it.",
                analysis.nouns.image.many
            )],
            (false, true) if configurations.len() > 1 => {
                vec![format!("There is no baseline: no run of this report is {baseline}.")]
            }
            _ => Vec::new(),
        };
    };
    let (other, reference) = (&configurations[other], &configurations[reference]);
    let (Some(one), Some(two)) = (other.accuracy(), reference.accuracy()) else { return Vec::new() };
    let points = percent((one - two).abs());
    let relation = if rounded_percent((one - two).abs()) == 0.0 {
        "level with".to_owned()
    } else if one > two {
        format!("{points} points above")
    } else {
        format!("{points} points below")
    };
    let best = if by_validation {
        "The best by validation besides the baseline"
    } else {
        "The first besides the baseline"
    };
    let mut beside = format!(
        "{best} is {} with a test accuracy of {}, {relation} the baseline {} with {}. It trains {} parameters instead of {}.",
        other.name,
        accuracy(other),
        reference.name,
        accuracy(reference),
        thousands(other.start.trainable_parameters),
        thousands(reference.start.trainable_parameters),
    );
    let tested = analysis.comparisons.pair(other.id, reference.id).map(|pair| sentence(analysis, pair));
    if tested.is_none() {
        beside += &caveat([other, reference]);
    }
    std::iter::once(beside).chain(tested).collect()
}

/// That the patients are too few for equivalence within the margin, whatever they show; `None` where they are enough.
fn too_few_patients(analysis: &Analysis) -> Option<String> {
    let TooFewUnits { needed, effective, resampled } = analysis.too_few_units?;
    let Nouns { group, image } = &analysis.nouns;
    let (noun, count) = match resampled {
        Resampled::Patients(count) => (group, count),
        Resampled::Cells(count) => (image, count),
    };
    let all = thousands(count as i64);
    let here = if effective.round() < count as f64 {
        format!(
            "of {effective:.0} here (the effective number of {all} that have unequally many {})",
            image.many
        )
    } else {
        format!("of {all} here")
    };
    Some(format!(
        "Equivalence within ±{} takes at least {needed} {}, {here}: fewer may miss the rare one on {} a network fails.",
        margin_in_points(&analysis.options),
        noun.many,
        group.pronoun()
    ))
}

/// `0.33`, points of accuracy with as many decimals as one cell among so many needs.
fn one_cell(cells: i64) -> String {
    let points = 100.0 / cells as f64;
    if points < 0.05 { format!("{points:.4}") } else { format!("{points:.2}") }
}

fn caution(analysis: &Analysis) -> String {
    let configurations = &analysis.configurations;
    let cells: BTreeSet<i64> = analysis
        .test_sets
        .iter()
        .map(|set| configurations[set.configurations[0]].number_of_cells())
        .filter(|cells| *cells > 0)
        .collect();
    let Words { groups, .. } = analysis.nouns.words();
    let one_more = format!("One {} more or less", analysis.nouns.image.one);
    let mut sentences = Vec::new();
    match (cells.first(), cells.last()) {
        (Some(one), Some(other)) if one == other => {
            sentences.push(format!("{one_more} is {} points.", one_cell(*one)));
        }
        (Some(least), Some(most)) => {
            sentences.push(format!("{one_more} is {} to {} points.", one_cell(*most), one_cell(*least)))
        }
        _ => {}
    }
    let known = || configurations.iter().filter_map(Configuration::tested);
    let speak = match (known().any(|tested| tested.seeds > 1), known().any(|tested| tested.seeds == 1)) {
        (true, false) => format!(
            "Intervals and tests take {groups} and seeds as samples: they speak of other {groups} and other seeds, not of \
             other splits or laboratories."
        ),
        (true, true) => format!(
            "Intervals and tests take {groups} as a sample, and seeds where a configuration has several; one with a single \
             seed is judged as it was trained. None speaks of other splits or laboratories."
        ),
        (false, _) => format!(
            "Intervals and tests take {groups} as a sample and the trained networks as given: they speak of other {groups}, \
             not of other seeds, splits or laboratories."
        ),
    };
    let resampled: Vec<_> = known().map(|tested| tested.resampled).collect();
    sentences.push(speak + &few(&resampled, &analysis.nouns));
    if let Some(too_few) = too_few_patients(analysis) {
        sentences.push(too_few);
    }
    let identical: usize = known().map(|tested| tested.identical_seeds).sum();
    if identical > 0 {
        sentences.push(format!(
            "{} gave the very same predictions as another one and count once.",
            count(identical, "seed")
        ));
    }
    if !analysis.comparisons.pairs.is_empty() {
        sentences.push(format!(
            "Configurations count as equivalent within ±{} of accuracy, and ±{} of sensitivity and ±{} of specificity: a choice to be \
             made before results are seen.",
            margin_in_points(&analysis.options),
            points(analysis.options.sensitivity_margin),
            points(analysis.options.specificity_margin)
        ));
    }
    if configurations.len() > 1 && analysis.test_sets.iter().all(|set| set.references.by_validation) {
        sentences.push(
            "References and the best were chosen by validation figures; test figures chose nothing."
                .to_owned(),
        );
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;
    use crate::words::series;

    fn of(data: &ReportData) -> Vec<String> {
        let analysis = analyse(data).unwrap();
        findings(&analysis, &series::sentences(&analysis))
    }

    #[test]
    fn the_best_is_named_with_its_distance_from_model_4() {
        let findings = of(&fixture::ranks());
        assert_eq!(
            findings[0],
            "model_5 · block5 · rank 5 has the best validation figures of 4 configurations; its test accuracy is 98.00 % on \
             200 test cells."
        );
        assert_eq!(
            findings[1],
            "The best by validation besides the baseline is model_5 · block5 · rank 5 with a test accuracy of 98.00 %, 1.00 \
             points above the baseline model_4 with 97.00 %. It trains 1,259,266 parameters instead of 2,757,378."
        );
        assert!(
            findings[2]
                .starts_with("model_5 · block5 · rank 5 vs model_4, these trained networks: inconclusive (")
        );
        assert!(
            findings[3].starts_with(
                "model_5 · block5: inconclusive. None is shown non-inferior to the baseline, model_4 (margin 1 point"
            )
        );
        assert!(findings[4].starts_with("The ranks and layers compared were trained with one seed each"));
        assert!(findings[5].starts_with("All configurations are compared at one learning rate, 0.005"));
        assert!(
            findings[6]
                .starts_with("One cell more or less is 0.50 points. Intervals and tests take patients")
        );
        assert!(findings[6].contains("within ±1 point of accuracy, and ±2 points of sensitivity"));
        assert!(findings[6].contains("were chosen by validation figures; test figures chose nothing"));
    }

    #[test]
    fn equal_models_are_called_level() {
        let findings = of(&fixture::against_classical(40, 40));
        assert!(findings[0].starts_with("model_4 has the best validation figures of 2 configurations"));
        assert!(findings[1].contains(", level with the baseline model_4"));
    }

    #[test]
    fn without_validation_figures_nothing_is_chosen() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| (run.validation, run.epochs) = (Vec::new(), Vec::new()));
        let findings = of(&data);
        assert_eq!(
            findings[0],
            "4 configurations reach a test accuracy of 96.00 to 98.00 % on 200 test cells. Not all of them have validation \
             figures, so none is chosen."
        );
        assert!(!findings.concat().contains("by validation"), "{findings:?}");
    }

    #[test]
    fn a_report_without_its_baseline_says_so() {
        let findings = of(&fixture::series(&[(1, 42), (5, 40)]));
        assert!(
            findings[1].starts_with("There is no baseline: no run of this report is model_4."),
            "{findings:?}"
        );
    }

    #[test]
    fn models_tested_on_other_cells_are_not_compared() {
        let mut data = fixture::ranks();
        data.runs[0].row.start.split_hash = "another".into();
        data.runs[0].predictions.iter_mut().for_each(|row| row.image = format!("{}x", row.image).into());
        let findings = of(&data);
        assert!(
            findings[3]
                .starts_with("No other configuration was tested on the cells of the baseline, model_4")
        );
        assert!(!findings.concat().contains("the baseline model_4 with"), "{findings:?}");
    }

    #[test]
    fn each_set_of_test_cells_has_its_own_best_and_the_sound_split_comes_first() {
        let mut data = fixture::both_splits(40, 400);
        data.runs.push(fixture::both_splits(40, 400).runs.remove(1));
        let classical = &mut data.runs[2].row;
        (classical.id, classical.start.config_hash) = (3, "3".into());
        (classical.start.model, classical.start.config) =
            ("model_4".into(), classical.start.config.replace("model_5", "model_4"));
        (classical.start.layers, classical.start.ranks, classical.start.preset) = (None, None, None);
        let findings = of(&data);
        assert!(
            findings[0].contains("best validation figures of 2 configurations tested on the same cells"),
            "{findings:?}"
        );
        assert!(
            findings[1]
                .starts_with("model_5 · block5 · rank 5 · split=random reaches a test accuracy of 99.00 %")
        );
        assert!(findings[2].starts_with("Accuracies on different test cells do not compare"));
        // Rank 5 is compared by the patients' split, though its random split looks better.
        assert!(
            findings[3].contains("rank 5 · split=patient with a test accuracy of 90.00 %, level"),
            "{findings:?}"
        );
    }

    #[test]
    fn trials_without_a_result_are_counted() {
        let said = of(&fixture::ranks());
        let said = said.iter().find(|sentence| sentence.contains("no result")).unwrap();
        assert!(
            said.starts_with("2 trials have no result (1 failed, 1 planned), and 4 have one. Figures"),
            "{said}"
        );
    }

    #[test]
    fn one_cell_among_very_many_is_not_nothing() {
        assert_eq!((one_cell(200), one_cell(27_558)), ("0.50".to_owned(), "0.0036".to_owned()));
    }

    #[test]
    fn a_single_run_is_neither_compared_nor_warned_of_being_picked() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
        data.unfinished.clear();
        let findings = of(&data);
        assert_eq!(findings.len(), 3);
        assert!(!findings[1].contains("margin") && !findings[1].contains("chosen"));
    }

    #[test]
    fn folds_count_their_cells_together() {
        let findings = of(&fixture::folds());
        assert!(findings[0].ends_with("on 200 test cells in 4 folds."), "{}", findings[0]);
        assert!(findings[4].starts_with("One cell more or less is 0.50 points."), "{}", findings[4]);
    }

    #[test]
    fn leakage_is_always_the_last_word_on_real_images() {
        assert!(of(&fixture::ranks()).last().unwrap().contains("also stand in training"));
        assert!(of(&fixture::folds()).last().unwrap().starts_with("No patient stands on both sides"));
    }

    #[test]
    fn without_results_nothing_is_claimed() {
        let mut data = fixture::ranks();
        data.runs.clear();
        assert_eq!(of(&data), ["No run has a test accuracy yet: there is nothing to compare."]);
    }
}
