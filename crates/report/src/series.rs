//! Series of ranks and of layers: which member is enough.

use ranklab_stats::{Scored, Series, SeriesComparison, compare_series_together};

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::convergence::caveat;
use crate::format::{count, signed_points};
use crate::intervals::Measured;
use crate::options::Options;
use crate::paired::Comparisons;

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
/// Most pairs of all series together; the series after these are not tested.
const PAIRS: usize = 4950;
/// Series told before the rest is only counted.
const TOLD: usize = 24;
/// Members listed by name before the rest is only counted.
const LISTED: usize = 16;

/// A group's member of a series: the series' key, its size and its name.
type Member = fn(&Group) -> Option<(String, i64, String)>;

/// The members of a series on the same cells, from small to large.
struct Told<'a> {
    key: String,
    words: &'static Words,
    members: Vec<SizedMember<'a>>,
}

/// Size, name, cells and place among the groups.
type SizedMember<'a> = (i64, String, &'a TestCells, usize);

/// One sentence per series of configurations that differ in rank only, then in layers only. Claims are
/// corrected over all series.
pub(crate) fn sentences(
    groups: &[Group],
    measured: &[Measured],
    comparisons: &Comparisons,
    options: &Options,
) -> Vec<String> {
    let mut all = of_kind(groups, measured, &RANKS, by_rank);
    all.extend(of_kind(groups, measured, &LAYERS, by_layers));
    let more = all.len().saturating_sub(TOLD);
    all.truncate(TOLD);
    let scores: Vec<Vec<Scored<'_>>> =
        all.iter().map(|one| one.members.iter().map(|(_, _, cells, _)| cells.scored()).collect()).collect();
    let mut left = PAIRS;
    let tested: Vec<bool> = all
        .iter()
        .map(|one| {
            let pairs = one.members.len() * (one.members.len() - 1) / 2;
            let fits = one.members.len() <= MEMBERS && pairs <= left;
            left -= if fits { pairs } else { 0 };
            fits
        })
        .collect();
    let inputs: Vec<Series<'_>> = all
        .iter()
        .zip(&scores)
        .zip(&tested)
        .filter(|(_, tested)| **tested)
        .map(|((one, scores), _)| Series { members: scores, units: one.members[0].2.units(one.members[1].2) })
        .collect();
    let mut found = compare_series_together(&inputs, options.margin, options.alpha).into_iter();
    let corrected_for: usize = inputs.iter().map(|series| series.members.len() - 1).sum();
    let mut told: Vec<String> = all
        .iter()
        .zip(&tested)
        .map(|(one, tested)| {
            let Told { key, words, members } = one;
            if !tested && members.len() <= MEMBERS {
                return format!(
                    "{key}: its {} are not tested, as the series before have as many pairs as a report tests. Report \
                     fewer runs.",
                    words.all
                );
            }
            if !tested {
                return format!(
                    "{key}: {} {} are too many to be tested pair by pair. Report at most {MEMBERS} of them.",
                    members.len(),
                    words.all
                );
            }
            match found.next() {
                Some(Ok(found)) => {
                    tell(one, &found, corrected_for, options)
                        + &shown_worse(one, &found, comparisons, options)
                        + once(members.iter().map(|(_, _, cells, _)| cells.seeds()))
                        + &caveat(members.iter().map(|(.., place)| &groups[*place]))
                }
                Some(Err(problem)) => format!("{key}: the {} are not compared: {problem}.", words.all),
                None => String::new(),
            }
        })
        .collect();
    if more > 0 {
        told.push(format!("{more} more series are not told. Report fewer runs to read of them."));
    }
    told
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

fn of_kind<'a>(
    groups: &[Group],
    measured: &'a [Measured],
    words: &'static Words,
    member: Member,
) -> Vec<Told<'a>> {
    let mut series: Vec<Told<'a>> = Vec::new();
    for (place, (group, one)) in groups.iter().zip(measured).enumerate() {
        let (Some((key, size, name)), Ok(cells)) = (member(group), &one.cells) else { continue };
        let known = |known: &&mut Told<'_>| known.key == key && known.members[0].2.are_those_of(cells);
        match series.iter_mut().find(known) {
            Some(known) => known.members.push((size, name, cells, place)),
            None => series.push(Told { key, words, members: vec![(size, name, cells, place)] }),
        }
    }
    series.retain(|one| one.members.len() > 1);
    series.iter_mut().for_each(|one| one.members.sort_by_key(|member| member.0));
    series
}

/// Which differences from the best stand after correction over all pairs of the report.
fn shown_worse(
    series: &Told<'_>,
    found: &SeriesComparison,
    comparisons: &Comparisons,
    options: &Options,
) -> String {
    let best = series.members[found.best].3;
    let p = |place: usize| {
        let (tested, other) = ((place, best), (best, place));
        comparisons.tested.get(&tested).or_else(|| comparisons.tested.get(&other)).copied()
    };
    let against: Vec<_> = series
        .members
        .iter()
        .zip(&found.members)
        .filter_map(|((_, name, _, place), member)| Some((name, p(*place), member.against_best?.difference)))
        .collect();
    if against.iter().any(|(_, p, _)| p.is_none()) {
        // Too many pairs were made for all of them to be tested.
        return String::new();
    }
    let worse: Vec<String> = against
        .iter()
        .filter(|(_, p, found)| {
            p.is_some_and(|p| p < options.alpha) && found.difference > 0.0 && !found.interval.contains(0.0)
        })
        .map(|(name, _, found)| format!("{name} ({} points)", signed_points(-found.difference)))
        .collect();
    let listed_worse = listed(&worse.iter().map(String::as_str).collect::<Vec<_>>());
    let best = &series.members[found.best].1;
    if worse.is_empty() {
        format!(" None is shown worse than {best}.")
    } else {
        format!(" Shown worse than {best}: {listed_worse}.")
    }
}

/// What a series says less where members were trained once.
fn once(seeds: impl Iterator<Item = usize> + Clone) -> &'static str {
    match (seeds.clone().all(|seeds| seeds == 1), seeds.min()) {
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

fn tell(series: &Told<'_>, found: &SeriesComparison, corrected_for: usize, options: &Options) -> String {
    let Told { key, words, members } = series;
    let names: Vec<&str> = members.iter().map(|(_, name, ..)| name.as_str()).collect();
    let margin = options.margin_in_points();
    let (best, enough) = (found.best, found.smallest_within_margin);
    let shown = |place: usize| {
        found.members[place].against_best.is_none_or(|against| against.noninferiority.noninferior)
    };
    let members = listed(&names);
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
    let corrected = if corrected_for > 1 {
        format!(", corrected for {}", count(corrected_for, "comparison"))
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
    use crate::paired::compare_pairs;

    fn said(data: &ReportData) -> Vec<String> {
        let groups = compare(data).unwrap();
        let measured = measure(data, &groups);
        let comparisons = compare_pairs(&groups, &measured, &data.options);
        sentences(&groups, &measured, &comparisons, &data.options)
    }

    #[test]
    fn the_smallest_rank_that_is_enough_is_named() {
        let said = said(&fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)]));
        assert_eq!(
            said,
            [
                "model_5 · block5: rank 5 is the smallest rank shown to lose less than 1 point of accuracy to the best, rank 16, corrected for 3 comparisons. Not shown of rank 1. Shown worse than rank 16: rank 1 (−6.50 points). Each was trained with one seed: this holds for these trained networks only."
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
    fn series_beyond_the_pairs_of_a_report_say_so() {
        let mut data = fixture::many(200);
        for run in &mut data.runs[100..] {
            run.row.start.layers = Some("block5_conv3".into());
            run.row.start.rank = run.row.start.rank.map(|rank| rank - 100);
            run.row.start.ranks = run.row.start.rank.map(|rank| rank.to_string());
        }
        let said = said(&data);
        assert!(
            said[0].starts_with("model_5 · block5: rank 1, the smallest rank, has the highest"),
            "{}",
            said[0]
        );
        assert!(
            said[1].starts_with("model_5 · block5_conv3: its ranks are not tested, as the series before"),
            "{}",
            said[1]
        );
    }

    #[test]
    fn single_ranks_and_other_cells_make_no_series() {
        assert!(said(&fixture::against_classical(40, 41)).is_empty());
        let mut data = fixture::series(&[(1, 40), (5, 41)]);
        data.runs[0].row.start.image_set_hash = "another".into();
        assert!(said(&data).is_empty());
    }
}
