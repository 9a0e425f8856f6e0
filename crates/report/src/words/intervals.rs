//! Notes on the intervals of configurations: how they are computed and where they are too narrow.

use ranklab_settings::{Noun, Nouns, Words};
use ranklab_stats::Resampled;

use crate::analysis::{Configuration, Tested, spread};
use crate::options::Options;

use super::format::{confidence, count_of, thousands};

/// How the intervals are computed, in sentences; empty without intervals.
pub(crate) fn note(configurations: &[Configuration], options: &Options, nouns: &Nouns) -> String {
    let of: Vec<Resampled> =
        configurations.iter().filter_map(|one| Some(one.accuracy_interval?.resampled)).collect();
    let Some(drawn) = drawn(&of, nouns) else { return String::new() };
    let Words { groups, images, .. } = nouns.words();
    let tested: Vec<&Tested> = configurations.iter().filter_map(Configuration::tested).collect();
    let mut note = format!(
        " Intervals have a confidence of {}: of the accuracy Wilson's over {groups}, of the AUC percentiles of {} resamples of \
         {drawn}.",
        confidence(options),
        thousands(i64::try_from(options.replicates).unwrap_or(i64::MAX))
    );
    if tested.iter().any(|tested| tested.folds > 1) {
        note += &format!(
            " The {images} of all folds are pooled; each was predicted by the run that did not train on it. The AUC is computed \
             within each fold and averaged, and so is its interval."
        );
    }
    let once = |tested: &&Tested| tested.seeds == 1;
    note += &match (tested.iter().any(|tested| tested.seeds > 1), tested.iter().any(once)) {
        (true, false) => format!(
            " Seeds are averaged. Their spread, by Student's t, is added to that of {groups} (square root of the sum of \
             squares), of the accuracy only what it exceeds chance on single {groups} by. So the intervals hold for other seeds \
             too."
        ),
        (true, true) => format!(
            " Where there are several seeds, their spread, by Student's t, is added to that of {groups} (square root of the \
             sum of squares). Intervals of configurations with one seed hold for these trained networks only."
        ),
        (false, _) => {
            format!(" They hold for these trained networks on other {groups}, not for other seeds.")
        }
    };
    let is_without_spread =
        |one: &Configuration| one.area_interval.is_some() && spread(one.area_interval).is_none();
    if configurations.iter().any(is_without_spread) {
        note += &format!(
            " No interval of the AUC is shown where all resamples are equal, as they are without any error: it would rule out \
             that other {groups} differ."
        );
    }
    note + &few(&of, nouns) + &few_to_resample(&of, nouns)
}

/// `40 patients with all their cells`.
fn drawn(of: &[Resampled], nouns: &Nouns) -> Option<String> {
    let mut kinds = Vec::new();
    let Words { groups, images, .. } = nouns.words();
    let patients: Vec<usize> = counts(of, true);
    let cells: Vec<usize> = counts(of, false);
    if let Some(range) = range(&patients, &nouns.group) {
        kinds.push(format!("{range} with all their {images}"));
    }
    if let Some(range) = range(&cells, &nouns.image) {
        kinds.push(format!(
            "{range} taken as independent, because their {groups} are unknown or there is only one"
        ));
    }
    (!kinds.is_empty()).then(|| kinds.join(" and of "))
}

fn counts(of: &[Resampled], patients: bool) -> Vec<usize> {
    let of_kind = of.iter().filter(|one| matches!(one, Resampled::Patients(_)) == patients);
    of_kind.map(|one| one.count()).collect()
}

fn range(counts: &[usize], noun: &Noun) -> Option<String> {
    let (least, most) = (counts.iter().min()?, counts.iter().max()?);
    Some(if least == most { count_of(*most, noun) } else { format!("{least} to {}", count_of(*most, noun)) })
}

/// A warning where intervals are known to be too narrow and p-values too small.
pub(crate) fn few(of: &[Resampled], nouns: &Nouns) -> String {
    if of.iter().any(|one| matches!(one, Resampled::Cells(_))) {
        format!(
            " {} of one {} resemble each other, so intervals over single {} are likely too narrow.",
            nouns.image.capitals(),
            nouns.group.one,
            nouns.image.many
        )
    } else {
        String::new()
    }
}

/// A warning where too few patients are resampled.
pub(crate) fn few_to_resample(of: &[Resampled], nouns: &Nouns) -> String {
    if of.iter().any(|one| one.count() < 30) {
        format!(" With fewer than 30 {} intervals of the AUC are too narrow.", nouns.group.many)
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn of(data: &ReportData) -> String {
        let analysis = analyse(data).unwrap();
        note(&analysis.configurations, &data.options, &analysis.nouns)
    }

    #[test]
    fn the_note_says_what_was_resampled() {
        assert!(of(&fixture::ranks()).contains("2,000 resamples of 40 patients with all their cells."));
        assert!(of(&fixture::seeds()).contains("Seeds are averaged. Their spread"));
        assert!(of(&fixture::folds()).contains("The cells of all folds are pooled"));
        assert!(!of(&fixture::ranks()).contains("folds"));
        let single = of(&fixture::hostile());
        assert!(
            single.contains(
                "200 cells taken as independent, because their patients are unknown or there is only one"
            ),
            "{single}"
        );
        assert!(single.contains("likely too narrow"));
    }

    #[test]
    fn a_missing_interval_is_explained() {
        let mut data = fixture::against_classical(0, 40);
        assert!(of(&data).contains("No interval of the AUC is shown where all resamples"));
        data.runs.remove(0);
        assert!(!of(&data).contains("No interval of the AUC is shown"));
    }

    #[test]
    fn without_intervals_there_is_no_note() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| run.predictions.clear());
        assert_eq!(of(&data), "");
    }
}
