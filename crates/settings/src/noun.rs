//! A noun with its plural, as settings and sentences write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Largest number of characters of a word, singular or plural.
const LONGEST: usize = 30;
/// Words for people, to whom a sentence refers by "whom".
const PEOPLE: [&str; 9] =
    ["patient", "donor", "person", "subject", "participant", "volunteer", "child", "woman", "man"];
/// Beginnings of words that are written with a vowel and spoken with a consonant.
const SPOKEN_CONSONANTS: [&str; 5] = ["uni", "use", "usu", "eu", "one"];
/// Beginnings of words that are written with a consonant and spoken with a vowel.
const SPOKEN_VOWELS: [&str; 4] = ["hour", "honest", "heir", "x-"];

/// A noun with its plural.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noun {
    /// Singular, as within a sentence.
    pub one: String,
    /// Plural, as within a sentence.
    pub many: String,
}

impl Noun {
    /// A noun with a regular plural.
    pub(crate) fn regular(one: &str) -> Self {
        Self { one: one.to_owned(), many: plural(one) }
    }

    /// The singular at the beginning of a sentence.
    pub fn capital(&self) -> String {
        capital(&self.one)
    }

    /// The plural at the beginning of a sentence.
    pub fn capitals(&self) -> String {
        capital(&self.many)
    }

    /// The singular with its indefinite article: `a cell`, `an image`.
    pub fn with_article(&self) -> String {
        let article = if begins_with_vowel(&self.one) { "an" } else { "a" };
        format!("{article} {}", self.one)
    }

    /// The singular for one, the plural for any other number.
    pub fn of(&self, number: i64) -> &str {
        if number == 1 { &self.one } else { &self.many }
    }

    /// The relative pronoun after a preposition: "whom" of people, "which" of things.
    pub fn pronoun(&self) -> &'static str {
        if PEOPLE.contains(&self.one.as_str()) { "whom" } else { "which" }
    }
}

/// The regular plural of a noun.
fn plural(one: &str) -> String {
    let ends_in = |endings: &[&str]| endings.iter().any(|ending| one.ends_with(ending));
    match one.strip_suffix('y') {
        Some(stem) if !ends_in(&["ay", "ey", "iy", "oy", "uy"]) && !stem.is_empty() => format!("{stem}ies"),
        _ if ends_in(&["s", "x", "ch", "sh"]) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

/// A word with a capital at its beginning.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether a word is spoken with a vowel at its beginning.
fn begins_with_vowel(word: &str) -> bool {
    let mut letters = word.chars();
    if let (Some(first), Some(second)) = (letters.next(), letters.next())
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
    {
        // Letter by letter: an MRI, a CT.
        return "AEFHILMNORSX".contains(first);
    }
    let lower = word.to_lowercase();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| lower.starts_with(beginning));
    begins(&SPOKEN_VOWELS) || (lower.starts_with(['a', 'e', 'i', 'o', 'u']) && !begins(&SPOKEN_CONSONANTS))
}

/// Whether a word has letters, digits, spaces and hyphens alone, with no space or hyphen at its ends.
fn is_word(word: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || letter == ' ' || letter == '-';
    let ends = [word.chars().next(), word.chars().next_back()];
    (1..=LONGEST).contains(&word.chars().count())
        && word.chars().all(fits)
        && ends.into_iter().flatten().all(char::is_alphanumeric)
}

/// The word as it is written in settings: its singular, and its plural where that is irregular.
impl fmt::Display for Noun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.one)?;
        if self.many == plural(&self.one) { Ok(()) } else { write!(formatter, "/{}", self.many) }
    }
}

impl FromStr for Noun {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let noun = match text.split_once('/') {
            Some((one, many)) => Self { one: one.to_owned(), many: many.to_owned() },
            None => Self::regular(text),
        };
        // A regular plural is longer than its singular, which alone is limited.
        let many = if text.contains('/') { noun.many.as_str() } else { text };
        if is_word(&noun.one) && is_word(many) {
            return Ok(noun);
        }
        Err(Error::Setting(format!(
            "`{text}` is no word of 1 to {LONGEST} letters, digits, spaces and hyphens; give a singular noun such as slide, \
             or singular and plural such as mouse/mice"
        )))
    }
}

impl Serialize for Noun {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Noun {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noun(text: &str) -> Noun {
        text.parse().unwrap()
    }

    #[test]
    fn plurals_follow_a_small_rule_unless_they_are_written() {
        for (one, many) in [
            ("slide", "slides"),
            ("biopsy", "biopsies"),
            ("x-ray", "x-rays"),
            ("box", "boxes"),
            ("batch", "batches"),
            ("dish", "dishes"),
            ("lens", "lenses"),
            ("field of view", "field of views"),
            ("y", "ys"),
        ] {
            assert_eq!(noun(one).many, many);
            assert_eq!(noun(one).to_string(), one);
        }
        let mice = noun("mouse/mice");
        assert_eq!((mice.one.as_str(), mice.many.as_str()), ("mouse", "mice"));
        assert_eq!(
            (mice.to_string(), noun("slide/slides").to_string()),
            ("mouse/mice".into(), "slide".into())
        );
        assert_eq!((mice.of(1), mice.of(0), mice.of(2)), ("mouse", "mice", "mice"));
        assert_eq!((mice.capital(), mice.capitals()), ("Mouse".to_owned(), "Mice".to_owned()));
    }

    #[test]
    fn other_than_words_are_refused_in_one_line() {
        let long = "a".repeat(31);
        for wrong in
            ["", " ", " slide", "slide-", "a/b/c", "slide/", "/s", "<b>", "a,b", "a_b", "a\nb", &long]
        {
            let refused = wrong.parse::<Noun>().unwrap_err().to_string();
            assert!(refused.contains("is no word of 1 to 30 letters"), "{refused}");
        }
        assert!("a".repeat(30).parse::<Noun>().is_ok() && "Präparat 2".parse::<Noun>().is_ok());
    }

    #[test]
    fn an_article_goes_by_the_first_sound() {
        for text in [
            "a cell",
            "an image",
            "a hospital",
            "an hour",
            "a unit",
            "an ultrasound",
            "an MRI",
            "a CT",
            "an x-ray",
        ] {
            let (_, word) = text.split_once(' ').unwrap();
            assert_eq!(noun(word).with_article(), text);
        }
        assert_eq!((noun("donor").pronoun(), noun("slide").pronoun()), ("whom", "which"));
    }
}
