//! Names of the two classes, as the settings of the runs give them.

use ranklab_settings::ClassScheme;
use ranklab_store::RunRow;
use serde::Serialize;
use serde_json::Value;

/// The words for the classes of a report's images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassNames {
    /// Class 0, as a heading.
    pub negative: String,
    /// Class 1, whose probability the networks give, as a heading.
    pub positive: String,
}

impl Default for ClassNames {
    fn default() -> Self {
        let ClassScheme { negative, positive, .. } = ClassScheme::default();
        Self { negative, positive }
    }
}

impl ClassNames {
    /// The names in a run's settings; those of the default scheme where the settings hold none.
    pub(crate) fn of_run(run: &RunRow) -> Self {
        let settings: Value = serde_json::from_str(&run.start.config).unwrap_or_default();
        let name = |key: &str, default: String| settings["data"][key].as_str().map_or(default, str::to_owned);
        let Self { negative, positive } = Self::default();
        Self { negative: name("negative", negative), positive: name("positive", positive) }
    }

    /// The names in all runs' settings; plain words where runs differ in them.
    pub(crate) fn of_runs<'a>(runs: impl IntoIterator<Item = &'a RunRow>) -> Self {
        let mut runs = runs.into_iter().map(Self::of_run);
        let first = runs.next().unwrap_or_default();
        if runs.all(|names| names == first) {
            return first;
        }
        Self { negative: "Negative".to_owned(), positive: "Positive".to_owned() }
    }

    /// The negative class within a sentence.
    pub(crate) fn negative_word(&self) -> String {
        within_sentence(&self.negative)
    }

    /// The positive class within a sentence.
    pub(crate) fn positive_word(&self) -> String {
        within_sentence(&self.positive)
    }

    /// A class within a sentence.
    pub(crate) fn word(&self, positive: bool) -> String {
        if positive { self.positive_word() } else { self.negative_word() }
    }
}

/// A name within a sentence: a capitalised word loses its capital, and other names, such as HER2, stay.
fn within_sentence(name: &str) -> String {
    let mut letters = name.chars();
    let is_capitalised =
        letters.next().is_some_and(char::is_uppercase) && letters.all(|letter| letter.is_lowercase());
    if is_capitalised { name.to_lowercase() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str) -> RunRow {
        let mut run = crate::fixture::run(1, None, 0, 0).row;
        run.start.config = config.to_owned();
        run
    }

    #[test]
    fn names_come_from_the_settings_and_mixed_ones_are_plain_words() {
        let own = run(r#"{"data": {"positive": "HER2", "negative": "Benign"}}"#);
        let names = ClassNames::of_runs([&own]);
        assert_eq!((names.positive_word(), names.negative_word()), ("HER2".to_owned(), "benign".to_owned()));
        let default = run("{}");
        assert_eq!(ClassNames::of_runs([&default, &default]), ClassNames::default());
        assert_eq!(ClassNames::of_runs([&own, &default]).positive_word(), "positive");
    }
}
