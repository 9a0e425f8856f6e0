//! The same configuration under a random split and under a split by groups, side by side.

use ranklab_settings::Words;
use ranklab_stats::{MeanDifference, Resampled};

use crate::analysis::{Analysis, Configuration, SplitPair, written};

use super::convergence::caveat;
use super::format::{confidence, count, count_of, p_value, percent, signed_points, thousands};
use super::intervals::few;
use super::table::{Cell, Column, Table};

/// Settings that only say how cells were divided.
const SPLIT_SETTINGS: [&str; 4] = ["split", "folds", "test_fraction", "validation_fraction"];

/// Both splits of all configurations that have them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SplitSection {
    /// One sentence per configuration.
    pub(crate) sentences: Vec<String>,
    /// The comparisons in numbers.
    pub(crate) table: Table,
}

/// The section; `None` where no configuration was run under both splits.
pub(crate) fn section(analysis: &Analysis) -> Option<SplitSection> {
    if analysis.splits.is_empty() {
        return None;
    }
    let of_pair = |pair: &SplitPair| {
        let of = |id: usize| &analysis.configurations[id];
        sentence(analysis, pair) + &caveat([of(pair.random), of(pair.patient)])
    };
    Some(SplitSection { sentences: analysis.splits.iter().map(of_pair).collect(), table: table(analysis) })
}

/// The configuration's name without the split; with the settings of both where it stands more than once.
fn name(analysis: &Analysis, pair: &SplitPair) -> String {
    let (random, patient) = (&analysis.configurations[pair.random], &analysis.configurations[pair.patient]);
    let name = name_without_split(random);
    if !pair.is_one_of_several {
        return name;
    }
    // Other folds or other shares of test cells: the settings say which.
    format!("{name} ({} against {})", written(&random.differing), written(&patient.differing))
}

pub(crate) fn name_without_split(configuration: &Configuration) -> String {
    let start = &configuration.start;
    let rank = start.ranks.as_ref().map(|ranks| format!("rank {ranks}"));
    let differing = &configuration.differing;
    let settings = written(differing.iter().filter(|one| !SPLIT_SETTINGS.contains(&one.name.as_str())));
    let parts = [Some(start.model.clone()), start.layers.clone(), rank, Some(settings)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn sentence(analysis: &Analysis, pair: &SplitPair) -> String {
    let Analysis { configurations, splits, options, .. } = analysis;
    let all = splits.len();
    let MeanDifference { difference, interval, .. } = pair.difference;
    let shared = percent(pair.shared);
    let after =
        if all > 1 { format!(" after correction for {}", count(all, "comparison")) } else { String::new() };
    let equals = if pair.corrected_p < 0.001 { "" } else { "= " };
    let groups = &analysis.nouns.group.many;
    let numbers = format!(
        "{} % on a random split, {} % on new {groups}, difference {} points, {} interval {} to {}, p {equals}{}{after}",
        percent(pair.difference.first),
        percent(pair.difference.second),
        signed_points(difference),
        confidence(options),
        signed_points(interval.lower),
        signed_points(interval.upper),
        p_value(pair.corrected_p)
    );
    let shown = pair.corrected_p < options.alpha && !interval.contains(0.0);
    let seeds = |id: usize| configurations[id].tested().map_or(0, |tested| tested.seeds);
    let seeds = if seeds(pair.random).min(seeds(pair.patient)) > 1 { "" } else { ", one seed for a split" };
    let name = name(analysis, pair);
    let Words { groups, images, .. } = analysis.nouns.words();
    match (shown, difference > 0.0) {
        (true, true) => format!(
            "{name}: better on the random split than on new {groups} ({numbers}{seeds}). {shared} % of the random split's test \
             {images} come from {groups} with other {images} in training or validation; the lower figure is the estimate for new {groups}."
        ),
        (true, false) => format!(
            "{name}: worse on the random split than on new {groups} ({numbers}{seeds}). Shared {groups} would have \
             the opposite effect: the splits differ in how many {images} they train on and in which they test."
        ),
        (false, _) => format!(
            "{name}: inconclusive whether the split matters ({numbers}{seeds}). {shared} % of the random split's test \
             {images} come from {groups} with other {images} in training or validation, so its figure is no evidence for new {groups}."
        ),
    }
}

/// The configurations under both splits in numbers.
fn table(analysis: &Analysis) -> Table {
    let Analysis { configurations, splits: pairs, options, .. } = analysis;
    let interval = format!("{} interval", confidence(options));
    let Words { group, groups, images, .. } = analysis.nouns.words();
    let of_shared = format!("of {groups} in training or validation, %");
    let (by_group, less) = (format!("split by {group}"), format!("random − {group}"));
    let columns = vec![
        Column::text("configuration"),
        Column::number("accuracy, %").under("random split"),
        Column::number(images).under("random split"),
        Column::number(&of_shared).under("random split"),
        Column::number("accuracy, %").under(&by_group),
        Column::number(images).under(&by_group),
        Column::number("points").under(&less),
        Column::number(&interval).under(&less),
        Column::number("p, corrected").under(&less),
    ];
    let whole = |value: usize| Cell::ordered(thousands(value as i64), value as f64);
    let rows = pairs.iter().map(|pair| {
        let MeanDifference { first, second, difference, interval, .. } = pair.difference;
        let cells = |id: usize| whole(configurations[id].tested().map_or(0, |tested| tested.cells));
        vec![
            name(analysis, pair).into(),
            Cell::ordered(percent(first), first),
            cells(pair.random),
            Cell::ordered(percent(pair.shared), pair.shared),
            Cell::ordered(percent(second), second),
            cells(pair.patient),
            Cell::ordered(signed_points(difference), difference),
            Cell::ordered(
                format!("{} to {}", signed_points(interval.lower), signed_points(interval.upper)),
                interval.lower,
            ),
            Cell::ordered(p_value(pair.corrected_p), pair.corrected_p),
        ]
    });
    let rows = rows.collect();
    let resampled: Vec<Resampled> =
        pairs.iter().map(|pair| pair.difference.concentration.resampled).collect();
    let units = count_of(resampled.iter().map(|one| one.count()).max().unwrap_or(0), &analysis.nouns.group);
    let few = few(&resampled, &analysis.nouns);
    let caption = format!(
        "The same configurations under both splits. The splits test different {images}, so differences are not paired and their \
         intervals are wider. {} are the units ({units}); one that is tested under both splits counts once. With several \
         seeds the spread over seeds is added. p is Holm's over the configurations. A random split puts {images} of one {group} \
         into training and test. The figures cannot separate the effect of that from the effect of other training and test \
         {images}.{few}",
        analysis.nouns.group.capitals()
    );
    Table { caption, columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn found(data: &ReportData) -> Option<SplitSection> {
        section(&analyse(data).unwrap())
    }

    #[test]
    fn other_configurations_and_single_splits_are_not_set_side_by_side() {
        assert_eq!(found(&fixture::ranks()), None);
        let mut data = fixture::both_splits(40, 400);
        data.runs[1].row.start.config = data.runs[1].row.start.config.replace("0.005", "0.01");
        assert_eq!(found(&data), None);
    }

    #[test]
    fn what_splits_say() {
        let named =
            |name: &str, data: &ReportData| format!("{name}:\n{}", found(data).unwrap().sentences.join("\n"));
        let texts = [
            named("better on the random split", &fixture::both_splits(40, 400)),
            named("worse on the random split", &fixture::both_splits(400, 40)),
            named("open", &fixture::both_splits(40, 41)),
        ];
        fixture::check_snapshot("words_of_splits", &texts.join("\n\n"));
    }
}
