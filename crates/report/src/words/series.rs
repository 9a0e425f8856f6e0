//! Series of ranks and of layers: which member is enough.

use ranklab_stats::{Scope, Verdict};

use crate::analysis::{AllSeries, Analysis, Configuration, ConfigurationSeries, Member, Pair, SeriesKind};

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
    series: &'a ConfigurationSeries,
}

/// One sentence per series of configurations that differ in rank only, then in layers only.
pub(crate) fn sentences(analysis: &Analysis) -> Vec<String> {
    let AllSeries { series, left_out } = &analysis.series;
    let mut sentences: Vec<String> = series.iter().map(|one| sentence(analysis, one)).collect();
    if *left_out > 0 {
        sentences.push(format!("{left_out} more series are left out. Report fewer runs to include them."));
    }
    sentences.extend(one_seed(analysis));
    sentences
}

/// The caveat for series whose members were compared with one seed, once for all of them.
fn one_seed(analysis: &Analysis) -> Option<String> {
    let members = analysis.series.series.iter().flat_map(|one| &one.members);
    let scopes: Vec<Scope> =
        members.filter_map(|member| Some(member.against_reference.as_ref()?.difference.scope)).collect();
    let of_networks = scopes.iter().filter(|scope| **scope == Scope::Networks).count();
    match of_networks {
        0 => None,
        all if all == scopes.len() => Some(
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
    let spoken = Spoken { analysis, key, words, series };
    spoken.enough() + &spoken.shown() + &caveat(spoken.configurations())
}

impl Spoken<'_> {
    fn configurations(&self) -> impl Iterator<Item = &Configuration> + Clone {
        let members = self.series.members.iter();
        members.map(|member| &self.analysis.configurations[member.configuration])
    }

    /// The member's name within its series.
    fn name(&self, member: &Member) -> String {
        let start = &self.analysis.configurations[member.configuration].start;
        match self.series.kind {
            SeriesKind::Ranks => format!("rank {}", member.size),
            SeriesKind::Layers => start.layers.clone().unwrap_or_default(),
        }
    }

    /// The reference: a member by its name in the series.
    fn reference(&self) -> String {
        let id = self.series.reference;
        let member = self.series.members.iter().find(|member| member.configuration == id);
        let name =
            member.map_or_else(|| self.analysis.configurations[id].name.clone(), |member| self.name(member));
        let role = if self.series.is_baseline { "the baseline" } else { "the best by validation" };
        format!("{role}, {name}")
    }

    /// Which member is not inferior to the reference by more than the margin.
    fn enough(&self) -> String {
        let groups = &self.analysis.nouns.group.many;
        let Self { key, words, series, .. } = self;
        let names: Vec<String> = series.members.iter().map(|member| self.name(member)).collect();
        let (margin, reference) = (margin_in_points(&self.analysis.options), self.reference());
        let all = format!("{} compared: {}", words.all, listed(&names));
        let pairs = || series.members.iter().filter_map(|member| member.against_reference.as_ref());
        let corrected = match pairs().next().map(|pair| self.analysis.comparisons.of_family(pair.family)) {
            None | Some(0 | 1) => String::new(),
            Some(several) => format!(", corrected for {}", count(several, "comparison")),
        };
        match series.smallest_not_inferior {
            Some(place) if series.members[place].configuration != series.reference => {
                let open: Vec<String> = series
                    .members
                    .iter()
                    .filter(|member| is_open(member.against_reference.as_ref()))
                    .map(|member| self.name(member))
                    .collect();
                let open = if open.is_empty() {
                    format!(" So are all {} ({}).", words.all, listed(&names))
                } else {
                    format!(" Not shown for {}.", listed(&open))
                };
                format!(
                    "{key}: {} is the {} shown non-inferior to {reference} (margin {margin} of accuracy{corrected}).{open}",
                    names[place], words.smallest
                )
            }
            Some(0) => format!("{key}: {reference}, is the {} itself ({all}).", words.smallest),
            _ => format!(
                "{key}: inconclusive. {} shown non-inferior to {reference} (margin {margin} of accuracy{corrected}): either it \
                 loses more, or there are too few {groups} or seeds ({all}).",
                if series.is_baseline { "None is" } else { "Nothing smaller is" }
            ),
        }
    }

    /// Which members are shown to be better or worse than the reference.
    fn shown(&self) -> String {
        let of = |verdict: Verdict| -> Vec<String> {
            let members = self.series.members.iter();
            let shown = members.filter_map(|member| {
                let pair = member.against_reference.as_ref().filter(|pair| pair.verdict == verdict)?;
                let difference = signed_points(pair.difference.difference);
                Some(format!("{} ({difference} points)", self.name(member)))
            });
            shown.collect()
        };
        let mut said = match of(Verdict::Worse).as_slice() {
            [] => " None is shown worse in accuracy.".to_owned(),
            shown => format!(" Shown worse: {}.", listed(shown)),
        };
        let better = of(Verdict::Better);
        if !better.is_empty() {
            said += &format!(" Shown better: {}.", listed(&better));
        }
        said
    }
}

/// Whether a member was compared and is not shown to be good enough.
fn is_open(pair: Option<&Pair>) -> bool {
    pair.is_some_and(|pair| !pair.noninferiority.noninferior)
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
        let mut against_classical = fixture::series(&[(1, 300), (5, 42), (16, 40)]);
        against_classical.options.margin = 0.03;
        against_classical.runs.push(fixture::against_classical(44, 0).runs.remove(0));
        against_classical.runs[3].row.id = 9;
        against_classical.runs[3].row.start.config_hash = "9".into();
        let texts = [
            named("a smaller rank", &fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)])),
            named("against model_4", &against_classical),
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
