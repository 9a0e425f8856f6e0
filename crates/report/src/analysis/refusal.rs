//! Why the statistics refuse a comparison, in the words of the dataset.

use ranklab_settings::{Nouns, Words};
use ranklab_stats::Error;

/// The reason as a text; the statistics call groups patients and images cells.
pub(crate) fn refusal(reason: &Error, nouns: &Nouns) -> String {
    let Words { groups, images, .. } = nouns.words();
    match reason {
        Error::Units(found) => {
            format!("{found} {groups} or {images} have no spread: compare runs on at least 2 {images}")
        }
        Error::DegreesOfFreedom(found) => format!(
            "{found} degrees of freedom are not a positive number: compare at least 2 {groups} or {images}"
        ),
        Error::Pairs { first, second } => {
            format!("{first} values of one run but {second} of the other: compare runs on the same {images}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_malaria_cells_are_those_of_the_statistics() {
        for reason in
            [Error::Units(1), Error::DegreesOfFreedom(0.5), Error::Pairs { first: 2, second: 3 }, Error::Bins]
        {
            assert_eq!(refusal(&reason, &Nouns::default()), reason.to_string());
        }
        let said = refusal(&Error::Units(1), &Nouns::plain());
        assert_eq!(said, "1 groups or images have no spread: compare runs on at least 2 images");
    }
}
