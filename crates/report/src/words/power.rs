//! What a report could have shown, and how many seeds would show more.

use crate::analysis::{Analysis, PairFamily, Power};

use super::format::{count, margin_in_points, percent};

/// The difference between all right and all wrong: no accuracy loses as much.
const WHOLE: f64 = 1.0;

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
        "What this could have shown: with {} each, {} {with} would find {} in 80 % of studies, and show equal accuracies alone to be \
         equivalent within {} in 80 %.{more}",
        count(seeds, "seed"),
        if comparisons == 1 {
            "the comparison".to_owned()
        } else {
            format!("the middle one of {comparisons} comparisons")
        },
        match sensitivity.smallest_loss {
            loss if loss < WHOLE => format!("a true loss of about {} points", percent(loss)),
            _ => "no true loss, however large,".to_owned(),
        },
        match sensitivity.smallest_margin {
            margin if margin < WHOLE => format!("about ±{} points", percent(margin)),
            _ => "no margin".to_owned(),
        },
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
        let mut analysis = analyse(&fixture::large_seeds([40, 44, 42], [41, 45, 60])).unwrap();
        let power = analysis.power.as_mut().unwrap();
        (power.sensitivity.smallest_loss, power.sensitivity.smallest_margin) = (6.1, 3.6);
        let said = sentence(&analysis).unwrap();
        assert!(said.contains("would find no true loss, however large, in 80 % of studies"), "{said}");
        assert!(said.contains("to be equivalent within no margin in 80 %"), "{said}");
    }
}
