//! The comparisons of configurations in numbers.

use ranklab_stats::{MeanDifference, Resampled, Verdict};

use crate::analysis::{Analysis, Comparisons, Configuration, Pair};

use super::format::{
    NONE, confidence, count, margin_in_points, p_value, signed_four, signed_points, thousands,
};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// The comparisons as a table; `None` without any.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let Analysis { configurations, comparisons: all, options, .. } = analysis;
    if all.pairs.is_empty() {
        return None;
    }
    let confidence = confidence(options);
    let margin = margin_in_points(options);
    let rows = all.pairs.iter().map(|pair| row(configurations, pair)).collect();
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
    let any = |test: fn(&Pair) -> bool| all.pairs.iter().any(test);
    let mut seeds = String::new();
    if any(|pair| pair.seeds.0.max(pair.seeds.1) > 1) {
        seeds += " Seeds count as a sample, like patients. The variance over seeds is added to that over patients, each with \
                  the t quantile of its own degrees of freedom (Banerjee's method). So p and interval hold for other seeds \
                  too, and are wide with two or three. With several seeds a cell counts by the share of seeds that call it \
                  right, and cells that one alone gets right are averages over all pairs of seeds. McNemar's and DeLong's \
                  tests compare single runs and are left out here.";
    }
    if any(|pair| pair.seeds.0.min(pair.seeds.1) == 1) {
        seeds += " A comparison with one seed holds for the trained networks only.";
    }
    if any(|pair| pair.folds.is_some()) {
        seeds += " Folds do not count as seeds. One network calls all cells of a fold; with one seed the folds are therefore the \
                  units of the test, with the larger of the standard errors over folds and over patients.";
    }
    let pooled = if all.pairs.iter().any(|pair| pair.area.is_some() && pair.folds.is_some()) {
        " DeLong's test ranks the cells of all folds together, although each fold has its own network."
    } else {
        ""
    };
    let caption = format!(
        "Differences in accuracy, first − second on the same cells, by a t test over patients. The interval is not corrected for \
         several comparisons.{seeds} \"p, corrected\" is {}'s over {}: all pairs on the same cells count, because those cells \
         also picked the best. A difference is claimed below {}. \"p, beyond ±{margin}\" belongs to the two one-sided tests of \
         equivalence, corrected over the comparisons shown; equivalence is claimed below the same level. McNemar's and DeLong's \
         tests treat the cells of a patient as independent and are not corrected. Their p-values are too small, and no verdict \
         rests on them.{pooled}{}{}",
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
        " {} more comparisons were made with the same corrections; the most accurate configurations are shown. Report fewer \
         runs to see others.",
        thousands(i64::try_from(all.left_out).unwrap_or(i64::MAX))
    )
}

fn row(configurations: &[Configuration], pair: &Pair) -> Vec<Cell> {
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
    let converged = [pair.first, pair.second].iter().all(|id| configurations[*id].not_converged.is_empty());
    vec![
        configurations[pair.first].name.as_str().into(),
        configurations[pair.second].name.as_str().into(),
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

fn word(pair: &Pair) -> &'static str {
    match pair.verdict {
        Verdict::Equivalent => "equivalent",
        Verdict::EquivalentYetDifferent if pair.difference.difference > 0.0 => "equivalent, better",
        Verdict::EquivalentYetDifferent => "equivalent, worse",
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Inconclusive => "inconclusive",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> Table {
        table(&analyse(data).unwrap()).unwrap()
    }

    #[test]
    fn very_many_comparisons_say_how_they_are_corrected_and_how_many_there_are() {
        let caption = found(&fixture::many(120)).caption;
        assert!(caption.contains("Bonferroni's over 7,140 pairs"), "{caption}");
        assert!(caption.contains(" 19 more comparisons were made"), "{caption}");
    }

    #[test]
    fn the_table_has_a_row_per_sentence_and_says_what_its_tests_assume() {
        let table = found(&fixture::ranks());
        assert_eq!(table.rows.len(), 5);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert!(table.caption.contains("Holm's over 6 pairs"), "{}", table.caption);
        assert!(
            !table.caption.contains("several seeds") && table.caption.contains("A comparison with one seed")
        );
        let text: Vec<&str> = table.rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(text[..4], ["model_5 · block5 · rank 5", "model_4", "inconclusive", "+1.00"]);
        assert_eq!(text[8..11], ["2", "0", "0.500"]);
    }
}
