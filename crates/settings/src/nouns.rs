//! Words of a dataset for its groups and images: `patient` and `cell`, `slide` and `image`.

use serde::Serialize;
use serde_json::Value;

use crate::{
    classes::{ClassScheme, GroupRule},
    data::DataConfig,
    noun::Noun,
};

/// The words of a dataset. The default is for the NIH/NLM malaria cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nouns {
    /// A group of images: a patient, a slide.
    pub group: Noun,
    /// An image: a cell, a scan.
    pub image: Noun,
}

/// The words of a dataset as text for sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// A group, singular.
    pub group: &'a str,
    /// Groups, plural.
    pub groups: &'a str,
    /// An image, singular.
    pub image: &'a str,
    /// Images, plural.
    pub images: &'a str,
}

impl Default for Nouns {
    fn default() -> Self {
        Self { group: Noun::regular("patient"), image: Noun::regular("cell") }
    }
}

impl Nouns {
    /// The words for any dataset, where those of several differ.
    pub fn plain() -> Self {
        Self { group: Noun::regular("group"), image: Noun::regular("image") }
    }

    /// The words of a dataset: those of its settings, or else those that follow from its classes and its group rule.
    fn of_dataset(scheme: &ClassScheme, group: Option<&Noun>, image: Option<&Noun>) -> Self {
        let default = if scheme.has_default_classes() { Self::default() } else { Self::plain() };
        let group = group.cloned().or_else(|| of_rule(&scheme.group)).unwrap_or(default.group);
        Self { group, image: image.cloned().unwrap_or(default.image) }
    }

    /// The words of a run, by its configuration as JSON. Settings that are missing or unknown are at their defaults, so
    /// that runs of other versions have words as well.
    pub fn of_configuration(configuration: &str) -> Self {
        let configuration: Value = serde_json::from_str(configuration).unwrap_or_default();
        let data = &configuration["data"];
        let text = |key: &str| data[key].as_str();
        let noun = |key: &str| text(key).and_then(|word| word.parse::<Noun>().ok());
        let default = ClassScheme::default();
        let name = |key: &str, default: String| text(key).map_or(default, str::to_owned);
        let scheme = ClassScheme {
            negative: name("negative", default.negative),
            positive: name("positive", default.positive),
            group: text("group").and_then(|rule| rule.parse().ok()).unwrap_or_default(),
        };
        Self::of_dataset(&scheme, noun("group_word").as_ref(), noun("image_word").as_ref())
    }

    /// The words of all runs with these; plain words where they differ.
    pub fn shared(each: impl IntoIterator<Item = Self>) -> Self {
        let mut each = each.into_iter();
        let mut shared = each.next().unwrap_or_default();
        let plain = Self::plain();
        for other in each {
            if other.group != shared.group {
                shared.group = plain.group.clone();
            }
            if other.image != shared.image {
                shared.image = plain.image.clone();
            }
        }
        shared
    }

    /// The words as text for sentences.
    pub fn words(&self) -> Words<'_> {
        let Self { group, image } = self;
        Words { group: &group.one, groups: &group.many, image: &image.one, images: &image.many }
    }
}

impl DataConfig {
    /// The words of these images.
    pub fn nouns(&self) -> Nouns {
        Nouns::of_dataset(&self.scheme(), self.group_word.as_ref(), self.image_word.as_ref())
    }
}

/// The word that the name of a rule's bracket gives: `slide` of `(?P<slide>s[0-9]+)_`.
fn of_rule(rule: &GroupRule) -> Option<Noun> {
    rule.bracket_name()?.replace('_', " ").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noun(text: &str) -> Noun {
        text.parse().unwrap()
    }

    fn of(configuration: &str) -> (String, String) {
        let Nouns { group, image } = Nouns::of_configuration(configuration);
        (group.one, image.one)
    }

    #[test]
    fn words_that_are_not_given_follow_from_the_classes_and_the_rule() {
        let other = r#""positive":"tumour","negative":"normal""#;
        for (data, group, image) in [
            ("", "patient", "cell"),
            (r#""group":"none""#, "patient", "cell"),
            (r#""group":"(?P<smear>s[0-9])""#, "smear", "cell"),
            (other, "group", "image"),
            (&format!(r#"{other},"group":"none""#), "group", "image"),
            (&format!(r#"{other},"group":"column""#), "group", "image"),
            (&format!(r#"{other},"group":"(s[0-9]+)_""#), "group", "image"),
            (&format!(r#"{other},"group":"(?P<slide>s[0-9]+)_""#), "slide", "image"),
            (&format!(r#"{other},"group":"(?<tissue_block>s[0-9]+)_""#), "tissue block", "image"),
            (&format!(r#"{other},"group":"(s[0-9]+)_(?P<slide>x)""#), "group", "image"),
            (
                &format!(r#"{other},"group":"(?P<slide>s)","group_word":"donor","image_word":"scan""#),
                "donor",
                "scan",
            ),
            (r#""group_word":"no <word>""#, "patient", "cell"),
        ] {
            assert_eq!(of(&format!(r#"{{"data":{{{data}}}}}"#)), (group.into(), image.into()), "{data}");
        }
        for none in ["{}", "", "[1]"] {
            assert_eq!(of(none), ("patient".into(), "cell".into()));
        }
    }

    #[test]
    fn words_of_runs_that_differ_are_plain() {
        let donors = Nouns { group: noun("donor"), ..Nouns::default() };
        assert_eq!(Nouns::shared([]), Nouns::default());
        assert_eq!(Nouns::shared([donors.clone(), donors.clone()]), donors);
        let mixed = Nouns::shared([donors, Nouns::default()]);
        assert_eq!((mixed.group.one.as_str(), mixed.image.one.as_str()), ("group", "cell"));
    }
}
