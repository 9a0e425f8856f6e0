//! Configurations that are not compared, and why.

use ranklab_settings::{Nouns, Words};

use crate::analysis::{Analysis, FailedPair, NoCells};

/// Names and sentences before the rest is only counted.
const LISTED: usize = 8;

/// Sentences on what is not compared.
pub(crate) fn sentences(analysis: &Analysis) -> Vec<String> {
    let configurations = &analysis.configurations;
    let failed = analysis.comparisons.failed.iter().map(|FailedPair { first, second, reason }| {
        format!(
            "{} and {} are not compared: {reason}.",
            configurations[*first].name, configurations[*second].name
        )
    });
    let mut sentences = shortened(failed.collect(), "more pairs are not compared for such reasons");
    let without_cells = configurations.iter().filter_map(|one| {
        Some(format!(
            "{} is not compared: it {}.",
            one.name,
            reason(one.tested.as_ref().err()?, &analysis.nouns)
        ))
    });
    sentences
        .extend(shortened(without_cells.collect(), "more configurations are not compared for such reasons"));
    sentences.extend(apart(analysis));
    sentences
}

/// Why the predictions of a configuration cannot be compared, as the end of a sentence about it.
pub(crate) fn reason(reason: &NoCells, nouns: &Nouns) -> String {
    let Words { image, images, .. } = nouns.words();
    match reason {
        NoCells::NoPredictions => "has a run without stored predictions".to_owned(),
        NoCells::RepeatedCell => format!("has two predictions of one {image} from the same seed"),
        NoCells::NoRun => "has no finished run".to_owned(),
        NoCells::DifferentCells => format!("has repeats that were tested on different {images}"),
        NoCells::NoProbabilities => {
            "has predictions that are no probabilities, as a diverged run leaves them".to_owned()
        }
    }
}

/// Cuts a list of sentences and says how many there were more.
fn shortened(mut sentences: Vec<String>, what: &str) -> Vec<String> {
    let more = sentences.len().saturating_sub(LISTED);
    if more > 0 {
        sentences.truncate(LISTED);
        sentences.push(format!("{more} {what}."));
    }
    sentences
}

/// Configurations that were tested on different cells.
fn apart(analysis: &Analysis) -> Vec<String> {
    let [first, others @ ..] = analysis.comparisons.sets_of_cells.as_slice() else { return Vec::new() };
    let names = |set: &[usize]| {
        let listed = set.iter().take(LISTED).map(|id| analysis.configurations[*id].name.as_str());
        let listed = listed.collect::<Vec<_>>().join(", ");
        match set.len().saturating_sub(LISTED) {
            0 => listed,
            more => format!("{listed} and {more} more"),
        }
    };
    let images = &analysis.nouns.image.many;
    let was = if first.len() == 1 { "was" } else { "were" };
    let apart = |set: &Vec<usize>| {
        format!(
            "{} {was} not tested on the same {images} as {}, so they are not compared.",
            names(first),
            names(set)
        )
    };
    let mut sentences: Vec<String> = others.iter().take(LISTED).map(apart).collect();
    if others.len() > 1 {
        sentences.push(format!("The other sets of {images} are not compared with each other either."));
    }
    sentences
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
    fn other_cells_are_not_compared_and_that_is_said() {
        let mut data = fixture::ranks();
        for row in &mut data.runs[0].predictions {
            row.image = format!("other_{}", row.image).into();
        }
        assert_eq!(
            said(&data),
            [
                "model_4 was not tested on the same cells as model_5 · block5 · rank 1, model_5 · block5 · rank 5, model_5 · \
                 block5 · rank 16, so they are not compared."
            ]
        );
    }

    #[test]
    fn a_diverged_run_is_left_out_with_its_reason() {
        let mut data = fixture::ranks();
        data.runs[2].predictions[0].probability = f64::NAN;
        assert!(said(&data)[0].starts_with("model_5 · block5 · rank 5 is not compared: it has predictions"));
    }

    #[test]
    fn too_few_cells_are_not_compared() {
        let mut data = fixture::ranks();
        data.runs.truncate(2);
        data.runs.iter_mut().for_each(|run| run.predictions.truncate(1));
        assert!(said(&data)[0].contains("compare runs on at least 2 cells"));
    }
}
