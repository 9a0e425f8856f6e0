//! Series of ranks and of layers: which member is enough.

use ranklab_stats::{Scored, SeriesComparison, compare_series};

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::intervals::Measured;
use crate::options::Options;

/// A series in words, of its members from small to large.
struct Words {
    /// How small a member is: `smallest rank`.
    smallest: &'static str,
    /// All members.
    all: &'static str,
}

const RANKS: Words = Words { smallest: "smallest rank", all: "ranks" };
const LAYERS: Words =
    Words { smallest: "choice of layers with the fewest trainable parameters", all: "choices of layers" };

/// Most members whose pairs are all tested.
const MEMBERS: usize = 100;
/// Series told before the rest is only counted.
const TOLD: usize = 24;
/// Members listed by name before the rest is only counted.
const LISTED: usize = 16;

/// A group's member of a series: the series' key, its size and its name.
type Member = fn(&Group) -> Option<(String, i64, String)>;

/// One sentence per series of configurations that differ in rank only, then in layers only.
pub(crate) fn sentences(groups: &[Group], measured: &[Measured], options: &Options) -> Vec<String> {
    let kinds: [(Words, Member); 2] = [(RANKS, by_rank), (LAYERS, by_layers)];
    let all = kinds.iter().flat_map(|(words, member)| of_kind(groups, measured, options, words, *member));
    let mut all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(TOLD);
    if more > 0 {
        all.truncate(TOLD);
        all.push(format!("{more} more series are not told. Report fewer runs to read of them."));
    }
    all
}

fn by_rank(group: &Group) -> Option<(String, i64, String)> {
    let rank = group.first.start.rank.filter(|rank| *rank > 0)?;
    Some((group.series.clone(), rank, format!("rank {rank}")))
}

fn by_layers(group: &Group) -> Option<(String, i64, String)> {
    let layers = group.first.start.layers.as_ref()?;
    let key = group.name.replacen(&format!(" · {layers}"), "", 1);
    Some((key, group.first.start.trainable_parameters, layers.clone()))
}

fn of_kind(
    groups: &[Group],
    measured: &[Measured],
    options: &Options,
    words: &Words,
    member: Member,
) -> Vec<String> {
    /// Size, name and cells of a member.
    type Sized<'a> = (i64, String, &'a TestCells);
    // Members of one key on the same cells.
    let mut series: Vec<(String, Vec<Sized<'_>>)> = Vec::new();
    for (group, one) in groups.iter().zip(measured) {
        let (Some((key, size, name)), Ok(cells)) = (member(group), &one.cells) else { continue };
        match series.iter_mut().find(|(known, list)| *known == key && list[0].2.are_those_of(cells)) {
            Some((_, list)) => list.push((size, name, cells)),
            None => series.push((key, vec![(size, name, cells)])),
        }
    }
    let told = series.iter_mut().filter(|(_, list)| list.len() > 1).filter_map(|(key, list)| {
        list.sort_by_key(|one| one.0);
        if list.len() > MEMBERS {
            return Some(format!(
                "{key}: {} {} are too many to be tested pair by pair. Report at most {MEMBERS} of them.",
                list.len(),
                words.all
            ));
        }
        let scores: Vec<Scored<'_>> = list.iter().map(|(_, _, cells)| cells.scored()).collect();
        let units = list[0].2.units(list[1].2);
        let found = compare_series(&scores, &units, options.margin, options.alpha).ok()?;
        let names: Vec<&str> = list.iter().map(|(_, name, _)| name.as_str()).collect();
        let told = tell(key, &names, &found, words, options);
        Some(told + once(list.iter().map(|(_, _, cells)| cells.repeats.len())))
    });
    told.collect()
}

/// What a series says less where members were trained once.
fn once(repeats: impl Iterator<Item = usize> + Clone) -> &'static str {
    match (repeats.clone().all(|repeats| repeats == 1), repeats.min()) {
        (true, _) => " Each was trained with one seed: this holds for these trained networks only.",
        (false, Some(1)) => " Some were trained with one seed: of them this holds as trained here only.",
        _ => "",
    }
}

/// The names, of many the first.
fn listed(names: &[&str]) -> String {
    let first = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn tell(key: &str, names: &[&str], found: &SeriesComparison, words: &Words, options: &Options) -> String {
    let margin = options.margin_in_points();
    let (best, enough) = (found.best, found.smallest_within_margin);
    let shown = |place: usize| {
        found.members[place].against_best.is_none_or(|against| against.noninferiority.noninferior)
    };
    let members = listed(names);
    if best == 0 {
        return format!(
            "{key}: {}, the {}, has the highest accuracy of all {} compared ({members}).",
            names[0], words.smallest, words.all
        );
    }
    if enough == best {
        return format!(
            "{key}: no smaller member than the best, {}, is shown to lose less than {margin} of accuracy to it; a \
             real loss and too few patients or seeds can both be the reason ({} compared: {members}).",
            names[best], words.all
        );
    }
    let all = if (0..names.len()).all(shown) {
        format!(" All {} compared are shown to lose less than that ({members}).", words.all)
    } else {
        let open: Vec<&str> =
            (0..names.len()).filter(|place| !shown(*place)).map(|place| names[place]).collect();
        format!(" Not shown of {}.", listed(&open))
    };
    let corrected = if names.len() > 2 {
        format!(", corrected for {} comparisons", names.len() - 1)
    } else {
        String::new()
    };
    format!(
        "{key}: {} is the {} shown to lose less than {margin} of accuracy to the best, {}{corrected}.{all}",
        names[enough], words.smallest, names[best]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::data::ReportData;
    use crate::fixture;
    use crate::intervals::measure;

    fn said(data: &ReportData) -> Vec<String> {
        let groups = compare(data).unwrap();
        sentences(&groups, &measure(data, &groups), &data.options)
    }

    #[test]
    fn the_smallest_rank_that_is_enough_is_named() {
        let said = said(&fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)]));
        assert_eq!(
            said,
            [
                "model_5 · block5: rank 5 is the smallest rank shown to lose less than 1 point of accuracy to the best, rank 16, corrected for 3 comparisons. Not shown of rank 1. Each was trained with one seed: this holds for these trained networks only."
            ]
        );
    }

    #[test]
    fn all_ranks_and_no_smaller_rank_have_their_own_words() {
        let all = said(&fixture::series(&[(1, 42), (5, 41), (16, 40)])).remove(0);
        assert!(all.contains("rank 1 is the smallest rank shown"), "{all}");
        assert!(
            all.contains("All ranks compared are shown to lose less than that (rank 1, rank 5, rank 16).")
        );
        let none = said(&fixture::series(&[(1, 300), (5, 200), (16, 40)])).remove(0);
        assert!(
            none.starts_with("model_5 · block5: no smaller member than the best, rank 16, is shown"),
            "{none}"
        );
        let first = said(&fixture::series(&[(1, 40), (5, 200)])).remove(0);
        assert!(first.starts_with("model_5 · block5: rank 1, the smallest rank, has the highest accuracy"));
    }

    #[test]
    fn only_seeds_make_a_series_speak_of_other_seeds() {
        let seeds = said(&fixture::seed_series(&[(1, [42, 44, 43]), (5, [41, 42, 40])])).remove(0);
        assert!(
            seeds.contains("rank 1 is the smallest rank shown to lose") && !seeds.contains("one seed"),
            "{seeds}"
        );
        let mut data = fixture::seed_series(&[(1, [42, 44, 43]), (5, [41, 42, 40])]);
        data.runs.truncate(4);
        assert!(
            said(&data)[0]
                .ends_with("Some were trained with one seed: of them this holds as trained here only.")
        );
        let apart = said(&fixture::seed_series(&[(1, [42, 200, 600]), (5, [41, 42, 40])])).remove(0);
        assert!(apart.contains("no smaller member than the best, rank 5, is shown"), "{apart}");
    }

    #[test]
    fn layers_at_one_rank_are_a_series_by_their_parameters() {
        let mut data = fixture::series(&[(5, 42), (5, 40)]);
        data.runs[0].row.start.layers = Some("block5_conv3".into());
        data.runs[0].row.start.trainable_parameters = 1_000_000;
        let said = said(&data);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with(
            "model_5 · rank 5: block5_conv3 is the choice of layers with the fewest trainable parameters shown to lose"
        ));
    }

    #[test]
    fn a_series_too_long_to_be_tested_says_so() {
        assert_eq!(
            said(&fixture::many(101)),
            [
                "model_5 · block5: 101 ranks are too many to be tested pair by pair. Report at most 100 of them."
            ]
        );
        let long = said(&fixture::many(40)).remove(0);
        assert!(long.contains("rank 16 and 24 more"), "{long}");
    }

    #[test]
    fn single_ranks_and_other_cells_make_no_series() {
        assert!(said(&fixture::against_classical(40, 41)).is_empty());
        let mut data = fixture::series(&[(1, 40), (5, 41)]);
        data.runs[0].row.start.image_set_hash = "another".into();
        assert!(said(&data).is_empty());
    }
}
