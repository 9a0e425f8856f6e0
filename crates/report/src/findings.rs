//! What the numbers say, in sentences that claim no more than they hold.

use ranklab_store::RunRow;

use crate::comparison::Group;
use crate::data::ReportData;
use crate::format::{count, percent, thousands};

/// The findings, the most important first.
pub(crate) fn findings(data: &ReportData, groups: &[Group]) -> Vec<String> {
    let Some(best) = best(groups.iter()) else {
        return vec!["No run has a test accuracy yet: there is nothing to compare.".to_owned()];
    };
    let mut findings = vec![leader(best, groups)];
    findings.extend(against_model_4(groups));
    findings.push(caution(best, groups));
    findings.extend(split_caution(groups));
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

fn leader(best: &Group, groups: &[Group]) -> String {
    let tied: Vec<&str> = groups
        .iter()
        .filter(|group| group.accuracy() == best.accuracy())
        .map(|group| group.name.as_str())
        .collect();
    let accuracy = accuracy(best);
    let cells = test_cells(&best.first);
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

fn test_cells(run: &RunRow) -> String {
    format!("{} test cells", thousands(run.start.test_images))
}

/// The best adapted model beside the best classically fine-tuned one, where there are both.
fn against_model_4(groups: &[Group]) -> Option<String> {
    let classical = best(groups.iter().filter(|group| group.first.start.model == "model_4"))?;
    let adapted = best(groups.iter().filter(|group| group.first.start.model != "model_4"))?;
    let difference = adapted.accuracy()? - classical.accuracy()?;
    let points = percent(difference.abs());
    let relation = match points.as_str() {
        "0.00" => "level with".to_owned(),
        _ if difference > 0.0 => format!("{points} points above"),
        _ => format!("{points} points below"),
    };
    let mut sentence = format!(
        "The best adapted configuration, {} with {}, stands {relation} the best model_4 with {}, training {} \
         parameters instead of {}.",
        adapted.name,
        accuracy(adapted),
        accuracy(classical),
        thousands(adapted.first.start.trainable_parameters),
        thousands(classical.first.start.trainable_parameters),
    );
    if adapted.splits != classical.splits {
        sentence += " The two were not tested on the same cells, so the difference mixes models and cells.";
    }
    Some(sentence)
}

fn caution(best: &Group, groups: &[Group]) -> String {
    let mut sentence = String::new();
    if best.first.start.test_images > 0 {
        let one = percent(1.0 / best.first.start.test_images as f64);
        sentence += &format!("One cell more or less is {one} points. ");
    }
    sentence += "Confidence intervals and tests of differences are not computed here.";
    if groups.len() > 1 {
        sentence += &format!(
            " The best of {} was picked by the same test figures that are shown, so it looks better than it is.",
            count(groups.len(), "configuration")
        );
    }
    sentence
}

/// A random cut lets patients stand on both sides.
fn split_caution(groups: &[Group]) -> Option<String> {
    let leaky = groups.iter().find(|group| group.first.start.shared_test_images > 0)?;
    let start = &leaky.first.start;
    let share = percent(start.shared_test_images as f64 / start.test_images.max(1) as f64);
    let all = groups.iter().all(|group| group.first.start.shared_test_images == start.shared_test_images);
    let extent = if all { String::new() } else { format!(" ({})", leaky.name) };
    Some(format!(
        "{share} % of the test cells come from patients who also stand in training{extent}: such a split flatters \
         every model, by one to three points in published comparisons."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;

    fn of(data: &ReportData) -> Vec<String> {
        findings(data, &compare(data).unwrap())
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
        assert!(findings[2].starts_with("One cell more or less is 0.50 points. Confidence intervals"));
        assert!(findings[2].contains("The best of 4 configurations was picked by the same test figures"));
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
        assert!(of(&data)[1].ends_with(
            "The two were not tested on the same cells, so the difference mixes models and cells."
        ));
    }

    #[test]
    fn leaking_patients_are_mentioned_and_clean_splits_are_not() {
        let mut data = fixture::ranks();
        assert!(
            of(&data)
                .iter()
                .any(|finding| finding.starts_with("95.00 % of the test cells come from patients"))
        );
        for run in &mut data.runs {
            run.row.start.shared_test_images = 0;
        }
        assert!(!of(&data).iter().any(|finding| finding.contains("flatters")));
    }

    #[test]
    fn without_results_nothing_is_claimed() {
        let mut data = fixture::ranks();
        data.runs.clear();
        assert_eq!(of(&data), ["No run has a test accuracy yet: there is nothing to compare."]);
    }
}
