//! What the numbers say, in sentences that claim no more than they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::convergence::caveat;
use crate::data::ReportData;
use crate::format::{count, percent, thousands};
use crate::intervals::{Measured, few};
use crate::leakage;
use crate::options::Options;
use crate::paired::{self, CLASSICAL, Comparisons};
use crate::sentences::sentence;

/// Series told here; the comparisons have the rest.
const SERIES: usize = 2;
/// Sets of test cells whose best configuration is named.
const LEADERS: usize = 4;
/// Configurations named that share a lead.
const TIED: usize = 4;

/// The findings, the most important first; `series` are the sentences on ranks and layers.
pub(crate) fn findings(
    data: &ReportData,
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
    series: &[String],
) -> Vec<String> {
    if best(groups.iter()).is_none() {
        let nothing = "No run has a test accuracy yet: there is nothing to compare.".to_owned();
        return std::iter::once(nothing).chain(leakage::statement(data)).collect();
    }
    let sets = sets_by_leakage(groups, measured);
    let mut findings = leaders(&sets, groups, measured);
    findings.extend(against_classical(&sets, groups, measured, comparisons, &data.options));
    findings.extend(series.iter().take(SERIES).cloned());
    findings.push(caution(&sets, groups, measured, !comparisons.pairs.is_empty(), &data.options));
    findings.extend(without_result(data));
    findings.extend(leakage::statement(data));
    if data.is_synthetic() {
        findings.push("Generated images are in use: these figures say nothing about malaria.".to_owned());
    }
    findings
}

/// The highest mean accuracy; the first of equals.
fn best<'a>(groups: impl Iterator<Item = &'a Group>) -> Option<&'a Group> {
    let known = groups.filter_map(|group| group.accuracy().map(|accuracy| (accuracy, group)));
    known.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, group)| group)
}

/// Places of the configurations that were tested on the same cells, those first of whose test patients the
/// fewest also stand in training. Configurations without predictions count by their splits.
pub(crate) fn sets_by_leakage(groups: &[Group], measured: &[Measured]) -> Vec<Vec<usize>> {
    let mut sets = paired::sets(measured);
    let mut others: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for (place, group) in groups.iter().enumerate() {
        if measured[place].cells.is_err() && group.accuracy().is_some() {
            let same = sets.iter_mut().find(|set| groups[set[0]].splits == group.splits);
            match same {
                Some(set) => set.push(place),
                None => others.entry(&group.splits).or_default().push(place),
            }
        }
    }
    sets.extend(others.into_values());
    let leaked = |set: &Vec<usize>| {
        let start = &groups[set[0]].first.start;
        start.shared_test_images as f64 / start.test_images.max(1) as f64
    };
    sets.sort_by(|one, other| leaked(one).total_cmp(&leaked(other)));
    sets
}

/// The most accurate configuration of each set of test cells.
fn leaders(sets: &[Vec<usize>], groups: &[Group], measured: &[Measured]) -> Vec<String> {
    let of = |set: &Vec<usize>| leader(set, groups, measured);
    if let [set] = sets {
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

fn leader(set: &[usize], groups: &[Group], measured: &[Measured]) -> String {
    let of_set = || set.iter().map(|place| &groups[*place]);
    let Some(best) = best(of_set()) else { return "Nothing was measured.".to_owned() };
    let tied: Vec<&str> = of_set()
        .filter(|group| group.accuracy() == best.accuracy())
        .map(|group| group.name.as_str())
        .collect();
    let accuracy = accuracy(best);
    let cells = test_cells(best, groups, measured);
    let all = format!(
        "{}{}",
        count(set.len(), "configuration"),
        if set.len() < groups.len() { " tested on the same cells" } else { "" }
    );
    let said = match (set.len(), tied.len()) {
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
fn without_result(data: &ReportData) -> Option<String> {
    let of = |status: &str| data.unfinished.iter().filter(|trial| trial.status == status).count();
    let kinds =
        ["diverged", "failed", "interrupted", "running", "planned"].map(|status| (of(status), status));
    let listed: Vec<String> = kinds
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, status)| format!("{number} {status}"))
        .collect();
    let (all, finished) = (data.unfinished.len(), data.runs.len());
    (all > 0).then(|| {
        let have = if all == 1 { "trial has" } else { "trials have" };
        format!(
            "{all} {have} no result ({}), beside {} that {}: figures, intervals and verdicts leave them out, which flatters a \
             configuration that does not always train well.",
            listed.join(", "),
            thousands(finished as i64),
            if finished == 1 { "has" } else { "have" }
        )
    })
}

/// `97.69 % (mean of 3 runs, standard deviation 0.31 points)`.
fn accuracy(group: &Group) -> String {
    let Some(summary) = group.measure("accuracy") else {
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
fn test_cells(group: &Group, groups: &[Group], measured: &[Measured]) -> String {
    let folds = match cells_of(group, groups, measured) {
        Some(cells) if cells.folds > 1 => format!(" in {}", count(cells.folds, "fold")),
        _ => String::new(),
    };
    format!("{} test cells{folds}", thousands(number_of_cells(group, groups, measured)))
}

fn number_of_cells(group: &Group, groups: &[Group], measured: &[Measured]) -> i64 {
    let known = cells_of(group, groups, measured).and_then(|cells| i64::try_from(cells.labels.len()).ok());
    known.unwrap_or(group.first.start.test_images)
}

fn cells_of<'a>(group: &Group, groups: &[Group], measured: &'a [Measured]) -> Option<&'a TestCells> {
    let place = groups.iter().position(|other| other.runs == group.runs)?;
    measured.get(place)?.cells()
}

/// The best adapted model beside the best classically fine-tuned one of the same cells, where there are
/// both, and what the paired comparison of them shows.
fn against_classical(
    sets: &[Vec<usize>],
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
    options: &Options,
) -> Vec<String> {
    let classical = |place: &usize| groups[*place].first.start.model == CLASSICAL;
    let best_of = |places: &[usize], wanted: bool| {
        let of_kind = || places.iter().copied().filter(|place| classical(place) == wanted);
        // As the comparisons choose, where predictions are stored.
        let on_cells = paired::best(measured, of_kind());
        on_cells.map(|place| &groups[place]).or_else(|| best(of_kind().map(|place| &groups[place])))
    };
    let both = |places: &[usize]| Some((best_of(places, false)?, best_of(places, true)?));
    let everything: Vec<usize> = (0..groups.len()).collect();
    let Some((adapted, classical)) = sets.iter().find_map(|set| both(set)) else {
        let apart = format!(
            "No adapted configuration was tested on the cells of a {CLASSICAL}: the report gives no difference between them."
        );
        return both(&everything).map(|_| apart).into_iter().collect();
    };
    let (Some(one), Some(other)) = (adapted.accuracy(), classical.accuracy()) else { return Vec::new() };
    let points = percent((one - other).abs());
    let relation = match points.as_str() {
        "0.00" => "level with".to_owned(),
        _ if one > other => format!("{points} points above"),
        _ => format!("{points} points below"),
    };
    let mut beside = format!(
        "The best adapted configuration, {} with {}, stands {relation} the best {CLASSICAL} with {}, training {} \
         parameters instead of {}.",
        adapted.name,
        accuracy(adapted),
        accuracy(classical),
        thousands(adapted.first.start.trainable_parameters),
        thousands(classical.first.start.trainable_parameters),
    );
    let runs = |place: usize| &groups[place].runs;
    let pair = comparisons
        .pairs
        .iter()
        .find(|pair| *runs(pair.first) == adapted.runs && *runs(pair.second) == classical.runs);
    let tested = pair.map(|pair| sentence(groups, pair, comparisons, options));
    if tested.is_none() {
        beside += &caveat([adapted, classical]);
    }
    std::iter::once(beside).chain(tested).collect()
}

/// `0.33 points`, with as many decimals as one cell among so many needs.
fn one_cell(cells: i64) -> String {
    let points = 100.0 / cells as f64;
    if points < 0.05 { format!("{points:.4} points") } else { format!("{points:.2} points") }
}

fn caution(
    sets: &[Vec<usize>],
    groups: &[Group],
    measured: &[Measured],
    compared: bool,
    options: &Options,
) -> String {
    let cells: BTreeSet<i64> = sets
        .iter()
        .map(|set| number_of_cells(&groups[set[0]], groups, measured))
        .filter(|cells| *cells > 0)
        .collect();
    let mut sentences = Vec::new();
    match (cells.first(), cells.last()) {
        (Some(one), Some(other)) if one == other => {
            sentences.push(format!("One cell more or less is {}.", one_cell(*one)));
        }
        (Some(least), Some(most)) => sentences.push(format!(
            "One cell more or less is {} to {}.",
            one_cell(*most).trim_end_matches(" points"),
            one_cell(*least)
        )),
        _ => {}
    }
    let known = || measured.iter().filter_map(|one| one.cells());
    let folds = known().any(|cells| cells.seeds() == 1 && cells.folds > 1);
    let speak = match (known().any(|cells| cells.seeds() > 1), known().any(|cells| cells.seeds() == 1)) {
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
    let resampled: Vec<_> = known().map(|cells| cells.clusters.resampled()).collect();
    sentences.push(speak.to_owned() + &few(&resampled));
    if compared {
        sentences.push(format!(
            "The margin of ±{} within which configurations count as equivalent is a choice, to be made before results \
             are seen.",
            options.margin_in_points()
        ));
    }
    if groups.len() > 1 {
        sentences.push(format!(
            "The best of {} was picked by the same test figures that are shown, so it tends to look better than it is.",
            count(groups.len(), "configuration")
        ));
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::intervals::measure;
    use crate::paired::compare_pairs;
    use crate::series;

    fn of(data: &ReportData) -> Vec<String> {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        let comparisons = compare_pairs(&groups, &measured, &data.options);
        let series = series::sentences(&groups, &measured, &comparisons, &data.options);
        findings(data, &groups, &measured, &comparisons, &series)
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
            "The best adapted configuration, model_5 · block5 · rank 5 with 98.00 %, stands 1.00 points above the \
             best model_4 with 97.00 %, training 1,259,266 parameters instead of 2,757,378."
        );
        assert!(findings[2].starts_with("The data do not tell model_5 · block5 · rank 5 and model_4 apart"));
        assert!(findings[3].starts_with("model_5 · block5: no smaller member than the best, rank 5"));
        assert!(
            findings[4]
                .starts_with("One cell more or less is 0.50 points. Intervals and tests take patients")
        );
        assert!(findings[4].contains("The margin of ±1 point"));
        assert!(findings[4].contains("The best of 4 configurations was picked by the same test figures"));
    }

    #[test]
    fn equal_models_are_called_level_and_tied_ones_share_the_lead() {
        let mut data = fixture::ranks();
        data.runs.truncate(2);
        data.runs[1].row.result.as_mut().unwrap().test_accuracy = 0.97;
        let findings = of(&data);
        assert!(findings[0].starts_with("model_4 and model_5 · block5 · rank 1 share the highest"));
        assert!(findings[1].contains("stands level with the best model_4"));
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
        assert!(findings[3].contains("rank 5 · split=patient with 90.00 %, stands level"), "{findings:?}");
    }

    #[test]
    fn trials_without_a_result_are_counted() {
        let said = of(&fixture::ranks());
        let said = said.iter().find(|sentence| sentence.contains("no result")).unwrap();
        assert!(
            said.starts_with("2 trials have no result (1 failed, 1 planned), beside 4 that have: figures"),
            "{said}"
        );
    }

    #[test]
    fn one_cell_among_very_many_is_not_nothing() {
        assert_eq!((one_cell(200), one_cell(27_558)), ("0.50 points".to_owned(), "0.0036 points".to_owned()));
    }

    #[test]
    fn a_single_run_is_neither_compared_nor_warned_of_being_picked() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
        data.unfinished.clear();
        let findings = of(&data);
        assert_eq!(findings.len(), 3);
        assert!(!findings[1].contains("margin") && !findings[1].contains("picked"));
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
