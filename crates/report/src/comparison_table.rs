//! The comparison table: one row per configuration.

use crate::comparison::Group;
use crate::findings::sets_by_leakage;
use crate::format::{self, NONE, spread, thousands};
use crate::intervals::{self, Measured};
use crate::options::Options;
use crate::table::{Cell, Column as TableColumn, Table};
use ranklab_stats::Bootstrap;

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
pub(crate) fn table(groups: &[Group], measured: &[Measured], options: &Options) -> Table {
    let mut columns = Vec::new();
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); groups.len()];
    let mut words = |title: &str, of: &dyn Fn(&Group) -> Option<String>, always: bool| {
        if always || groups.iter().any(|group| of(group).is_some()) {
            columns.push(TableColumn::text(title));
            for (row, group) in cells.iter_mut().zip(groups) {
                row.push(of(group).unwrap_or_else(|| NONE.to_owned()).into());
            }
        }
    };
    words("model", &|group| Some(group.first.start.model.clone()), true);
    words("layers", &|group| group.first.start.layers.clone(), false);
    words("rank", &|group| group.first.start.ranks.clone(), false);
    words("preset", &|group| group.first.start.preset.clone(), false);
    words("settings", &|group| Some(group.settings.clone()).filter(|text| !text.is_empty()), false);
    words("runs", &|group| Some(group.runs.len().to_string()), true);
    if let Some(column) = columns.last_mut() {
        column.numeric = true;
    }
    let everything: Vec<Vec<usize>> = vec![(0..groups.len()).collect()];
    let on_the_same_cells = sets_by_leakage(groups, measured);
    let several_sets = on_the_same_cells.len() > 1;
    let mut numbers = |title: &str, best: Best, of: &dyn Fn(&Group) -> Option<(f64, String)>| {
        columns.push(TableColumn::number(title));
        let values: Vec<_> = groups.iter().map(of).collect();
        let sets = if best == Best::HighestOnItsCells { &on_the_same_cells } else { &everything };
        let mut winners = vec![None; groups.len()];
        for set in sets {
            let winner = winner(&set.iter().map(|place| values[*place].as_ref()).collect::<Vec<_>>(), best);
            set.iter().for_each(|place| winners[*place].clone_from(&winner));
        }
        for ((row, value), winner) in cells.iter_mut().zip(values).zip(winners) {
            let order = value.as_ref().map(|(order, _)| *order);
            let text = value.map_or_else(|| NONE.to_owned(), |(_, text)| text);
            let best = winner.as_ref() == Some(&text);
            row.push(Cell { text, best, order });
        }
    };
    let interval = |group: &Group, of: fn(&Measured) -> Option<Bootstrap>, format: fn(f64) -> String| {
        let place = groups.iter().position(|other| other.runs == group.runs)?;
        let interval = intervals::spread(of(measured.get(place)?))?;
        Some((interval.lower, format!("{} to {}", format(interval.lower), format(interval.upper))))
    };
    // A type for the pointers, which would otherwise each have their own.
    type Quality = (&'static str, &'static str, fn(f64) -> String);
    let qualities: [Quality; 5] = [
        ("accuracy, %", "accuracy", format::percent),
        ("sensitivity, %", "sensitivity", format::percent),
        ("specificity, %", "specificity", format::percent),
        ("F1", "f1", format::four),
        ("AUC", "auc", format::four),
    ];
    for (title, measure, format) in qualities {
        numbers(title, Best::HighestOnItsCells, &|group| {
            group.measure(measure).map(|summary| (summary.mean, spread(Some(summary), format)))
        });
        let of: fn(&Measured) -> Option<Bootstrap> = match measure {
            "accuracy" => |one| one.accuracy,
            "auc" => |one| one.area,
            _ => continue,
        };
        if measured.iter().any(|one| of(one).is_some()) {
            let title = format!("{} interval, {}", options.confidence(), title.trim_end_matches(", %"));
            numbers(&title, Best::Neither, &|group| interval(group, of, format));
        }
    }
    let whole = |value: i64| Some((value as f64, thousands(value)));
    numbers("trainable parameters", Best::Lowest, &|group| whole(group.first.start.trainable_parameters));
    numbers("in adapters", Best::Neither, &|group| whole(group.first.start.adapter_parameters));
    numbers("frozen parameters", Best::Neither, &|group| whole(group.first.start.frozen_parameters));
    let mean = |group: &Group, measure: &str, format: fn(f64) -> String| {
        group.measure(measure).map(|summary| (summary.mean, format(summary.mean)))
    };
    numbers("training time", Best::Lowest, &|group| mean(group, "train_seconds", format::seconds));
    numbers("images/s", Best::Highest, &|group| mean(group, "images_per_second", format::rate));
    numbers("peak memory", Best::Lowest, &|group| mean(group, "peak_memory", format::bytes));
    Table {
        caption: caption(groups, several_sets) + &intervals::note(measured, options),
        columns,
        rows: cells,
    }
}

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

fn caption(groups: &[Group], several_sets: bool) -> String {
    let mut caption = "Test results per configuration; parasitized is the positive class.".to_owned();
    if groups.iter().any(|group| group.runs.len() > 1) {
        caption += " Several runs differ in seed or fold only and are shown as mean ± sample standard deviation, time, speed and \
                    memory as mean.";
    }
    if groups.len() > 1 {
        caption += " ★ marks the best value of a column as shown";
        caption += if several_sets { ", of test results among those on the same cells." } else { "." };
    }
    caption
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::data::ReportData;
    use crate::fixture;

    fn shown(data: &ReportData) -> (Vec<Group>, Table) {
        let groups = compare(data).unwrap();
        let table = table(&groups, &intervals::measure(data, &groups), &data.options);
        (groups, table)
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
        assert!(intervals[0].starts_with("94.") && intervals[0].contains(" to 9"), "{intervals:?}");
        assert_eq!(column(&table, "95 % interval, AUC").len(), 4);
        let place =
            table.columns.iter().position(|column| column.title == "95 % interval, accuracy").unwrap();
        assert!((0.94..0.97).contains(&table.rows[0][place].order.unwrap()));
        assert!(table.caption.contains("resamples of 40 patients"));
    }
}
