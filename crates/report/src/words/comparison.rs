//! The comparison table: one row per configuration.

use ranklab_stats::{Interval, Summary};

use crate::analysis::{Analysis, Configuration, Measures, spread, written};

use super::format::{self, NONE, confidence, thousands};
use super::intervals;
use super::table::{Cell, Column, Table};

/// Which end of a column is the best.
#[derive(Clone, Copy, PartialEq)]
enum Best {
    Highest,
    /// Of those that were tested on the same cells.
    HighestOnItsCells,
    Lowest,
    Neither,
}

/// The comparison table. Columns that say nothing here are left out.
pub(crate) fn table(analysis: &Analysis) -> Table {
    let configurations = &analysis.configurations;
    let mut columns = Vec::new();
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); configurations.len()];
    let mut words = |title: &str, of: &dyn Fn(&Configuration) -> Option<String>, always: bool| {
        if always || configurations.iter().any(|one| of(one).is_some()) {
            columns.push(Column::text(title));
            for (row, one) in cells.iter_mut().zip(configurations) {
                row.push(of(one).unwrap_or_else(|| NONE.to_owned()).into());
            }
        }
    };
    words("model", &|one| Some(one.start.model.clone()), true);
    words("layers", &|one| one.start.layers.clone(), false);
    words("rank", &|one| one.start.ranks.clone(), false);
    words("preset", &|one| one.start.preset.clone(), false);
    words("settings", &|one| Some(written(&one.differing)).filter(|text| !text.is_empty()), false);
    words("runs", &|one| Some(one.runs.len().to_string()), true);
    words("seeds", &|one| Some(one.tested()?.seeds.to_string()), false);
    for column in columns.iter_mut().filter(|column| ["runs", "seeds"].contains(&column.title.as_str())) {
        column.numeric = true;
    }
    if configurations.iter().any(|one| one.validation.is_some()) {
        columns.push(Column::number("validation accuracy, %"));
        for (row, one) in cells.iter_mut().zip(configurations) {
            row.push(one.validation.map_or_else(
                || NONE.into(),
                |found| Cell::ordered(format::percent(found.accuracy), found.accuracy),
            ));
        }
    }
    let everything: Vec<Vec<usize>> = vec![(0..configurations.len()).collect()];
    let on_the_same_cells: Vec<Vec<usize>> =
        analysis.test_sets.iter().map(|set| set.configurations.clone()).collect();
    let several_sets = on_the_same_cells.len() > 1;
    let mut numbers = |title: &str, best: Best, of: &dyn Fn(&Configuration) -> Option<(f64, String)>| {
        columns.push(Column::number(title));
        let values: Vec<_> = configurations.iter().map(of).collect();
        let sets = if best == Best::HighestOnItsCells { &on_the_same_cells } else { &everything };
        let mut winners = vec![None; configurations.len()];
        for set in sets {
            let winner = winner(&set.iter().map(|id| values[*id].as_ref()).collect::<Vec<_>>(), best);
            set.iter().for_each(|id| winners[*id].clone_from(&winner));
        }
        for ((row, value), winner) in cells.iter_mut().zip(values).zip(winners) {
            let order = value.as_ref().map(|(order, _)| *order);
            let text = value.map_or_else(|| NONE.to_owned(), |(_, text)| text);
            let best = winner.as_ref() == Some(&text);
            row.push(Cell { text, best, order, note: None });
        }
    };
    for Quality { title, name, of, interval, format } in QUALITIES {
        numbers(title, Best::HighestOnItsCells, &|one| {
            of(&one.measures).map(|summary| (summary.mean, format::spread(Some(summary), format)))
        });
        if configurations.iter().any(|one| interval(one).is_some()) {
            let title = format!("{} interval, {name}", confidence(&analysis.options));
            numbers(&title, Best::Neither, &|one| {
                let interval = interval(one)?;
                Some((interval.lower, format!("{} to {}", format(interval.lower), format(interval.upper))))
            });
        }
    }
    let whole = |value: i64| Some((value as f64, thousands(value)));
    numbers("trainable parameters", Best::Lowest, &|one| whole(one.start.trainable_parameters));
    numbers("in adapters", Best::Neither, &|one| whole(one.start.adapter_parameters));
    numbers("frozen parameters", Best::Neither, &|one| whole(one.start.frozen_parameters));
    let mean = |summary: Option<Summary>, format: fn(f64) -> String| {
        summary.map(|summary| (summary.mean, format(summary.mean)))
    };
    numbers("training time", Best::Lowest, &|one| mean(one.measures.train_seconds, format::seconds));
    numbers("images/s", Best::Highest, &|one| mean(one.measures.images_per_second, format::rate));
    numbers("peak memory", Best::Lowest, &|one| mean(one.measures.peak_memory, format::bytes));
    Table {
        caption: caption(analysis, several_sets)
            + &intervals::note(configurations, &analysis.options, &analysis.nouns),
        columns,
        rows: cells,
    }
}

/// A measured quality, and how its column is written.
struct Quality {
    title: &'static str,
    /// The title without its unit.
    name: &'static str,
    of: fn(&Measures) -> Option<Summary>,
    interval: fn(&Configuration) -> Option<Interval>,
    format: fn(f64) -> String,
}

const QUALITIES: [Quality; 5] = [
    Quality {
        title: "accuracy, %",
        name: "accuracy",
        of: |measures| measures.accuracy,
        interval: |one| one.accuracy_interval.map(|found| found.interval),
        format: format::percent,
    },
    Quality {
        title: "sensitivity, %",
        name: "sensitivity",
        of: |measures| measures.sensitivity,
        interval: |_| None,
        format: format::percent,
    },
    Quality {
        title: "specificity, %",
        name: "specificity",
        of: |measures| measures.specificity,
        interval: |_| None,
        format: format::percent,
    },
    Quality { title: "F1", name: "F1", of: |measures| measures.f1, interval: |_| None, format: format::four },
    Quality {
        title: "AUC",
        name: "AUC",
        of: |measures| measures.auc,
        interval: |one| spread(one.area_interval),
        format: format::four,
    },
];

/// The text of the best cell; `None` where there is nothing to win.
fn winner(values: &[Option<&(f64, String)>], best: Best) -> Option<String> {
    let known: Vec<&(f64, String)> = values.iter().copied().flatten().collect();
    let winner = match best {
        Best::Highest | Best::HighestOnItsCells => {
            known.iter().max_by(|one, other| one.0.total_cmp(&other.0))
        }
        Best::Lowest => known.iter().min_by(|one, other| one.0.total_cmp(&other.0)),
        Best::Neither => None,
    }?;
    known.iter().any(|(_, text)| *text != winner.1).then(|| winner.1.clone())
}

fn caption(analysis: &Analysis, several_sets: bool) -> String {
    let images = &analysis.nouns.image.many;
    let mut caption = format!(
        "Test results per configuration; {} is the positive class.",
        analysis.class_names.positive_word()
    );
    if analysis.configurations.iter().any(|one| one.runs.len() > 1) {
        caption += &format!(
            " Several runs differ in seed or fold only. Quality is the mean ± sample standard deviation over seeds, the {images} of \
             all folds together; time, speed and memory are means over runs."
        );
    }
    if analysis.configurations.len() > 1 {
        caption += " ★ marks the best value of a column as shown";
        if several_sets {
            caption += &format!(", of test results among those on the same {images}");
        }
        caption += "; by test figures this is descriptive, and chooses nothing.";
    }
    caption
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn shown(data: &ReportData) -> (Vec<Configuration>, Table) {
        let analysis = analyse(data).unwrap();
        let table = table(&analysis);
        (analysis.configurations, table)
    }

    fn won(values: &[Option<(f64, String)>], best: Best) -> Option<String> {
        winner(&values.iter().map(Option::as_ref).collect::<Vec<_>>(), best)
    }

    fn column(table: &Table, title: &str) -> Vec<String> {
        let place = table.columns.iter().position(|column| column.title == title).unwrap();
        table.rows.iter().map(|row| row[place].text.clone()).collect()
    }

    #[test]
    fn seeds_of_one_configuration_become_one_row_with_mean_and_spread() {
        let data = fixture::seeds();
        let (groups, table) = shown(&data);
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].runs.len(), groups[1].runs.len()), (3, 3));
        assert_eq!(column(&table, "accuracy, %"), ["96.00 ± 1.00", "97.00 ± 1.00"]);
        assert_eq!(column(&table, "runs"), ["3", "3"]);
    }

    #[test]
    fn ranks_are_ordered_as_numbers_and_only_the_best_is_marked() {
        let (_, table) = shown(&fixture::ranks());
        assert_eq!(column(&table, "rank"), ["—", "1", "5", "16"]);
        let place = table.columns.iter().position(|column| column.title == "accuracy, %").unwrap();
        let best: Vec<bool> = table.rows.iter().map(|row| row[place].best).collect();
        assert_eq!(best, [false, false, true, false]);
        let frozen = table.columns.iter().position(|column| column.title == "frozen parameters").unwrap();
        assert!(table.rows.iter().all(|row| !row[frozen].best));
    }

    #[test]
    fn the_best_on_other_test_cells_is_marked_as_well() {
        let mut data = fixture::ranks();
        data.runs[1].predictions.iter_mut().for_each(|row| row.image = format!("x{}", row.image).into());
        data.runs[3].predictions.iter_mut().for_each(|row| row.image = format!("x{}", row.image).into());
        let (_, table) = shown(&data);
        let place = table.columns.iter().position(|column| column.title == "accuracy, %").unwrap();
        let best: Vec<bool> = table.rows.iter().map(|row| row[place].best).collect();
        assert_eq!(best, [false, false, true, true]);
        assert!(table.caption.contains("of test results among those on the same cells"), "{}", table.caption);
    }

    #[test]
    fn a_diverged_run_has_dashes_instead_of_numbers() {
        let mut data = fixture::ranks();
        let result = data.runs[1].row.result.as_mut().unwrap();
        result.auc = None;
        result.test_accuracy = f64::NAN;
        data.runs[1].predictions[0].probability = f64::NAN;
        let (_, table) = shown(&data);
        assert_eq!(column(&table, "accuracy, %")[1], "—");
        assert_eq!(column(&table, "AUC")[1], "—");
    }

    #[test]
    fn equal_values_have_no_winner() {
        let value = |value: f64| Some((value, format::percent(value)));
        assert_eq!(won(&[value(0.9), value(0.9)], Best::Highest), None);
        assert_eq!(won(&[value(0.9)], Best::Highest), None);
        assert_eq!(won(&[value(0.9), None, value(0.8)], Best::Lowest), Some("80.00".into()));
    }

    #[test]
    fn an_interval_stands_beside_accuracy_and_auc_and_sorts_by_its_lower_end() {
        let (_, table) = shown(&fixture::ranks());
        let intervals = column(&table, "95 % interval, accuracy");
        assert!(intervals[0].starts_with("92.") && intervals[0].contains(" to 9"), "{intervals:?}");
        assert_eq!(column(&table, "95 % interval, AUC").len(), 4);
        let place =
            table.columns.iter().position(|column| column.title == "95 % interval, accuracy").unwrap();
        assert!((0.92..0.97).contains(&table.rows[0][place].order.unwrap()));
        assert!(table.caption.contains("resamples of 40 patients"));
    }
}
