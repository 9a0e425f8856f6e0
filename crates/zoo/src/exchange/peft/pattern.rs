//! PEFT's numbers by module name: `rank_pattern` and `alpha_pattern`.

use std::fmt;

use regex::RegexBuilder;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

/// Memory of a compiled pattern, in bytes: a file may hold one that was made to take a lot.
const LARGEST_PATTERN: usize = 1 << 16;
/// Most patterns of a file; VGG16 has 13 convolutions.
const MOST_PATTERNS: usize = 200;

/// Numbers by pattern, in the order of the file: the first pattern that matches a module's name counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patterns<N>(pub(super) Vec<(String, N)>);

impl<N> Default for Patterns<N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<N: Copy> Patterns<N> {
    /// The number of the first pattern that matches the whole name, or what follows a dot in it, as PEFT does it.
    ///
    /// # Errors
    /// When a pattern is no regular expression, or there are more than any network needs.
    pub(super) fn find(&self, module: &str) -> Result<Option<N>, String> {
        if self.0.len() > MOST_PATTERNS {
            return Err(format!(
                "it has {} patterns by module name, more than {MOST_PATTERNS}",
                self.0.len()
            ));
        }
        for (pattern, number) in &self.0 {
            let expression = RegexBuilder::new(&format!(r"^(?:.*\.)?(?:{pattern})$"))
                .size_limit(LARGEST_PATTERN)
                .build()
                .map_err(|_| format!("`{pattern}`, a pattern of module names, is no regular expression"))?;
            if expression.is_match(module) {
                return Ok(Some(*number));
            }
        }
        Ok(None)
    }
}

impl<'de, N: Deserialize<'de>> Deserialize<'de> for Patterns<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<N>(std::marker::PhantomData<N>);

        impl<'de, N: Deserialize<'de>> Visitor<'de> for InOrder<N> {
            type Value = Patterns<N>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("numbers by module name")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Patterns::default())
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut numbers = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    numbers.push(entry);
                }
                Ok(Patterns(numbers))
            }
        }

        deserializer.deserialize_any(InOrder(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_ends_a_name_counts() {
        let patterns: Patterns<usize> =
            serde_json::from_str(r#"{"features.2": 1, "24": 2, ".*4": 3, "features.24": 4}"#).unwrap();
        assert_eq!(patterns.find("features.2").unwrap(), Some(1));
        assert_eq!(patterns.find("features.24").unwrap(), Some(2));
        assert_eq!(patterns.find("features.14").unwrap(), Some(3));
        assert_eq!(patterns.find("model.features.2").unwrap(), Some(1));
        assert_eq!(patterns.find("features.28").unwrap(), None);
        let absent: Patterns<usize> = serde_json::from_str("null").unwrap();
        assert_eq!(absent.find("features.2").unwrap(), None);
        let broken = Patterns(vec![("(".to_owned(), 1)]);
        assert!(broken.find("features.2").unwrap_err().contains("no regular expression"));
        let large = Patterns(vec![("(a{1000}){1000}".to_owned(), 1)]);
        assert!(large.find("features.2").unwrap_err().contains("no regular expression"));
        let many = Patterns(vec![("a".to_owned(), 1); 201]);
        assert!(many.find("features.2").unwrap_err().contains("201 patterns"));
    }
}
