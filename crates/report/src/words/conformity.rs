//! Whether a report is confirmatory or exploratory, and what was planned.

use ranklab_settings::Nouns;

use crate::analysis::{Analysis, Conformity, Deviation, MarginOf};

use super::format::{count, moment, short_hash};
use super::table::Fact;

/// Runs listed by id before the rest is only counted.
const LISTED: usize = 8;

/// The line at the top of a report: a word and a sentence.
pub(crate) fn line(analysis: &Analysis) -> (&'static str, String) {
    let conformity = &analysis.conformity;
    let plan = conformity.plan.as_ref().map(|plan| format!("plan {}", short_hash(&plan.hash)));
    if let (true, Some(plan)) = (conformity.confirmatory, &plan) {
        return ("Confirmatory", format!("as planned when the sweep was registered ({plan})."));
    }
    let reasons: Vec<String> = conformity.deviations.iter().map(|one| reason(one, &analysis.nouns)).collect();
    let plan = plan.map_or_else(String::new, |plan| format!(" ({plan})"));
    ("Exploratory", format!("{}{plan}.", reasons.join("; ")))
}

/// A deviation in words.
fn reason(deviation: &Deviation, nouns: &Nouns) -> String {
    match deviation {
        Deviation::RunsChosen { runs } => format!("{} chosen by hand", were(*runs, "run")),
        Deviation::PlanAltered => {
            "the plan in the database is not the one that its hash was made of".to_owned()
        }
        Deviation::NoPlan => "an earlier version registered the sweep without an analysis plan".to_owned(),
        Deviation::PlanChanged { changes } => {
            format!("the plan was changed {} after the sweep was registered", times(*changes))
        }
        Deviation::ResultsBeforePlan { runs } => {
            let had = count(runs.len(), "run");
            format!("{had} had finished before the plan was registered ({})", listed(runs))
        }
        Deviation::OtherMargin { of, planned, used } => {
            let of = match of {
                MarginOf::Accuracy => "accuracy",
                MarginOf::Sensitivity => "sensitivity",
                MarginOf::Specificity => "specificity",
            };
            format!("the margin of {of} is {} instead of {}", points(*used), points(*planned))
        }
        Deviation::OtherSignificance { planned, used } => {
            format!("the significance level is {used} instead of {planned}")
        }
        Deviation::OtherBaseline { planned, used } => format!("the baseline is {used} instead of {planned}"),
        Deviation::FewerSeeds { planned, found } => {
            format!("a configuration has {} instead of {planned}", count(*found, "seed"))
        }
        Deviation::MoreLooks { planned, made } => {
            format!("results were looked at {} instead of {}", times(*made), times(*planned as usize))
        }
        Deviation::Unfinished { trials, of } => {
            let have = if *trials == 1 { "has" } else { "have" };
            format!("{trials} of {} {have} no result", count(*of, "trial"))
        }
        Deviation::LeftOut { runs } => {
            let leaves = count(runs.len(), "finished run");
            format!("the report leaves out {leaves} on the same test {} ({})", nouns.image.many, listed(runs))
        }
    }
}

/// The plan, its changes, looks and runs left out, as facts.
pub(crate) fn facts(conformity: &Conformity, nouns: &Nouns) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(registered) = &conformity.plan {
        let mut values = vec![format!("{} (plan {})", registered.plan, short_hash(&registered.hash))];
        values.extend(conformity.changes.iter().map(|change| {
            let differences = change.to.plan.differences(&registered.plan);
            let how = match differences.is_empty() {
                true => "back to the registered plan".to_owned(),
                false => differences.join(", "),
            };
            format!("changed {}: {how} (plan {})", moment(&change.changed_at), short_hash(&change.to.hash))
        }));
        facts.push(Fact::several("Analysis plan", values));
        if conformity.looks > 0 {
            let planned = registered.plan.looks;
            facts.push(Fact::new("Looks", format!("{} of {planned} planned", conformity.looks)));
        }
    }
    if !conformity.left_out.is_empty() {
        let runs: Vec<i64> = conformity.left_out.iter().map(|left| left.run).collect();
        let of = count(runs.len(), "other finished run");
        facts.push(Fact::new(
            "Left out",
            format!("{of} on the same test {} ({})", nouns.image.many, listed(&runs)),
        ));
    }
    facts
}

/// `run 4`, `runs 4, 7 and 2 more`.
fn listed(runs: &[i64]) -> String {
    let shown: Vec<String> = runs.iter().take(LISTED).map(i64::to_string).collect();
    let word = if runs.len() == 1 { "run" } else { "runs" };
    match runs.len().saturating_sub(LISTED) {
        0 => format!("{word} {}", shown.join(", ")),
        more => format!("{word} {} and {more} more", shown.join(", ")),
    }
}

/// `1 run was`, `3 runs were`.
fn were(number: usize, noun: &str) -> String {
    format!("{} {}", count(number, noun), if number == 1 { "was" } else { "were" })
}

/// `once`, `twice`, `3 times`.
fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// A margin in points: `1 point`, `0.5 points`.
fn points(share: f64) -> String {
    let points = (share * 1e8).round() / 1e6;
    format!("{points} point{}", if points == 1.0 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AnalysisPlan;

    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;
    use crate::plan_record::{LeftOut, PlanChange, RegisteredPlan};
    use crate::render::{render_html, render_markdown};

    fn said(data: &ReportData) -> String {
        let (word, sentence) = line(&analyse(data).unwrap());
        format!("{word}: {sentence}")
    }

    #[test]
    fn a_report_says_at_its_top_whether_it_is_confirmatory() {
        let data = fixture::seeds();
        let plan = AnalysisPlan::default().hash();
        let expected = format!("as planned when the sweep was registered (plan {}).", short_hash(&plan));
        assert_eq!(said(&data), format!("Confirmatory: {expected}"));
        let page = render_html(&data).unwrap();
        assert!(page.find(&expected).unwrap() < page.find("<main").unwrap());
        let text = render_markdown(&data).unwrap().text;
        assert!(text.find("Confirmatory: as planned").unwrap() < text.find("## Configurations").unwrap());
    }

    #[test]
    fn reasons_stand_in_one_line() {
        let mut data = fixture::seeds();
        data.options.margin = 0.005;
        data.unfinished = fixture::ranks().unfinished;
        data.plan.looks = vec![vec![1], vec![1, 2]];
        let text = said(&data);
        assert!(
            text.starts_with(
                "Exploratory: the margin of accuracy is 0.5 points instead of 1 point; \
                 results were looked at 3 times instead of once; 2 of 8 trials have no result (plan "
            ),
            "{text}"
        );
        data.sweep = None;
        data.plan.registered = None;
        data.unfinished.clear();
        data.plan.left_out = (10..20).map(|run| LeftOut { run, ended_at: None }).collect();
        assert_eq!(
            said(&data),
            "Exploratory: 6 runs were chosen by hand; the report leaves out 10 finished runs on the same test cells \
             (runs 10, 11, 12, 13, 14, 15, 16, 17 and 2 more)."
        );
    }

    #[test]
    fn the_plan_its_changes_and_looks_are_facts() {
        let mut data = fixture::seeds();
        let plan = AnalysisPlan { margin: 2.0, ..AnalysisPlan::default() };
        let to = RegisteredPlan { hash: plan.hash(), plan };
        data.plan.changes = vec![PlanChange { changed_at: "2026-01-02T03:04:05Z".into(), to }];
        let facts = facts(&analyse(&data).unwrap().conformity, &Nouns::default());
        assert_eq!(
            facts.iter().map(|fact| fact.name.as_str()).collect::<Vec<_>>(),
            ["Analysis plan", "Looks"]
        );
        assert!(facts[0].values[0].starts_with("baseline=model_4 margin=1 "), "{facts:?}");
        assert!(facts[0].values[1].contains("margin=2 instead of 1"), "{facts:?}");
        assert_eq!(facts[1].values, ["1 of 1 planned"]);
    }
}
