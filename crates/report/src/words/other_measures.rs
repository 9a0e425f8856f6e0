//! Compared configurations in measures besides accuracy.

use ranklab_stats::{Bootstrap, Interval, THRESHOLD};

use crate::analysis::{Analysis, OtherMeasures};

use super::format::{NONE, confidence, count, signed_four, signed_points, thousands};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// A measure and how its differences are written.
struct Measure {
    title: &'static str,
    of: fn(&OtherMeasures) -> Option<Bootstrap>,
    write: fn(f64) -> String,
}

const MEASURES: [Measure; 3] = [
    Measure { title: "AUC", of: |pair| pair.area, write: signed_four },
    Measure { title: "sensitivity, points", of: |pair| pair.sensitivity, write: signed_points },
    Measure { title: "specificity, points", of: |pair| pair.specificity, write: signed_points },
];

/// The leading comparisons in other measures; `None` without any.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let Analysis { comparisons, other_measures, options, .. } = analysis;
    let fewest = other_measures.pairs.iter().map(|pair| pair.replicates).min()?;
    let mut columns = vec![Column::text("first"), Column::text("second")];
    for measure in MEASURES {
        columns.push(Column::number("difference").under(measure.title));
        columns.push(Column::number(&format!("{} interval", confidence(options))).under(measure.title));
    }
    let resampled: Vec<_> = comparisons
        .pairs
        .iter()
        .take(other_measures.of_pairs)
        .map(|pair| pair.difference.resampled)
        .collect();
    let more = match comparisons.pairs.len() - other_measures.of_pairs {
        0 => String::new(),
        more => format!(" {} of the table above are not shown.", count(more, "comparison")),
    };
    let caption = format!(
        "Differences in other measures, first − second on the same cells, sensitivity and specificity at a probability of {THRESHOLD}. \
         Intervals are percentiles of at least {} resamples of whole patients, the same resamples for both. With several seeds \
         their spread is added by Student's t (square root of the sum of squares). The intervals are not corrected for several \
         comparisons, and no verdict rests on them.{}{more}",
        thousands(i64::try_from(fewest).unwrap_or(i64::MAX)),
        few(&resampled)
    );
    Some(Table {
        caption,
        columns,
        rows: other_measures.pairs.iter().map(|pair| row(analysis, pair)).collect(),
    })
}

fn row(analysis: &Analysis, pair: &OtherMeasures) -> Vec<Cell> {
    let name = |id: usize| Cell::from(analysis.configurations[id].name.as_str());
    let mut row = vec![name(pair.first), name(pair.second)];
    for measure in MEASURES {
        let Some(Bootstrap { estimate, interval: Interval { lower, upper, .. }, .. }) = (measure.of)(pair)
        else {
            row.extend([NONE.into(), NONE.into()]);
            continue;
        };
        row.push(Cell::ordered((measure.write)(estimate), estimate));
        row.push(if lower < upper {
            Cell::ordered(format!("{} to {}", (measure.write)(lower), (measure.write)(upper)), lower)
        } else {
            // Equal in every resample: no statement on other patients.
            NONE.into()
        });
    }
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

    fn texts(table: &Table) -> Vec<Vec<&str>> {
        table.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect()
    }

    #[test]
    fn errors_among_the_parasitized_lower_sensitivity_alone() {
        let table = found(&fixture::against_classical(40, 400)).unwrap();
        let rows = texts(&table);
        assert_eq!(rows[0][..2], ["model_5 · block5 · rank 5", "model_4"]);
        // 360 of 2,000 parasitized cells more are missed, and no uninfected one.
        assert_eq!((rows[0][4], rows[0][6], rows[0][7]), ("−18.00", "0.00", "—"));
        let interval = &table.rows[0][5];
        assert!(interval.text.starts_with('−') && interval.order.unwrap() < -0.18, "{interval:?}");
        assert!(table.caption.contains("at least 1,000 resamples of whole patients"), "{}", table.caption);
    }

    #[test]
    fn seeds_that_differ_widen_the_intervals() {
        let width = |adapted| {
            let analysis = analyse(&fixture::large_seeds([40, 44, 42], adapted)).unwrap();
            let Interval { lower, upper, .. } =
                analysis.other_measures.pairs[0].sensitivity.unwrap().interval;
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
