//! Compared configurations in the area under the ROC curve.

use ranklab_settings::Words;
use ranklab_stats::{Bootstrap, Interval};

use crate::analysis::{Analysis, OtherMeasures};

use super::format::{NONE, confidence, count, signed_four, thousands};
use super::intervals::{few, few_to_resample};
use super::table::{Cell, Column, Table};

/// The leading comparisons in the area under the ROC curve; `None` without any.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let Analysis { comparisons, other_measures, options, .. } = analysis;
    let fewest = other_measures.pairs.iter().map(|pair| pair.replicates).min()?;
    let columns = vec![
        Column::text("first"),
        Column::text("second"),
        Column::number("difference").under("AUC"),
        Column::number(&format!("{} interval", confidence(options))).under("AUC"),
    ];
    let leading = comparisons.pairs.iter().take(other_measures.of_pairs);
    let resampled: Vec<_> = leading.map(|pair| pair.difference.concentration.resampled).collect();
    let more = match comparisons.pairs.len() - other_measures.of_pairs {
        0 => String::new(),
        more => format!(" {} of the table above are not shown.", count(more, "comparison")),
    };
    let Words { groups, images, .. } = analysis.nouns.words();
    let is_folded = |id: usize| analysis.configurations[id].tested().is_some_and(|tested| tested.folds > 1);
    let folds = if other_measures.pairs.iter().any(|pair| is_folded(pair.first) || is_folded(pair.second)) {
        format!(" The AUC is computed within each fold, whose {images} one network called, and averaged.")
    } else {
        String::new()
    };
    let caption = format!(
        "Differences in area under the ROC curve, first − second on the same {images}.{folds} Intervals are percentiles of at least {} \
         resamples of whole {groups}, the same resamples for both. With several seeds their spread is added by Student's t \
         (square root of the sum of squares). The intervals are not corrected for several comparisons, and no verdict rests on \
         them.{}{more}",
        thousands(i64::try_from(fewest).unwrap_or(i64::MAX)),
        few(&resampled, &analysis.nouns) + &few_to_resample(&resampled, &analysis.nouns)
    );
    let rows = other_measures.pairs.iter().map(|pair| row(analysis, pair)).collect();
    Some(Table { caption, columns, rows })
}

fn row(analysis: &Analysis, pair: &OtherMeasures) -> Vec<Cell> {
    let name = |id: usize| Cell::from(analysis.configurations[id].name.as_str());
    let mut row = vec![name(pair.first), name(pair.second)];
    let Some(Bootstrap { estimate, interval: Interval { lower, upper, .. }, .. }) = pair.area else {
        row.extend([NONE.into(), NONE.into()]);
        return row;
    };
    row.push(Cell::ordered(signed_four(estimate), estimate));
    row.push(if lower < upper {
        Cell::ordered(format!("{} to {}", signed_four(lower), signed_four(upper)), lower)
    } else {
        // Equal in every resample: no statement on other patients.
        NONE.into()
    });
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> Option<Table> {
        table(&analyse(data).unwrap())
    }

    #[test]
    fn a_lower_area_has_an_interval_below_zero() {
        let table = found(&fixture::against_classical(40, 400)).unwrap();
        let row: Vec<&str> = table.rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(row[..2], ["model_5 · block5 · rank 5", "model_4"]);
        let interval = &table.rows[0][3];
        assert!(row[2].starts_with('−') && interval.order.unwrap() < 0.0, "{interval:?}");
        assert!(table.caption.contains("at least 1,000 resamples of whole patients"), "{}", table.caption);
        assert!(found(&fixture::folds()).unwrap().caption.contains("within each fold"));
    }

    #[test]
    fn seeds_that_differ_widen_the_intervals() {
        let width = |adapted| {
            let analysis = analyse(&fixture::large_seeds([40, 44, 42], adapted)).unwrap();
            let Interval { lower, upper, .. } = analysis.other_measures.pairs[0].area.unwrap().interval;
            upper - lower
        };
        assert!(width([42, 800, 373]) > 3.0 * width([400, 405, 410]));
    }

    #[test]
    fn without_comparisons_there_is_none_and_of_many_the_rest_is_counted() {
        let mut data = fixture::ranks();
        let table = found(&fixture::many(20)).unwrap();
        assert_eq!(table.rows.len(), 12);
        assert!(
            table.caption.ends_with("7 comparisons of the table above are not shown."),
            "{}",
            table.caption
        );
        data.runs.truncate(1);
        assert_eq!(found(&data), None);
    }
}
