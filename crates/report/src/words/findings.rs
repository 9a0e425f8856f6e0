//! What the numbers say, in sentences that claim no more than they hold.

use std::collections::BTreeSet;

use ranklab_store::RunStatus;

use crate::analysis::{Analysis, CLASSICAL, Configuration, TestSet, most_accurate, most_accurate_on_cells};

use super::convergence::caveat;
use super::format::{count, margin_in_points, percent, rounded_percent, thousands};
use super::intervals::few;
use super::leakage;
use super::pairs::sentence;

/// Series among the findings; the comparisons have the rest.
const SERIES: usize = 2;
/// Sets of test cells whose best configuration is named.
const LEADERS: usize = 4;
/// Configurations named that share a lead.
const TIED: usize = 4;

/// The findings, the most important first; `series` are the sentences on ranks and layers.
pub(crate) fn findings(analysis: &Analysis, series: &[String]) -> Vec<String> {
    if most_accurate(&analysis.configurations).is_none() {
        let nothing = "No run has a test accuracy yet: there is nothing to compare.".to_owned();
        return std::iter::once(nothing).chain(leakage::statement(analysis)).collect();
    }
    let mut findings = leaders(analysis);
    findings.extend(against_classical(analysis));
    findings.extend(series.iter().take(SERIES).cloned());
    findings.push(caution(analysis));
    findings.extend(without_result(analysis));
    findings.extend(leakage::statement(analysis));
    if analysis.is_synthetic() {
        findings.push("Some images were generated: these figures say nothing about real ones.".to_owned());
    }
    findings
}

/// The most accurate configuration of each set of test cells.
fn leaders(analysis: &Analysis) -> Vec<String> {
    let of = |set: &TestSet| leader(set, analysis);
    let sets = &analysis.test_sets;
    if let [set] = sets.as_slice() {
        return vec![of(set)];
    }
    let mut sentences: Vec<String> = sets.iter().take(LEADERS).map(of).collect();
    let more = match sets.len().saturating_sub(LEADERS) {
        0 => String::new(),
        more => format!(" {} more are in the table.", count(more, "set of test cells")),
    };
    sentences
        .push(format!("Accuracies on different test cells do not compare: they mix models and cells.{more}"));
    sentences
}

fn leader(set: &TestSet, analysis: &Analysis) -> String {
    let of_set = || analysis.with_ids(&set.configurations);
    let Some(best) = most_accurate(of_set()) else { return "Nothing was measured.".to_owned() };
    let tied: Vec<&str> =
        of_set().filter(|one| one.accuracy() == best.accuracy()).map(|one| one.name.as_str()).collect();
    let (accuracy, cells) = (accuracy(best), test_cells(best));
    let number = set.configurations.len();
    let all = format!(
        "{}{}",
        count(number, "configuration"),
        if number < analysis.configurations.len() { " tested on the same cells" } else { "" }
    );
    let said = match (number, tied.len()) {
        (1, _) => format!("{} reaches a test accuracy of {accuracy} on {cells}.", best.name),
        (_, 1) => format!("{} has the highest test accuracy of {all}: {accuracy} on {cells}.", best.name),
        (_, tied_all) if tied_all > TIED => {
            format!("{tied_all} of {all} share the highest test accuracy: {accuracy} on {cells}.")
        }
        _ => {
            format!("{} share the highest test accuracy of {all}: {accuracy} on {cells}.", tied.join(" and "))
        }
    };
    said + &caveat(of_set())
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

/// `97.69 % (mean of 3 runs, standard deviation 0.31 points)`.
fn accuracy(configuration: &Configuration) -> String {
    let Some(summary) = configuration.measures.accuracy else {
        return "unknown".to_owned();
    };
    match summary.sd {
        None => format!("{} %", percent(summary.mean)),
        Some(sd) => format!(
            "{} % (mean of {}, standard deviation {} points)",
            percent(summary.mean),
            count(summary.n, "run"),
            percent(sd)
        ),
    }
}

/// `200 test cells`, of all folds together where there are several.
fn test_cells(configuration: &Configuration) -> String {
    let folds = match configuration.tested() {
        Some(tested) if tested.folds > 1 => format!(" in {}", count(tested.folds, "fold")),
        _ => String::new(),
    };
    format!("{} test cells{folds}", thousands(configuration.number_of_cells()))
}

/// The best adapted model beside the best classically fine-tuned one of the same cells, where there are
/// both, and what the paired comparison of them shows.
fn against_classical(analysis: &Analysis) -> Vec<String> {
    let configurations = &analysis.configurations;
    let everything: Vec<usize> = (0..configurations.len()).collect();
    let both = |ids: &[usize]| Some((best_of(analysis, ids, false)?, best_of(analysis, ids, true)?));
    let on_same_cells = analysis.test_sets.iter().find_map(|set| both(&set.configurations));
    let Some((adapted, classical)) = on_same_cells else {
        let apart = format!(
            "No adapted configuration was tested on the cells of a {CLASSICAL}: the report gives no difference between them."
        );
        return both(&everything).map(|_| apart).into_iter().collect();
    };
    let (adapted, classical) = (&configurations[adapted], &configurations[classical]);
    let (Some(one), Some(other)) = (adapted.accuracy(), classical.accuracy()) else { return Vec::new() };
    let points = percent((one - other).abs());
    let relation = if rounded_percent((one - other).abs()) == 0.0 {
        "level with".to_owned()
    } else if one > other {
        format!("{points} points above")
    } else {
        format!("{points} points below")
    };
    let mut beside = format!(
        "The best adapted configuration is {} with {}, {relation} the best {CLASSICAL} with {}. It trains {} parameters \
         instead of {}.",
        adapted.name,
        accuracy(adapted),
        accuracy(classical),
        thousands(adapted.start.trainable_parameters),
        thousands(classical.start.trainable_parameters),
    );
    let pairs = &analysis.comparisons.pairs;
    let pair = pairs.iter().find(|pair| (pair.first, pair.second) == (adapted.id, classical.id));
    let tested = pair.map(|pair| sentence(analysis, pair));
    if tested.is_none() {
        beside += &caveat([adapted, classical]);
    }
    std::iter::once(beside).chain(tested).collect()
}

/// Id of the most accurate configuration of the classical model, or of others: as the comparisons choose, where
/// predictions are stored.
fn best_of(analysis: &Analysis, ids: &[usize], classical: bool) -> Option<usize> {
    let of_kind = || analysis.with_ids(ids).filter(|one| (one.start.model == CLASSICAL) == classical);
    most_accurate_on_cells(of_kind()).or_else(|| most_accurate(of_kind())).map(|one| one.id)
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
    let mut sentences = Vec::new();
    match (cells.first(), cells.last()) {
        (Some(one), Some(other)) if one == other => {
            sentences.push(format!("One cell more or less is {} points.", one_cell(*one)));
        }
        (Some(least), Some(most)) => sentences.push(format!(
            "One cell more or less is {} to {} points.",
            one_cell(*most),
            one_cell(*least)
        )),
        _ => {}
    }
    let known = || configurations.iter().filter_map(Configuration::tested);
    let folds = known().any(|tested| tested.seeds == 1 && tested.folds > 1);
    let speak = match (known().any(|tested| tested.seeds > 1), known().any(|tested| tested.seeds == 1)) {
        (true, false) => {
            "Intervals and tests take patients and seeds as samples: they speak of other patients and other seeds, not of \
             other splits or laboratories."
        }
        (true, true) => {
            "Intervals and tests take patients as a sample, and seeds where a configuration has several; one with a single \
             seed is judged as it was trained. None speaks of other splits or laboratories."
        }
        (false, _) if folds => {
            "Intervals take patients as a sample and the trained networks as given, tests take the folds with their networks: \
             they speak of other patients, not of other seeds, splits or laboratories."
        }
        (false, _) => {
            "Intervals and tests take patients as a sample and the trained networks as given: they speak of other patients, \
             not of other seeds, splits or laboratories."
        }
    };
    let resampled: Vec<_> = known().map(|tested| tested.resampled).collect();
    sentences.push(speak.to_owned() + &few(&resampled));
    if !analysis.comparisons.pairs.is_empty() {
        sentences.push(format!(
            "Configurations count as equivalent within a margin of ±{}: a choice to be made before results are seen.",
            margin_in_points(&analysis.options)
        ));
    }
    if configurations.len() > 1 {
        sentences.push(format!(
            "The best of {} was chosen by the test figures shown here, so it tends to look better than it is.",
            count(configurations.len(), "configuration")
        ));
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
            "model_5 · block5 · rank 5 has the highest test accuracy of 4 configurations: 98.00 % on 200 test cells."
        );
        assert_eq!(
            findings[1],
            "The best adapted configuration is model_5 · block5 · rank 5 with 98.00 %, 1.00 points above the best \
             model_4 with 97.00 %. It trains 1,259,266 parameters instead of 2,757,378."
        );
        assert!(findings[2].starts_with("model_5 · block5 · rank 5 vs model_4: inconclusive ("));
        assert!(
            findings[3].starts_with("model_5 · block5: inconclusive. Nothing smaller than the best, rank 5")
        );
        assert!(findings[4].starts_with("The ranks and layers compared were trained with one seed each"));
        assert!(
            findings[5]
                .starts_with("One cell more or less is 0.50 points. Intervals and tests take patients")
        );
        assert!(findings[5].contains("within a margin of ±1 point"));
        assert!(findings[5].contains("The best of 4 configurations was chosen by the test figures"));
    }

    #[test]
    fn equal_models_are_called_level_and_tied_ones_share_the_lead() {
        let mut data = fixture::ranks();
        data.runs.truncate(2);
        data.runs[1].row.result.as_mut().unwrap().test_accuracy = 0.97;
        let findings = of(&data);
        assert!(findings[0].starts_with("model_4 and model_5 · block5 · rank 1 share the highest"));
        assert!(findings[1].contains(", level with the best model_4"));
    }

    #[test]
    fn models_tested_on_other_cells_are_not_compared() {
        let mut data = fixture::ranks();
        data.runs[0].row.start.split_hash = "another".into();
        data.runs[0].predictions.iter_mut().for_each(|row| row.image = format!("{}x", row.image).into());
        let findings = of(&data);
        assert!(findings[3].starts_with("No adapted configuration was tested on the cells of a model_4"));
        assert!(!findings.concat().contains("the best model_4"), "{findings:?}");
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
            findings[0].contains("highest test accuracy of 2 configurations tested on the same cells"),
            "{findings:?}"
        );
        assert!(
            findings[1]
                .starts_with("model_5 · block5 · rank 5 · split=random reaches a test accuracy of 99.00 %")
        );
        assert!(findings[2].starts_with("Accuracies on different test cells do not compare"));
        // Rank 5 is compared by the patients' split, though its random split looks better.
        assert!(findings[3].contains("rank 5 · split=patient with 90.00 %, level"), "{findings:?}");
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
        assert!(findings[3].starts_with("One cell more or less is 0.50 points."), "{}", findings[3]);
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
