//! What the numbers say, in sentences that claim no more than they hold.

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::data::ReportData;
use crate::format::{count, percent, thousands};
use crate::intervals::Measured;
use crate::leakage;
use crate::options::Options;
use crate::paired::{CLASSICAL, Comparisons};
use crate::sentences::sentence;
use crate::series;

/// Series told here; the comparisons have the rest.
const SERIES: usize = 2;

/// The findings, the most important first.
pub(crate) fn findings(
    data: &ReportData,
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
) -> Vec<String> {
    let Some(best) = best(groups.iter()) else {
        let nothing = "No run has a test accuracy yet: there is nothing to compare.".to_owned();
        return std::iter::once(nothing).chain(leakage::statement(data)).collect();
    };
    let mut findings = vec![leader(best, groups, measured)];
    findings.extend(against_classical(groups, comparisons, &data.options));
    findings.extend(series::sentences(groups, measured, &data.options).into_iter().take(SERIES));
    let cells = number_of_cells(best, groups, measured);
    findings.push(caution(cells, groups, measured, !comparisons.pairs.is_empty(), &data.options));
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

fn leader(best: &Group, groups: &[Group], measured: &[Measured]) -> String {
    let tied: Vec<&str> = groups
        .iter()
        .filter(|group| group.accuracy() == best.accuracy())
        .map(|group| group.name.as_str())
        .collect();
    let accuracy = accuracy(best);
    let cells = test_cells(best, groups, measured);
    match (groups.len(), tied.len()) {
        (1, _) => format!("{} reaches a test accuracy of {accuracy} on {cells}.", best.name),
        (all, 1) => format!(
            "{} has the highest test accuracy of {}: {accuracy} on {cells}.",
            best.name,
            count(all, "configuration")
        ),
        (all, _) => format!(
            "{} share the highest test accuracy of {}: {accuracy} on {cells}.",
            tied.join(" and "),
            count(all, "configuration")
        ),
    }
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
    measured.get(place)?.cells.as_ref().ok()
}

/// The best adapted model beside the best classically fine-tuned one, where there are both, and what
/// the paired comparison of them shows.
fn against_classical(groups: &[Group], comparisons: &Comparisons, options: &Options) -> Vec<String> {
    let model = |classical: bool| {
        best(groups.iter().filter(|group| (group.first.start.model == CLASSICAL) == classical))
    };
    let (Some(classical), Some(adapted)) = (model(true), model(false)) else { return Vec::new() };
    let (Some(one), Some(other)) = (adapted.accuracy(), classical.accuracy()) else { return Vec::new() };
    let points = percent((one - other).abs());
    let relation = match points.as_str() {
        "0.00" => "level with".to_owned(),
        _ if one > other => format!("{points} points above"),
        _ => format!("{points} points below"),
    };
    let mut beside = format!(
        "The best adapted configuration, {} with {}, stands {relation} the best model_4 with {}, training {} \
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
    if pair.is_none() && adapted.splits != classical.splits {
        beside += " The two were not tested on the same cells, so the difference mixes models and cells.";
    }
    let tested = pair.map(|pair| sentence(groups, pair, comparisons, options));
    std::iter::once(beside).chain(tested).collect()
}

fn caution(cells: i64, groups: &[Group], measured: &[Measured], compared: bool, options: &Options) -> String {
    let mut sentences = Vec::new();
    if cells > 0 {
        let one = percent(1.0 / cells as f64);
        sentences.push(format!("One cell more or less is {one} points."));
    }
    let repeats = || measured.iter().filter_map(|one| Some(one.cells.as_ref().ok()?.repeats.len()));
    let speak = match (repeats().any(|repeats| repeats > 1), repeats().any(|repeats| repeats == 1)) {
        (true, false) => {
            "Intervals and tests take patients and seeds as samples: they speak of other patients and other seeds, not of \
             other splits or laboratories."
        }
        (true, true) => {
            "Intervals and tests take patients as a sample, and seeds where a configuration has several; one with a single \
             seed is judged as it was trained. None speaks of other splits or laboratories."
        }
        (false, _) => {
            "Intervals and tests take patients as a sample and the trained networks as given: they speak of other patients, \
             not of other seeds, splits or laboratories."
        }
    };
    sentences.push(speak.to_owned());
    if compared {
        sentences.push(format!(
            "The margin of ±{} within which configurations count as equivalent is a choice, to be made before results \
             are seen.",
            options.margin_in_points()
        ));
    }
    if groups.len() > 1 {
        sentences.push(format!(
            "The best of {} was picked by the same test figures that are shown, so it looks better than it is.",
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

    fn of(data: &ReportData) -> Vec<String> {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        let comparisons = compare_pairs(&groups, &measured, &data.options);
        findings(data, &groups, &measured, &comparisons)
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
    fn models_tested_on_other_cells_are_not_compared_silently() {
        let mut data = fixture::ranks();
        data.runs[0].row.start.split_hash = "another".into();
        data.runs[0].predictions.iter_mut().for_each(|row| row.image = format!("{}x", row.image).into());
        assert!(of(&data)[1].ends_with(
            "The two were not tested on the same cells, so the difference mixes models and cells."
        ));
    }

    #[test]
    fn a_single_run_is_neither_compared_nor_warned_of_being_picked() {
        let mut data = fixture::ranks();
        data.runs.truncate(1);
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
