//! One line for each comparison: the verdict, then its numbers.

use ranklab_settings::{Noun, Nouns};
use ranklab_stats::{Concentration, Equivalence, MeanDifference, Resampled, Scope, Verdict};

use crate::analysis::{Analysis, Comparisons, Pair, PairFamily, RateDifference};
use crate::options::Options;

use super::convergence::caveat;
use super::format::{confidence, count, count_of, margin_in_points, p_value, percent, points, signed_points};

/// The sentence of a comparison.
pub(crate) fn sentence(analysis: &Analysis, pair: &Pair) -> String {
    let Analysis { configurations, comparisons: all, options, nouns, .. } = analysis;
    let (first, second) = (&configurations[pair.first].name, &configurations[pair.second].name);
    let numbers = numbers(pair, options, nouns);
    let p = format!("{}{}", p_equals(pair.corrected_p), after(pair, all));
    let direction = if pair.difference.difference > 0.0 { "better" } else { "worse" };
    let same = || format!("equivalent within {}", margins(pair, options));
    let verdict = match pair.verdict {
        Verdict::Equivalent => format!("{} ({numbers}; {})", same(), equivalence(pair, all, "", nouns)),
        Verdict::EquivalentYetDifferent => {
            format!("{direction}, but {} ({numbers}, {p}; {})", same(), equivalence(pair, all, "", nouns))
        }
        Verdict::Better | Verdict::Worse => format!("{direction} ({numbers}, {p})"),
        Verdict::Inconclusive => {
            format!("inconclusive ({numbers}; margin ±{})", margin_in_points(options))
        }
    };
    let reasons = match pair.verdict {
        Verdict::Inconclusive => why_inconclusive(pair, all, &p, nouns),
        _ => String::new(),
    };
    format!("{first} vs {second}{}: {verdict}.{reasons}", scope(pair))
        + &caveat([&configurations[pair.first], &configurations[pair.second]])
}

/// What a comparison with one seed speaks of.
fn scope(pair: &Pair) -> &'static str {
    match pair.difference.scope {
        Scope::Methods => "",
        Scope::Networks => ", these trained networks",
    }
}

/// The margins of all measures that equivalence takes: `±1 point of accuracy, ±2 points of sensitivity and specificity`.
fn margins(pair: &Pair, options: &Options) -> String {
    let (sensitivity, specificity) = (options.sensitivity_margin, options.specificity_margin);
    let of = |margin: f64| format!("±{}", points(margin));
    let rates = match (pair.sensitivity, pair.specificity) {
        (Some(_), Some(_)) if sensitivity == specificity => {
            format!(", {} of sensitivity and specificity", of(sensitivity))
        }
        (Some(_), Some(_)) => {
            format!(", {} of sensitivity and {} of specificity", of(sensitivity), of(specificity))
        }
        (Some(_), None) => format!(", {} of sensitivity", of(sensitivity)),
        (None, Some(_)) => format!(", {} of specificity", of(specificity)),
        (None, None) => String::new(),
    };
    format!("{} of accuracy{rates}", of(options.margin))
}

/// Why a comparison is inconclusive although its interval excludes 0 or lies within the margin; empty elsewhere.
fn why_inconclusive(pair: &Pair, all: &Comparisons, p: &str, nouns: &Nouns) -> String {
    if pair.are_identical {
        return format!(
            " Both call every {} alike. That bounds no difference in {} not seen.",
            nouns.image.one,
            resampled_noun(pair.difference.concentration.resampled, nouns).many
        );
    }
    let concentration = &pair.difference.concentration;
    if !concentration.carries_claims() {
        return format!(" No claim: {}.", too_concentrated(concentration, nouns));
    }
    let mut reasons = String::new();
    if !pair.difference.interval.contains(0.0) {
        reasons += &format!(" The interval excludes 0, but {p}.");
    }
    if is_within(&pair.equivalence) && !pair.equivalence.equivalent {
        reasons += &format!(" Equivalence is not shown: {}.", equivalence(pair, all, "but ", nouns));
    }
    reasons
}

/// Why cells carry no claim: `the cells come from an effective number of 2.7 patients; the largest has 60 % of them`.
pub(crate) fn too_concentrated(concentration: &Concentration, nouns: &Nouns) -> String {
    format!(
        "the {} come from an effective number of {:.1} of {}, fewer than 5; the largest has {} % of them",
        nouns.image.many,
        concentration.effective,
        units(concentration.resampled, nouns),
        percent(concentration.largest_share)
    )
}

/// The evidence for equivalence: `90 % interval of accuracy −0.35 to +0.15, p = 0.003 of a difference beyond the margin of
/// sensitivity after correction for 7 comparisons`, with a word before its p.
fn equivalence(pair: &Pair, all: &Comparisons, before_p: &str, nouns: &Nouns) -> String {
    let Equivalence { interval, p, .. } = pair.equivalence;
    let room = match pair.equivalence.allows_for_lost_patient {
        true => format!(" with room for a lost {}", nouns.group.one),
        false => String::new(),
    };
    format!(
        "{:.0} % interval of accuracy{room} {} to {}, {before_p}{} of a difference beyond {}{}",
        interval.level * 100.0,
        signed_points(interval.lower),
        signed_points(interval.upper),
        p_equals(p),
        decisive_margin(pair),
        after(pair, all)
    )
}

/// The margin that p belongs to: the largest p of accuracy, sensitivity and specificity counts.
fn decisive_margin(pair: &Pair) -> &'static str {
    let accuracy = pair.equivalence.lower_p.max(pair.equivalence.upper_p);
    let of = |rate: Option<RateDifference>| rate.map_or(0.0, |rate| rate.equivalence.p);
    let (sensitivity, specificity) = (of(pair.sensitivity), of(pair.specificity));
    if accuracy >= sensitivity.max(specificity) {
        "the margin of accuracy"
    } else if sensitivity >= specificity {
        "the margin of sensitivity"
    } else {
        "the margin of specificity"
    }
}

/// Whether the interval that equivalence rests on lies within the margin, whatever the correction says.
fn is_within(Equivalence { interval, margin, .. }: &Equivalence) -> bool {
    interval.lower > -margin && interval.upper < *margin
}

/// `−0.10 points, 95 % interval −0.40 to +0.20, 200 patients, one seed each`.
fn numbers(pair: &Pair, options: &Options, nouns: &Nouns) -> String {
    let MeanDifference { difference, interval, concentration, .. } = pair.difference;
    let mut seeds = match pair.difference.seeds {
        [1, 1] => ", one seed each".to_owned(),
        [first, second] if first == second => format!(", {} each", count(first, "seed")),
        [first, second] => format!(", {first} and {}", count(second, "seed")),
    };
    if pair.splits > 1 {
        seeds += &format!(", {}", count(pair.splits, "split"));
    }
    if pair.difference.components.is_some_and(|components| components.are_folds_larger()) {
        seeds += ", spread between folds";
    }
    format!(
        "{} points, {} interval {} to {}, {}{seeds}",
        signed_points(difference),
        confidence(options),
        signed_points(interval.lower),
        signed_points(interval.upper),
        units(concentration.resampled, nouns)
    )
}

/// What was taken as independent.
fn units(resampled: Resampled, nouns: &Nouns) -> String {
    match resampled {
        Resampled::Patients(patients) => count_of(patients, &nouns.group),
        Resampled::Cells(cells) => format!("{} one by one", count_of(cells, &nouns.image)),
    }
}

/// The noun of what was taken as independent.
fn resampled_noun(resampled: Resampled, nouns: &Nouns) -> &Noun {
    match resampled {
        Resampled::Patients(_) => &nouns.group,
        Resampled::Cells(_) => &nouns.image,
    }
}

fn p_equals(p: f64) -> String {
    if p < 0.001 { format!("p {}", p_value(p)) } else { format!("p = {}", p_value(p)) }
}

/// What a p-value was corrected for.
fn after(pair: &Pair, all: &Comparisons) -> String {
    match (all.of_family(pair.family), pair.family) {
        (0 | 1, _) => String::new(),
        (several, PairFamily::Primary) => format!(" after correction for {several} comparisons"),
        (several, PairFamily::Secondary) => format!(" after correction for {several} secondary comparisons"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn said(data: &ReportData) -> Vec<String> {
        let analysis = analyse(data).unwrap();
        analysis.comparisons.pairs.iter().map(|pair| sentence(&analysis, pair)).collect()
    }

    #[test]
    fn a_claim_that_the_correction_takes_back_is_pointed_out() {
        let mut analysis = analyse(&fixture::against_classical(40, 60)).unwrap();
        let all = &mut analysis.comparisons;
        all.primary = 21;
        all.pairs[0].corrected_p = 0.07;
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&analysis, &analysis.comparisons.pairs[0]);
        assert!(
            said.contains(" The interval excludes 0, but p = 0.070 after correction for 21 comparisons."),
            "{said}"
        );
    }

    #[test]
    fn an_equivalence_that_the_correction_takes_back_is_pointed_out() {
        let mut analysis = analyse(&fixture::on_patients(400, 40, 41)).unwrap();
        let all = &mut analysis.comparisons;
        all.primary = 7;
        all.pairs[0].equivalence = all.pairs[0].equivalence.corrected(0.084);
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&analysis, &analysis.comparisons.pairs[0]);
        assert!(
            said.contains("; margin ±1 point). Equivalence is not shown: 90 % interval of accuracy with room for a lost patient −"),
            "{said}"
        );
        let end = " after correction for 7 comparisons.";
        assert!(said.contains(", but p = 0.084 of a difference beyond the margin of "), "{said}");
        assert!(said.ends_with(end), "{said}");
    }

    #[test]
    fn a_patient_with_most_of_the_cells_carries_no_claim() {
        let mut data = fixture::against_classical(40, 400);
        for run in &mut data.runs {
            let rows = run.predictions.len();
            for row in &mut run.predictions[..rows * 9 / 10] {
                row.patient = "C1".into();
            }
        }
        let said = said(&data).remove(0);
        assert!(
            said.contains(": inconclusive (") && said.contains(" No claim: the cells come from"),
            "{said}"
        );
    }

    #[test]
    fn what_comparisons_say() {
        let named = |name: &str, data: &ReportData| format!("{name}:\n{}", said(data).join("\n"));
        let mut mixed = fixture::seeds();
        mixed.runs.truncate(4);
        let mut same = fixture::ranks();
        same.runs.truncate(2);
        same.runs[1].predictions = same.runs[0].predictions.clone();
        let texts = [
            named("equivalent", &fixture::on_patients(400, 40, 41)),
            named("equivalent, worse", &fixture::on_patients(1000, 40, 50)),
            named("equivalent, better", &fixture::on_patients(1000, 50, 40)),
            named("too few patients", &fixture::against_classical(40, 41)),
            named("worse", &fixture::against_classical(40, 400)),
            named("better", &fixture::against_classical(400, 40)),
            named("open", &fixture::ranks()),
            named("alike on few cells", &same),
            named("seeds", &fixture::seeds()),
            named("seeds of one only", &mixed),
            named("folds", &fixture::folds()),
        ];
        fixture::check_snapshot("words_of_pairs", &texts.join("\n\n"));
    }
}
