//! What a report could have shown, and how many seeds would show more.

use crate::analysis::{Analysis, PairFamily, Power};

use super::format::{count, margin_in_points, percent};

/// The sentence on power; `None` where no comparison speaks of methods.
pub(crate) fn sentence(analysis: &Analysis) -> Option<String> {
    let Power { family, comparisons, seeds, sensitivity, seeds_for_margin, .. } = analysis.power?;
    let with = match family {
        PairFamily::Primary => "with the baseline",
        PairFamily::Secondary => "with the best by validation",
    };
    let margin = margin_in_points(&analysis.options);
    let groups = &analysis.nouns.group.many;
    let more = match seeds_for_margin {
        _ if sensitivity.smallest_loss <= analysis.options.margin => String::new(),
        Some(needed) => format!(" About {needed} seeds each would find a loss of {margin}."),
        None => format!(" Up to 200 seeds each would not find a loss of {margin}: that takes more {groups}."),
    };
    Some(format!(
        "What this could have shown: with {} each, {} {with} would find a true loss of about {} points in 80 % of studies, and show \
         equal accuracies alone to be equivalent within about ±{} points in 80 %.{more}",
        count(seeds, "seed"),
        if comparisons == 1 {
            "the comparison".to_owned()
        } else {
            format!("the middle one of {comparisons} comparisons")
        },
        percent(sensitivity.smallest_loss),
        percent(sensitivity.smallest_margin),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn a_report_says_what_it_could_have_shown() {
        let of = |data| sentence(&analyse(&data).unwrap());
        let said = of(fixture::large_seeds([40, 44, 42], [41, 45, 60])).unwrap();
        assert!(
            said.starts_with(
                "What this could have shown: with 3 seeds each, the comparison with the baseline"
            ),
            "{said}"
        );
        assert!(said.contains(" points in 80 % of studies"), "{said}");
        assert_eq!(of(fixture::ranks()), None);
    }
}
