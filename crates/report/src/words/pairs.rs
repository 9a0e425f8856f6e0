//! One line for each comparison: the verdict, then its numbers.

use ranklab_stats::{Equivalence, MeanDifference, Resampled, Verdict};

use crate::analysis::{Analysis, Comparisons, Pair};
use crate::options::Options;

use super::convergence::caveat;
use super::format::{confidence, count, margin_in_points, p_value, signed_points};

/// The sentence of a comparison.
pub(crate) fn sentence(analysis: &Analysis, pair: &Pair) -> String {
    let Analysis { configurations, comparisons: all, options, .. } = analysis;
    let (first, second) = (&configurations[pair.first].name, &configurations[pair.second].name);
    let margin = margin_in_points(options);
    let numbers = numbers(pair, options);
    let equals = if pair.corrected_p < 0.001 { "" } else { "= " };
    let p = format!("p {equals}{}{}", p_value(pair.corrected_p), after(all.corrected_for));
    let direction = if pair.difference.difference > 0.0 { "better" } else { "worse" };
    let verdict = match pair.verdict {
        Verdict::Equivalent => {
            format!("equivalent within ±{margin} ({numbers}; {})", equivalence(pair, all, options, ""))
        }
        Verdict::EquivalentYetDifferent => format!(
            "{direction}, but equivalent within ±{margin} ({numbers}, {p}; {})",
            equivalence(pair, all, options, "")
        ),
        Verdict::Better | Verdict::Worse => format!("{direction} ({numbers}, {p})"),
        Verdict::Inconclusive => format!("inconclusive ({numbers}; margin ±{margin})"),
    };
    let reasons = match pair.verdict {
        Verdict::Inconclusive => why_inconclusive(pair, all, options, &p),
        _ => String::new(),
    };
    format!("{first} vs {second}: {verdict}.{reasons}")
        + &caveat([&configurations[pair.first], &configurations[pair.second]])
}

/// Why a comparison is inconclusive although its interval excludes 0 or lies within the margin; empty elsewhere.
fn why_inconclusive(pair: &Pair, all: &Comparisons, options: &Options, p: &str) -> String {
    let mut reasons = String::new();
    if !pair.difference.interval.contains(0.0) {
        reasons += &format!(" The interval excludes 0, but {p}.");
    }
    if within(pair) && !pair.equivalence.equivalent {
        reasons += &format!(" Equivalence is not shown: {}.", equivalence(pair, all, options, "but "));
    }
    reasons + &too_few_differ(pair, options)
}

/// The evidence for equivalence: `90 % interval −0.35 to +0.15, p = 0.003 after correction for 7 comparisons`, with a word
/// before its p.
fn equivalence(pair: &Pair, all: &Comparisons, options: &Options, before_p: &str) -> String {
    let Equivalence { interval, p, .. } = pair.equivalence;
    let equals = if p < 0.001 { "" } else { "= " };
    let after = if all.equivalences > 1 {
        format!(" after correction for {}", count(all.equivalences, "comparison"))
    } else {
        String::new()
    };
    format!(
        "{:.0} % interval {} to {}, {before_p}p {equals}{} of a difference beyond ±{}{after}",
        interval.level * 100.0,
        signed_points(interval.lower),
        signed_points(interval.upper),
        p_value(p),
        margin_in_points(options)
    )
}

/// Why a comparison is not equivalent although hardly any patient differs; empty elsewhere.
fn too_few_differ(pair: &Pair, options: &Options) -> String {
    let MeanDifference { differing, resampled, .. } = pair.difference;
    if differing.p(options.margin) < options.alpha {
        return String::new();
    }
    let of = match resampled {
        Resampled::Patients(patients) => count(patients, "patient"),
        Resampled::Cells(cells) => count(cells, "cell"),
    };
    let differ = match differing.patients {
        0 => format!("None of {of} differs"),
        1 => format!("Only 1 of {of} differs"),
        several => format!("Only {several} of {of} differ"),
    };
    format!(" {differ}: too few to bound the difference in others.")
}

/// Whether the interval that equivalence rests on lies within the margin, whatever the correction says.
fn within(pair: &Pair) -> bool {
    let Equivalence { interval, margin, .. } = pair.equivalence;
    interval.lower > -margin && interval.upper < margin
}

/// `−0.10 points, 95 % interval −0.40 to +0.20, 200 patients, one seed each`.
fn numbers(pair: &Pair, options: &Options) -> String {
    let MeanDifference { difference, interval, resampled, .. } = pair.difference;
    let mut seeds = match pair.seeds {
        (1, 1) if pair.folds.is_some() => ", one seed per fold".to_owned(),
        (1, 1) => ", one seed each".to_owned(),
        (first, second) if first == second => format!(", {} each", count(first, "seed")),
        (first, second) => format!(", {first} and {}", count(second, "seed")),
    };
    if pair.splits > 1 {
        seeds += &format!(", {}", count(pair.splits, "split"));
    }
    format!(
        "{} points, {} interval {} to {}, {}{seeds}",
        signed_points(difference),
        confidence(options),
        signed_points(interval.lower),
        signed_points(interval.upper),
        match pair.folds {
            Some(folds) => format!("{} of {}", count(folds, "fold"), units(resampled)),
            None => units(resampled),
        }
    )
}

/// What was taken as independent.
fn units(resampled: Resampled) -> String {
    match resampled {
        Resampled::Patients(patients) => count(patients, "patient"),
        Resampled::Cells(cells) => format!("{} one by one", count(cells, "cell")),
    }
}

fn after(pairs: usize) -> String {
    if pairs > 1 { format!(" after correction for {pairs} pairs") } else { String::new() }
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
        all.corrected_for = 21;
        all.pairs[0].corrected_p = 0.07;
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&analysis, &analysis.comparisons.pairs[0]);
        assert!(
            said.ends_with(" The interval excludes 0, but p = 0.070 after correction for 21 pairs."),
            "{said}"
        );
    }

    #[test]
    fn an_equivalence_that_the_correction_takes_back_is_pointed_out() {
        let mut analysis = analyse(&fixture::against_classical(40, 41)).unwrap();
        let all = &mut analysis.comparisons;
        all.equivalences = 7;
        all.pairs[0].equivalence = all.pairs[0].equivalence.corrected(0.084);
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&analysis, &analysis.comparisons.pairs[0]);
        assert!(
            said.contains(
                ", 200 patients, one seed each; margin ±1 point). Equivalence is not shown: 90 % interval −0."
            ),
            "{said}"
        );
        let end = ", but p = 0.084 of a difference beyond ±1 point after correction for 7 comparisons.";
        assert!(said.ends_with(end), "{said}");
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
            named("equivalent", &fixture::against_classical(40, 41)),
            named("equivalent, worse", &fixture::against_classical(40, 60)),
            named("equivalent, better", &fixture::against_classical(60, 40)),
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
