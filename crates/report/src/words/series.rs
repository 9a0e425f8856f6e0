//! Series of ranks and of layers: which member is enough.

use crate::analysis::{
    AllSeries, Analysis, Configuration, ConfigurationSeries, Member, SERIES_MEMBERS, SeriesKind,
    SeriesOutcome,
};

use super::convergence::caveat;
use super::format::{count, margin_in_points, signed_points};

/// Members listed by name before the rest is only counted.
const LISTED: usize = 16;

/// The words for a series.
struct Words {
    /// How small a member is: `smallest rank`.
    smallest: &'static str,
    /// All members.
    all: &'static str,
}

const RANKS: Words = Words { smallest: "smallest rank", all: "ranks" };
const LAYERS: Words =
    Words { smallest: "choice of layers with the fewest trainable parameters", all: "choices of layers" };

/// A series with its words.
struct Spoken<'a> {
    analysis: &'a Analysis,
    /// What its members share.
    key: &'a str,
    words: &'static Words,
    kind: SeriesKind,
    members: &'a [Member],
}

/// One sentence per series of configurations that differ in rank only, then in layers only.
pub(crate) fn sentences(analysis: &Analysis) -> Vec<String> {
    let AllSeries { series, left_out, .. } = &analysis.series;
    let mut sentences: Vec<String> = series.iter().map(|one| sentence(analysis, one)).collect();
    if *left_out > 0 {
        sentences.push(format!("{left_out} more series are left out. Report fewer runs to include them."));
    }
    sentences.extend(one_seed(analysis));
    sentences
}

/// The caveat for series whose members were trained with one seed, once for all of them.
fn one_seed(analysis: &Analysis) -> Option<String> {
    let is_compared = |one: &&ConfigurationSeries| matches!(one.outcome, SeriesOutcome::Compared { .. });
    let members = analysis.series.series.iter().filter(is_compared).flat_map(|one| &one.members);
    let seeds =
        members.filter_map(|member| Some(analysis.configurations[member.configuration].tested()?.seeds));
    let (mut with_one, mut all) = (0, 0);
    for seeds in seeds {
        all += 1;
        with_one += usize::from(seeds == 1);
    }
    match with_one {
        0 => None,
        with_one if with_one == all => Some(
            "The ranks and layers compared were trained with one seed each: what is said of them holds for the trained networks only.".to_owned(),
        ),
        _ => Some(
            "Some of the ranks and layers compared were trained with one seed: what is said of them holds for the trained networks only."
                .to_owned(),
        ),
    }
}

fn sentence(analysis: &Analysis, series: &ConfigurationSeries) -> String {
    let first = series.members.first().map(|member| &analysis.configurations[member.configuration]);
    let (words, key) = match series.kind {
        SeriesKind::Ranks => (&RANKS, first.map_or("", |one| &one.without_rank)),
        SeriesKind::Layers => (&LAYERS, first.map_or("", |one| &one.without_layers)),
    };
    let spoken = Spoken { analysis, key, words, kind: series.kind, members: &series.members };
    match &series.outcome {
        SeriesOutcome::TooManyPairs => format!(
            "{key}: its {} are not tested, as the series before have as many pairs as a report tests. Report \
             fewer runs.",
            words.all
        ),
        SeriesOutcome::TooManyMembers => format!(
            "{key}: {} {} are too many to be tested pair by pair. Report at most {SERIES_MEMBERS} of them.",
            series.members.len(),
            words.all
        ),
        SeriesOutcome::Failed { reason } => format!("{key}: the {} are not compared: {reason}.", words.all),
        SeriesOutcome::Compared { best, smallest_within_margin } => {
            spoken.enough(*best, *smallest_within_margin)
                + &spoken.shown_worse(*best)
                + &caveat(spoken.configurations())
        }
    }
}

impl Spoken<'_> {
    fn configurations(&self) -> impl Iterator<Item = &Configuration> + Clone {
        self.members.iter().map(|member| &self.analysis.configurations[member.configuration])
    }

    /// The member's name within its series.
    fn name(&self, member: &Member) -> String {
        let start = &self.analysis.configurations[member.configuration].start;
        match self.kind {
            SeriesKind::Ranks => format!("rank {}", member.size),
            SeriesKind::Layers => start.layers.clone().unwrap_or_default(),
        }
    }

    /// Which member loses no more than the margin.
    fn enough(&self, best: usize, enough: usize) -> String {
        let Self { key, words, members, .. } = self;
        let names: Vec<String> = members.iter().map(|member| self.name(member)).collect();
        let margin = margin_in_points(&self.analysis.options);
        let is_shown =
            |member: &Member| member.against_best.is_none_or(|against| against.noninferiority.noninferior);
        let listed_members = listed(&names);
        if best == 0 {
            return format!(
                "{key}: {}, the {}, has the highest accuracy of all {} compared ({listed_members}).",
                names[0], words.smallest, words.all
            );
        }
        if enough == best {
            return format!(
                "{key}: inconclusive. Nothing smaller than the best, {}, is shown to lose less than {margin} of accuracy to it: \
                 either it loses more, or there are too few patients or seeds ({} compared: {listed_members}).",
                names[best], words.all
            );
        }
        let open: Vec<String> =
            members.iter().filter(|member| !is_shown(member)).map(|member| self.name(member)).collect();
        let all = if open.is_empty() {
            format!(" All {} compared are shown to lose less than that ({listed_members}).", words.all)
        } else {
            format!(" Not shown for {}.", listed(&open))
        };
        let corrected = match self.analysis.series.corrected_for {
            0 | 1 => String::new(),
            several => format!(", corrected for {}", count(several, "comparison")),
        };
        format!(
            "{key}: {} is the {} shown to lose less than {margin} of accuracy to the best, {}{corrected}.{all}",
            names[enough], words.smallest, names[best]
        )
    }

    /// Which differences from the best stand after correction over all pairs of the report.
    fn shown_worse(&self, best: usize) -> String {
        let against: Vec<_> = self
            .members
            .iter()
            .filter_map(|member| Some((member, member.against_best?.difference)))
            .collect();
        if against.iter().any(|(member, _)| member.corrected_p.is_none()) {
            // Too many pairs were made for all of them to be tested.
            return String::new();
        }
        let worse: Vec<String> = against
            .iter()
            .filter(|(member, found)| {
                member.corrected_p.is_some_and(|p| p < self.analysis.options.alpha)
                    && found.difference > 0.0
                    && !found.interval.contains(0.0)
            })
            .map(|(member, found)| {
                format!("{} ({} points)", self.name(member), signed_points(-found.difference))
            })
            .collect();
        let best = self.name(&self.members[best]);
        if worse.is_empty() {
            format!(" None is shown worse than {best}.")
        } else {
            format!(" Shown worse than {best}: {}.", listed(&worse))
        }
    }
}

/// The names, of many the first.
fn listed(names: &[String]) -> String {
    let first = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn said(data: &ReportData) -> Vec<String> {
        sentences(&analyse(data).unwrap())
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

    #[test]
    fn what_series_say() {
        let named = |name: &str, data: &ReportData| format!("{name}:\n{}", said(data).join("\n"));
        let mut mixed = fixture::seed_series(&[(1, [42, 44, 43]), (5, [41, 42, 40])]);
        mixed.runs.truncate(4);
        let mut layers = fixture::series(&[(5, 42), (5, 40)]);
        layers.runs[0].row.start.layers = Some("block5_conv3".into());
        layers.runs[0].row.start.trainable_parameters = 1_000_000;
        let texts = [
            named("a smaller rank", &fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)])),
            named("every rank", &fixture::series(&[(1, 42), (5, 41), (16, 40)])),
            named("no smaller rank", &fixture::series(&[(1, 300), (5, 200), (16, 40)])),
            named("the smallest rank is the best", &fixture::series(&[(1, 40), (5, 200)])),
            named("seeds", &fixture::seed_series(&[(1, [42, 44, 43]), (5, [41, 42, 40])])),
            named("seeds of one only", &mixed),
            named("layers", &layers),
            named("too many members", &fixture::many(101)),
            named("many members", &fixture::many(40)),
        ];
        fixture::check_snapshot("words_of_series", &texts.join("\n\n"));
    }
}
