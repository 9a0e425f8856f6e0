//! One sentence per comparison, never stronger than its numbers.

use ranklab_stats::{Equivalence, MeanDifference, Resampled, Verdict};

use crate::comparison::Group;
use crate::convergence::caveat;
use crate::format::{NONE, count, p_value, signed_four, signed_points};
use crate::intervals::few;
use crate::options::Options;
use crate::paired::{Comparison, Comparisons};
use crate::table::{Cell, Column, Table};

/// The sentence of a comparison.
pub(crate) fn sentence(groups: &[Group], pair: &Comparison, all: &Comparisons, options: &Options) -> String {
    let (first, second) = (&groups[pair.first].name, &groups[pair.second].name);
    let margin = options.margin_in_points();
    let numbers = numbers(pair, options);
    let equals = if pair.corrected_p < 0.001 { "" } else { "= " };
    let p = format!("p {equals}{}{}", p_value(pair.corrected_p), after(all.corrected_for));
    let trained = trained(pair, first, second);
    let direction = if pair.difference.difference > 0.0 { "better" } else { "worse" };
    let said = match pair.verdict {
        Verdict::Equivalent => {
            let same = equivalence(pair, all, options);
            format!("{first} is equivalent to {second} within ±{margin}{trained}: {numbers}; {same}.")
        }
        Verdict::EquivalentYetDifferent => {
            let same = equivalence(pair, all, options);
            format!(
                "{first} is {direction} than {second}, but equivalent to it within ±{margin}{trained}: {numbers}, {p}; {same}."
            )
        }
        Verdict::Better | Verdict::Worse => {
            format!("{first} is {direction} than {second}{trained}: {numbers}, {p}.")
        }
        Verdict::Inconclusive => {
            let mut taken_back = String::new();
            if !pair.difference.interval.contains(0.0) {
                taken_back += &format!(" The interval leaves out 0, but {p}.");
            }
            if within(pair) && !pair.equivalence.equivalent {
                taken_back += &format!(
                    " Within ±{margin} lies the {}.",
                    equivalence(pair, all, options).replacen(", p ", ", but p ", 1)
                );
            }
            taken_back += &too_few_differ(pair, options);
            format!(
                "The data do not tell {first} and {second} apart, nor show them equivalent within ±{margin}{trained}: {numbers}.{taken_back}"
            )
        }
    };
    said + &caveat([&groups[pair.first], &groups[pair.second]])
}

/// What equivalence rests on: `90 % interval −0.35 to +0.15, p = 0.003 after correction for 7 comparisons`.
fn equivalence(pair: &Comparison, all: &Comparisons, options: &Options) -> String {
    let Equivalence { interval, p, .. } = pair.equivalence;
    let equals = if p < 0.001 { "" } else { "= " };
    let after = if all.equivalences > 1 {
        format!(" after correction for {}", count(all.equivalences, "comparison"))
    } else {
        String::new()
    };
    format!(
        "{:.0} % interval {} to {}, p {equals}{} of a difference beyond ±{}{after}",
        interval.level * 100.0,
        signed_points(interval.lower),
        signed_points(interval.upper),
        p_value(p),
        options.margin_in_points()
    )
}

/// Why nothing is equivalent where hardly any patient's cells are called otherwise; empty elsewhere.
fn too_few_differ(pair: &Comparison, options: &Options) -> String {
    let MeanDifference { differing, resampled, .. } = pair.difference;
    if differing.p(options.margin) < options.alpha {
        return String::new();
    }
    let of = match resampled {
        Resampled::Patients(patients) => count(patients, "patient"),
        Resampled::Cells(cells) => count(cells, "cell"),
    };
    let differ = if differing.patients == 0 { "none".to_owned() } else { differing.patients.to_string() };
    format!(
        " They differ in {differ} of {of}, too few to say how much those that were not seen could differ."
    )
}

/// Whether the interval that equivalence rests on lies within the margin, whatever the correction says.
fn within(pair: &Comparison) -> bool {
    let Equivalence { interval, margin, .. } = pair.equivalence;
    interval.lower > -margin && interval.upper < margin
}

/// What a claim is limited to: without several seeds, to the networks that were trained.
fn trained(pair: &Comparison, first: &str, second: &str) -> String {
    let (each, only) = match pair.folds {
        Some(_) => ("one seed per fold", "one seed per fold only"),
        None => ("one seed each", "one seed only"),
    };
    match pair.seeds {
        (1, 1) => format!(" as trained here, with {each}"),
        (1, _) => format!(" as {first} was trained here, with {only}"),
        (_, 1) => format!(" as {second} was trained here, with {only}"),
        _ => String::new(),
    }
}

/// `difference −0.10 points, 95 % interval −0.40 to +0.20, 200 patients`.
fn numbers(pair: &Comparison, options: &Options) -> String {
    let MeanDifference { difference, interval, resampled, .. } = pair.difference;
    let mut seeds = match pair.seeds {
        (1, 1) => String::new(),
        (first, second) if first == second => format!(", {} each", count(first, "seed")),
        (first, second) => format!(", {first} and {}", count(second, "seed")),
    };
    if pair.splits > 1 {
        seeds += &format!(", {}", count(pair.splits, "split"));
    }
    format!(
        "difference {} points, {} interval {} to {}, {}{seeds}",
        signed_points(difference),
        options.confidence(),
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

/// The comparisons as a table; `None` without any.
pub(crate) fn table(groups: &[Group], all: &Comparisons, options: &Options) -> Option<Table> {
    if all.pairs.is_empty() {
        return None;
    }
    let confidence = options.confidence();
    let margin = options.margin_in_points();
    let rows = all.pairs.iter().map(|pair| row(groups, pair)).collect();
    let columns = vec![
        Column::text("first"),
        Column::text("second"),
        Column::text("verdict"),
        Column::number("difference, points"),
        Column::number(&format!("{confidence} interval")),
        Column::number("p"),
        Column::number("p, corrected"),
        Column::number(&format!("p, beyond ±{margin}")),
        Column::number("first").under("cells that one alone gets right"),
        Column::number("second").under("cells that one alone gets right"),
        Column::number("McNemar p").under("cells that one alone gets right"),
        Column::number("difference").under("AUC"),
        Column::number("DeLong p").under("AUC"),
    ];
    let resampled: Vec<Resampled> = all.pairs.iter().map(|pair| pair.difference.resampled).collect();
    let any = |test: fn(&Comparison) -> bool| all.pairs.iter().any(test);
    let mut seeds = String::new();
    if any(|pair| pair.seeds.0.max(pair.seeds.1) > 1) {
        seeds += " Of several seeds the share that is right counts per cell, and cells that one alone gets right are averages over all \
                  pairs of seeds. Seeds are a sample like \
                  patients: the variance of each configuration's mean over its seeds is added to that over patients, each with \
                  the quantile of its own degrees of freedom (Banerjee's method), so that p and interval speak of other seeds \
                  and, with two or three, are wide. McNemar's and DeLong's tests, which are for single runs, are left out.";
    }
    if any(|pair| pair.seeds.0.min(pair.seeds.1) == 1) {
        seeds += " With one seed nothing is known of others: such a comparison holds for the networks that were trained.";
    }
    if any(|pair| pair.folds.is_some()) {
        seeds += " Folds are no seeds; a fold's cells are called by one network, so that with one seed the folds are the units of \
                  the test, with the larger of the standard errors over folds and over patients.";
    }
    let pooled = if all.pairs.iter().any(|pair| pair.area.is_some() && pair.folds.is_some()) {
        " DeLong's ranks the cells of all folds together, though each fold has a network with probabilities of its own."
    } else {
        ""
    };
    let caption = format!(
        "Differences in accuracy are first − second on the same cells, with a t test and an interval, not corrected, over patients whose cells \
         are summed.{seeds} p, corrected is {}'s over {}, all on the same cells, because the best was picked by them; a difference \
         is claimed below {}. p, beyond ±{margin} is that of the two one-sided tests of equivalence, corrected over the \
         comparisons shown; equivalence is claimed below the same. McNemar's and DeLong's tests take every cell as \
         independent, which cells of a patient are not, and are not corrected: their p-values are too small and decide \
         nothing here.{pooled}{}{}",
        if all.by_number_only { "Bonferroni" } else { "Holm" },
        count(all.corrected_for, "pair"),
        options.alpha,
        few(&resampled),
        more(all)
    );
    Some(Table { caption, columns, rows })
}

/// What is not shown of so many comparisons.
fn more(all: &Comparisons) -> String {
    if all.left_out == 0 {
        return String::new();
    }
    format!(
        " {} more comparisons were made, with the same corrections; shown are those of the most accurate \
         configurations. Report fewer runs to see others.",
        crate::format::thousands(i64::try_from(all.left_out).unwrap_or(i64::MAX))
    )
}

fn row(groups: &[Group], pair: &Comparison) -> Vec<Cell> {
    let MeanDifference { difference, interval, p, .. } = pair.difference;
    let number = |text: String, order: Option<f64>| match order {
        Some(order) => Cell::ordered(text, order),
        None => NONE.into(),
    };
    let p_cell = |p: Option<f64>| number(p.map_or_else(String::new, p_value), p);
    let flipped = |cells: f64| {
        let text = if pair.seeds == (1, 1) { format!("{cells:.0}") } else { format!("{cells:.1}") };
        Cell::ordered(text, cells)
    };
    let area = pair.area.map(|area| area.difference);
    let converged = [pair.first, pair.second].iter().all(|place| groups[*place].not_converged.is_empty());
    vec![
        groups[pair.first].name.as_str().into(),
        groups[pair.second].name.as_str().into(),
        format!("{}{}", word(pair), if converged { "" } else { " (not converged)" }).into(),
        Cell::ordered(signed_points(difference), difference),
        Cell::ordered(
            format!("{} to {}", signed_points(interval.lower), signed_points(interval.upper)),
            interval.lower,
        ),
        p_cell(Some(p)),
        p_cell(Some(pair.corrected_p)),
        p_cell(Some(pair.equivalence.p)),
        flipped(pair.first_only),
        flipped(pair.second_only),
        p_cell(pair.mcnemar.map(|test| test.p)),
        number(area.map_or_else(String::new, signed_four), area),
        p_cell(pair.area.and_then(|area| area.p)),
    ]
}

fn word(pair: &Comparison) -> &'static str {
    match pair.verdict {
        Verdict::Equivalent => "equivalent",
        Verdict::EquivalentYetDifferent if pair.difference.difference > 0.0 => "equivalent, better",
        Verdict::EquivalentYetDifferent => "equivalent, worse",
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Inconclusive => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::data::ReportData;
    use crate::fixture;
    use crate::intervals::measure;
    use crate::paired::compare_pairs;

    fn said(data: &ReportData) -> Vec<String> {
        let groups = compare(data).unwrap();
        let all = compare_pairs(&groups, &measure(data, &groups), &data.options);
        all.pairs.iter().map(|pair| sentence(&groups, pair, &all, &data.options)).collect()
    }

    #[test]
    fn each_verdict_has_its_own_words() {
        let of = |classical, adapted| said(&fixture::against_classical(classical, adapted)).remove(0);
        let adapted = "model_5 · block5 · rank 5";
        let same = of(40, 41);
        assert!(
            same.starts_with(&format!("{adapted} is equivalent to model_4 within ±1 point as trained here, with one seed each: difference −0."))
        );
        assert!(
            same.contains(" points, 95 % interval −0.") && same.contains(", 200 patients; 90 % interval −0."),
            "{same}"
        );
        assert!(same.ends_with(", p < 0.001 of a difference beyond ±1 point."), "{same}");
        assert!(
            of(40, 60)
                .starts_with(&format!("{adapted} is worse than model_4, but equivalent to it within ±1"))
        );
        assert!(
            of(60, 40).starts_with(&format!("{adapted} is better than model_4, but equivalent to it within"))
        );
        assert!(of(40, 400).starts_with(&format!(
            "{adapted} is worse than model_4 as trained here, with one seed each: difference −9.00 points"
        )));
        assert!(of(400, 40).starts_with(&format!(
            "{adapted} is better than model_4 as trained here, with one seed each: difference +9.00 points"
        )));
        assert!(of(400, 40).ends_with("200 patients, p < 0.001."));
    }

    #[test]
    fn what_is_open_is_called_neither_different_nor_equivalent() {
        let sentences = said(&fixture::ranks());
        assert_eq!(sentences.len(), 5);
        for sentence in sentences {
            assert!(sentence.starts_with("The data do not tell model_5 · block5 · rank"), "{sentence}");
            assert!(sentence.contains("apart, nor show them equivalent within ±1 point as trained here, with one seed each: difference"));
        }
    }

    #[test]
    fn a_claim_that_the_correction_takes_back_is_pointed_out() {
        let groups = compare(&fixture::against_classical(40, 60)).unwrap();
        let data = fixture::against_classical(40, 60);
        let mut all = compare_pairs(&groups, &measure(&data, &groups), &data.options);
        all.corrected_for = 21;
        all.pairs[0].corrected_p = 0.07;
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&groups, &all.pairs[0], &all, &data.options);
        assert!(
            said.ends_with(" The interval leaves out 0, but p = 0.070 after correction for 21 pairs."),
            "{said}"
        );
    }

    #[test]
    fn an_equivalence_that_the_correction_takes_back_is_pointed_out() {
        let data = fixture::against_classical(40, 41);
        let groups = compare(&data).unwrap();
        let mut all = compare_pairs(&groups, &measure(&data, &groups), &data.options);
        all.equivalences = 7;
        all.pairs[0].equivalence = all.pairs[0].equivalence.corrected(0.084);
        all.pairs[0].verdict = Verdict::Inconclusive;
        let said = sentence(&groups, &all.pairs[0], &all, &data.options);
        assert!(said.contains(", 200 patients. Within ±1 point lies the 90 % interval −0."), "{said}");
        let end = ", but p = 0.084 of a difference beyond ±1 point after correction for 7 comparisons.";
        assert!(said.ends_with(end), "{said}");
    }

    #[test]
    fn patients_that_hardly_differ_are_no_proof_and_that_is_said() {
        let mut data = fixture::ranks();
        data.runs.truncate(2);
        data.runs[1].predictions = data.runs[0].predictions.clone();
        let same = said(&data).remove(0);
        assert!(same.contains("nor show them equivalent"), "{same}");
        assert!(same.ends_with("They differ in none of 40 patients, too few to say how much those that were not seen could differ."));
        let many = said(&fixture::ranks()).remove(0);
        assert!(!many.contains("They differ in none"), "{many}");
    }

    #[test]
    fn very_many_comparisons_say_how_they_are_corrected_and_how_many_there_are() {
        let data = fixture::many(120);
        let groups = compare(&data).unwrap();
        let all = compare_pairs(&groups, &measure(&data, &groups), &data.options);
        let caption = table(&groups, &all, &data.options).unwrap().caption;
        assert!(caption.contains("Bonferroni's over 7,140 pairs"), "{caption}");
        assert!(caption.contains(" 19 more comparisons were made"), "{caption}");
    }

    #[test]
    fn seeds_and_single_patients_are_named() {
        let seeds = said(&fixture::seeds()).remove(0);
        assert!(
            seeds.ends_with("40 patients, 3 seeds each.") && !seeds.contains("as trained here"),
            "{seeds}"
        );
        let folds = said(&fixture::folds()).remove(0);
        assert!(folds.contains("as trained here, with one seed per fold: difference"), "{folds}");
        assert!(folds.contains("4 folds of 40 patients"), "{folds}");
        let mut data = fixture::seeds();
        data.runs.truncate(4);
        let mixed = said(&data).remove(0);
        assert!(
            mixed.contains("as model_5 · block5 · rank 5 was trained here, with one seed only: "),
            "{mixed}"
        );
        assert!(mixed.ends_with("40 patients, 1 and 3 seeds."), "{mixed}");
        let single = said(&fixture::hostile()).remove(0);
        assert!(single.contains("200 cells one by one"), "{single}");
    }

    #[test]
    fn the_table_has_a_row_per_sentence_and_says_what_its_tests_assume() {
        let data = fixture::ranks();
        let groups = compare(&data).unwrap();
        let all = compare_pairs(&groups, &measure(&data, &groups), &data.options);
        let table = table(&groups, &all, &data.options).unwrap();
        assert_eq!(table.rows.len(), 5);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert!(table.caption.contains("Holm's over 6 pairs"), "{}", table.caption);
        assert!(!table.caption.contains("several seeds") && table.caption.contains("With one seed nothing"));
        let text: Vec<&str> = table.rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(text[..4], ["model_5 · block5 · rank 5", "model_4", "open", "+1.00"]);
        assert_eq!(text[8..11], ["2", "0", "0.500"]);
    }
}
