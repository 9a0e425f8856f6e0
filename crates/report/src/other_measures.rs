//! Compared configurations in measures besides accuracy: differences with intervals over patients and seeds.

use ranklab_stats::{
    Bootstrap, ConfusionMatrix, CountMetric, Interval, Metric, Resampling, THRESHOLD, paired_bootstrap,
    roc_auc,
};
use rayon::prelude::*;

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::format::{NONE, count, signed_four, signed_points, thousands};
use crate::intervals::{Measured, SEED, few};
use crate::options::Options;
use crate::paired::{Comparison, Comparisons};
use crate::table::{Cell, Column, Table};

/// Comparisons shown: each costs a bootstrap per measure.
const SHOWN: usize = 12;
/// Resamples of a difference at most, and cells over all resamples of a comparison.
const REPLICATES: usize = 1000;
const CELLS: usize = 40_000_000;
/// Fewest resamples that an interval is worth.
const FEWEST: usize = 200;

/// A measure, how its differences are written and how they are called.
struct Measure {
    title: &'static str,
    metric: fn() -> Metric<'static>,
    of_run: fn(&[u8], &[f64]) -> Option<f64>,
    write: fn(f64) -> String,
}

const MEASURES: [Measure; 3] = [
    Measure {
        title: "AUC",
        metric: || Metric::Area,
        of_run: |labels, run| roc_auc(labels, run).ok().flatten(),
        write: signed_four,
    },
    Measure {
        title: "sensitivity, points",
        metric: || Metric::counts(CountMetric::Sensitivity),
        of_run: |labels, run| of_counts(CountMetric::Sensitivity, labels, run),
        write: signed_points,
    },
    Measure {
        title: "specificity, points",
        metric: || Metric::counts(CountMetric::Specificity),
        of_run: |labels, run| of_counts(CountMetric::Specificity, labels, run),
        write: signed_points,
    },
];

fn of_counts(metric: CountMetric, labels: &[u8], run: &[f64]) -> Option<f64> {
    metric.of(&ConfusionMatrix::from_predictions(labels, run, THRESHOLD).ok()?)
}

/// The leading comparisons in other measures; `None` without any.
pub(crate) fn table(
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
    options: &Options,
) -> Option<Table> {
    let pairs = &comparisons.pairs[..comparisons.pairs.len().min(SHOWN)];
    let rows: Vec<(Vec<Cell>, usize)> =
        pairs.par_iter().filter_map(|pair| row(groups, measured, pair, options)).collect();
    let fewest = rows.iter().map(|(_, replicates)| *replicates).min()?;
    let mut columns = vec![Column::text("first"), Column::text("second")];
    for measure in MEASURES {
        columns.push(Column::number("difference").under(measure.title));
        columns.push(Column::number(&format!("{} interval", options.confidence())).under(measure.title));
    }
    let resampled: Vec<_> = pairs.iter().map(|pair| pair.difference.resampled).collect();
    let more = match comparisons.pairs.len() - pairs.len() {
        0 => String::new(),
        more => format!(" {} of the table above are not shown.", count(more, "comparison")),
    };
    let caption = format!(
        "Differences in other measures, first − second on the same cells, sensitivity and specificity at a probability of {THRESHOLD}. \
         Intervals are percentiles of at least {} resamples of whole patients, the same for both; of several seeds the spread is \
         joined by Student's t (square root of the sum of squares). They are not corrected for the number of comparisons, and no \
         verdict rests on them.{}{more}",
        thousands(i64::try_from(fewest).unwrap_or(i64::MAX)),
        few(&resampled)
    );
    Some(Table { caption, columns, rows: rows.into_iter().map(|(cells, _)| cells).collect() })
}

/// A comparison's cells and the resamples of its intervals; `None` where no measure can be compared.
fn row(
    groups: &[Group],
    measured: &[Measured],
    pair: &Comparison,
    options: &Options,
) -> Option<(Vec<Cell>, usize)> {
    let (Ok(first), Ok(second)) = (&measured[pair.first].cells, &measured[pair.second].cells) else {
        return None;
    };
    let cells = first.labels.len() * (first.repeats.len() + second.repeats.len()) * MEASURES.len();
    let replicates = options.replicates.min(REPLICATES).min((CELLS / cells.max(1)).max(FEWEST));
    let resampling = Resampling { replicates, seed: SEED, level: options.level() };
    let found = MEASURES.map(|measure| difference(first, second, &measure, &resampling));
    if found.iter().all(Option::is_none) {
        return None;
    }
    let mut row: Vec<Cell> =
        vec![groups[pair.first].name.as_str().into(), groups[pair.second].name.as_str().into()];
    for (measure, found) in MEASURES.iter().zip(found) {
        let Some(Bootstrap { estimate, interval: Interval { lower, upper, .. }, .. }) = found else {
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
    Some((row, replicates))
}

/// The difference over patients and, where there are several, over seeds of either configuration.
fn difference(
    first: &TestCells,
    second: &TestCells,
    measure: &Measure,
    resampling: &Resampling,
) -> Option<Bootstrap> {
    let of_seeds = |cells: &TestCells| {
        let values = cells.lists().into_iter().map(|run| (measure.of_run)(&cells.labels, run));
        values.collect::<Option<Vec<f64>>>().map(|values| cells.by_seed(&values))
    };
    let found = paired_bootstrap(
        (measure.metric)(),
        &first.labels,
        &first.lists(),
        &second.lists(),
        &first.clusters,
        resampling,
    );
    let over = found.ok().flatten()?.difference.over_runs(&of_seeds(first)?).ok()?;
    let mut over = over.over_runs(&of_seeds(second)?).ok()?;
    // Few seeds that differ much reach beyond what a difference of shares can be.
    let interval = &mut over.interval;
    (interval.lower, interval.upper) = (interval.lower.max(-1.0), interval.upper.min(1.0));
    Some(over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::data::ReportData;
    use crate::fixture;
    use crate::intervals::measure;
    use crate::paired::compare_pairs;

    fn found(data: &ReportData) -> Option<Table> {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        table(&groups, &measured, &compare_pairs(&groups, &measured, &data.options), &data.options)
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
            let table = found(&fixture::large_seeds([40, 44, 42], adapted)).unwrap();
            let text = table.rows[0][5].text.replace('−', "-").replace('+', "");
            let (lower, upper) = text.split_once(" to ").unwrap();
            upper.parse::<f64>().unwrap() - lower.parse::<f64>().unwrap()
        };
        assert!(width([42, 800, 373]) > 3.0 * width([400, 405, 410]));
    }

    #[test]
    fn without_comparisons_there_is_none_and_of_many_the_rest_is_counted() {
        let mut data = fixture::ranks();
        let table = found(&fixture::many(20)).unwrap();
        assert_eq!(table.rows.len(), SHOWN);
        assert!(
            table.caption.ends_with("7 comparisons of the table above are not shown."),
            "{}",
            table.caption
        );
        data.runs.truncate(1);
        assert_eq!(found(&data), None);
    }
}
