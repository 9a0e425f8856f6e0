//! The comparisons of configurations in numbers.

use ranklab_settings::Words;
use ranklab_stats::{Interval, MeanDifference, Resampled, Scope};

use crate::analysis::{Analysis, Comparisons, Configuration, Pair, PairFamily};

use super::format::{NONE, confidence, count, p_value, points, signed_four, signed_points, thousands};
use super::intervals::few;
use super::table::{Cell, Column, Table};
use super::verdict::word;

/// The comparisons as a table; `None` without any.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let Analysis { configurations, comparisons: all, options, .. } = analysis;
    if all.pairs.is_empty() {
        return None;
    }
    let interval = format!("{} interval", confidence(options));
    let alone = format!("{} that one alone gets right", analysis.nouns.image.many);
    let rows = all.pairs.iter().map(|pair| row(configurations, pair)).collect();
    let mut columns = vec![
        Column::text("first"),
        Column::text("second"),
        Column::text("question"),
        Column::text("verdict"),
        Column::number("difference, points"),
        Column::number(&interval),
        Column::number("p"),
        Column::number("p, corrected"),
        Column::number("p, beyond the margins"),
        Column::number("p, inferior"),
    ];
    for rate in ["sensitivity, points", "specificity, points"] {
        columns.push(Column::number("difference").under(rate));
        columns.push(Column::number(&interval).under(rate));
    }
    columns.extend([
        Column::number("first").under(&alone),
        Column::number("second").under(&alone),
        Column::number("McNemar p").under(&alone),
        Column::number("difference").under("AUC"),
        Column::number("DeLong p").under("AUC"),
    ]);
    Some(Table { caption: caption(analysis), columns, rows })
}

fn caption(analysis: &Analysis) -> String {
    let Analysis { comparisons: all, options, .. } = analysis;
    let Words { group, groups, images, .. } = analysis.nouns.words();
    let any = |test: fn(&Pair) -> bool| all.pairs.iter().any(test);
    let resampled: Vec<Resampled> =
        all.pairs.iter().map(|pair| pair.difference.concentration.resampled).collect();
    let margins = format!(
        "±{} of accuracy, ±{} of sensitivity and ±{} of specificity",
        points(options.margin),
        points(options.sensitivity_margin),
        points(options.specificity_margin)
    );
    let mut caption = format!(
        "Differences in accuracy, first − second on the same {images}, by a t test over {groups} (cluster-robust, CR2 with \
         Bell–McCaffrey's degrees of freedom). Intervals are not corrected for several comparisons. {} Holm's correction \
         goes over each of the two alone. A difference is claimed where \"p, corrected\" is below {}. \"p, beyond the margins\" \
         belongs to equivalence within {margins}: the largest p of the three counts, corrected likewise. Where it would be shown, it must also hold if one more {group} was lost \
         altogether. \"p, inferior\" is its \
         one-sided part, that the first loses as much as the margins.",
        questions(all),
        options.alpha,
    );
    if any(|pair| pair.difference.scope == Scope::Methods) {
        caption += &format!(
            " With several seeds on both sides {groups} and seeds are crossed: what the luck of a seed adds beyond single \
             {groups} comes from the pair or from all configurations, whichever is larger. Degrees of freedom are \
             Satterthwaite's. Such verdicts hold for other {groups} and other seeds. McNemar's and DeLong's tests compare \
             single runs and are left out there; {images} that one alone gets right are averages over pairs of seeds."
        );
    }
    if any(|pair| pair.difference.scope == Scope::Networks) {
        caption += &format!(
            " \"These networks\" marks a comparison with one seed: its verdict holds for the trained networks on other \
             {groups} and says nothing of the methods."
        );
    }
    if any(|pair| pair.difference.components.is_some_and(|components| components.folds.is_some())) {
        caption += &format!(
            " Where the folds differ more than {groups} and seeds explain, their spread takes the place of both."
        );
    }
    caption += &format!(
        " McNemar's and DeLong's tests treat the {images} of {} as independent and are not corrected. Their p-values are \
         too small, and no verdict rests on them.",
        analysis.nouns.group.with_article()
    );
    caption + &few(&resampled, &analysis.nouns) + &more(all)
}

/// What the two families of comparisons ask.
fn questions(all: &Comparisons) -> String {
    let primary = match all.primary {
        0 => String::new(),
        several => format!("{} with the baseline {} primary.", count(several, "comparison"), are(several)),
    };
    let secondary = match all.secondary {
        0 => String::new(),
        several => format!(
            "{} with the best by validation {} secondary.",
            count(several, "comparison"),
            are(several)
        ),
    };
    [primary, secondary].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// What is not shown of so many comparisons.
fn more(all: &Comparisons) -> String {
    if all.left_out == 0 {
        return String::new();
    }
    format!(
        " {} more comparisons were made with the same corrections; those of the configurations with the best validation figures \
         are shown. Report fewer runs to see others.",
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
        let text =
            if pair.difference.seeds == [1, 1] { format!("{cells:.0}") } else { format!("{cells:.1}") };
        Cell::ordered(text, cells)
    };
    let area = pair.area.map(|area| area.difference);
    let converged = [pair.first, pair.second].iter().all(|id| configurations[*id].not_converged.is_empty());
    let networks = if pair.difference.scope == Scope::Networks { ", these networks" } else { "" };
    let mut row = vec![
        configurations[pair.first].name.as_str().into(),
        configurations[pair.second].name.as_str().into(),
        match pair.family {
            PairFamily::Primary => "primary",
            PairFamily::Secondary => "secondary",
        }
        .into(),
        format!(
            "{}{networks}{}",
            word(pair.verdict, pair.difference.difference),
            if converged { "" } else { " (not converged)" }
        )
        .into(),
        Cell::ordered(signed_points(difference), difference),
        between(&interval),
        p_cell(Some(p)),
        p_cell(Some(pair.corrected_p)),
        p_cell(Some(pair.equivalence.p)),
        p_cell(Some(pair.noninferiority.p)),
    ];
    for rate in [pair.sensitivity, pair.specificity] {
        match rate.map(|rate| rate.difference) {
            Some(MeanDifference { difference, interval, .. }) => {
                row.extend([Cell::ordered(signed_points(difference), difference), between(&interval)]);
            }
            None => row.extend([NONE.into(), NONE.into()]),
        }
    }
    row.extend([
        flipped(pair.first_only),
        flipped(pair.second_only),
        p_cell(pair.mcnemar.map(|test| test.p)),
        number(area.map_or_else(String::new, signed_four), area),
        p_cell(pair.area.and_then(|area| area.p)),
    ]);
    row
}

fn between(interval: &Interval) -> Cell {
    Cell::ordered(
        format!("{} to {}", signed_points(interval.lower), signed_points(interval.upper)),
        interval.lower,
    )
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
    fn very_many_comparisons_say_how_many_there_are() {
        let caption = found(&fixture::many(120)).caption;
        assert!(caption.contains("119 comparisons with the best by validation are secondary."), "{caption}");
        assert!(caption.contains(" 19 more comparisons were made"), "{caption}");
    }

    #[test]
    fn the_table_has_a_row_per_sentence_and_says_what_its_tests_assume() {
        let table = found(&fixture::ranks());
        assert_eq!(table.rows.len(), 5);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert!(
            table.caption.contains(
                " 3 comparisons with the baseline are primary. 2 comparisons with the best by validation are secondary. "
            ),
            "{}",
            table.caption
        );
        assert!(!table.caption.contains("several seeds") && table.caption.contains("\"These networks\""));
        let text: Vec<&str> = table.rows[1].iter().map(|cell| cell.text.as_str()).collect();
        let verdict = "inconclusive, these networks";
        assert_eq!(text[..5], ["model_5 · block5 · rank 5", "model_4", "primary", verdict, "+1.00"]);
        assert_eq!(text[14..17], ["2", "0", "0.500"]);
    }
}
