//! The names of the classes that a dataset has, and the settings that name two of them.

use std::collections::BTreeMap;

use ranklab_settings::{ClassScheme, shell_word};

use crate::{
    image_file::ImageFile,
    naming::{class_folder, parts},
    part::Part,
};

/// Largest number of classes that a message names.
const NAMED: usize = 10;

/// Numbers of images by the name of their class.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassNames {
    counts: BTreeMap<String, usize>,
}

impl<'a> FromIterator<&'a str> for ClassNames {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut counts = BTreeMap::new();
        for name in names {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
        Self { counts }
    }
}

impl ClassNames {
    /// The names of class folders: folders at the depth of those of `scheme`, or else at the first depth at which
    /// folders differ and are no parts of a split.
    pub(crate) fn of_folders(files: &[ImageFile], scheme: &ClassScheme) -> Self {
        let split: Vec<Vec<String>> = files.iter().map(|file| parts(&file.file, &['/', '\\'])).collect();
        let folders = |parts: &[String], depth: usize| {
            parts.split_last().and_then(|(_, folders)| folders.get(depth).cloned())
        };
        let known = split.iter().find_map(|parts| Some(class_folder(parts, scheme)?.1));
        let differ = |depth: &usize| {
            let mut names = split.iter().filter_map(|parts| folders(parts, *depth));
            let first = names.next();
            let are_parts = first.as_deref().is_some_and(|name| Part::of_word(name).is_some());
            !are_parts && names.any(|name| Some(name) != first)
        };
        let deepest = split.iter().map(Vec::len).max().unwrap_or_default();
        let depth = known.or_else(|| (0..deepest).find(differ)).unwrap_or_default();
        let name = |(file, parts): (&ImageFile, &Vec<String>)| match file.class {
            Some(class) => Some(scheme.name(class).to_owned()),
            None => folders(parts, depth),
        };
        let names: Vec<String> = files.iter().zip(&split).filter_map(name).collect();
        names.iter().map(String::as_str).collect()
    }

    /// The class that is not the positive one of `scheme`: the negative one if there are images of it, else the only
    /// other one.
    ///
    /// # Errors
    /// When there is not exactly one, with the classes that there are and what to do.
    pub(crate) fn other_than_positive(&self, scheme: &ClassScheme) -> Result<&str, (String, String)> {
        if let Some((negative, _)) = self.counts.get_key_value(&scheme.negative) {
            return Ok(negative);
        }
        let mut others = self.counts.keys().filter(|name| **name != scheme.positive);
        match (self.counts.contains_key(&scheme.positive), others.next(), others.next()) {
            (true, Some(other), None) => Ok(other),
            _ => Err((format!("the classes {}", self.listed()), self.advice(scheme))),
        }
    }

    /// Whether all are the names of `scheme`.
    pub(crate) fn is_of(&self, scheme: &ClassScheme) -> bool {
        self.counts.keys().all(|name| scheme.class_of_folder(name).is_some())
    }

    /// Whether there is no class.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The names with their numbers of images.
    pub(crate) fn listed(&self) -> String {
        if self.counts.is_empty() {
            return "(none)".to_owned();
        }
        let named = self.counts.iter().take(NAMED).map(|(name, count)| match count {
            1 => format!("{name} (1 image)"),
            count => format!("{name} ({count} images)"),
        });
        let mut listed = named.collect::<Vec<_>>().join(", ");
        if self.counts.len() > NAMED {
            listed += &format!(" and {} more", self.counts.len() - NAMED);
        }
        listed
    }

    /// What to do about classes that are not the two of `scheme`: settings that can be pasted. Names that no user gave are
    /// not advised.
    pub(crate) fn advice(&self, scheme: &ClassScheme) -> String {
        let ClassScheme { positive, negative, .. } = scheme;
        let has = |name: &String| self.counts.contains_key(name);
        let is_named = |name: &String| match scheme.has_default_classes() {
            true => false,
            false => name == positive || !scheme.lacks_negative(),
        };
        let (has_positive, has_negative) = (has(positive), has(negative));
        let others: Vec<&String> =
            self.counts.keys().filter(|name| *name != positive && *name != negative).collect();
        let give = |key: &str, name: &str| format!("{key}={}", shell_word(name));
        match (has_positive, has_negative, others.as_slice()) {
            (true, false, [other]) => format!("give `{}`", give("negative", other)),
            (false, true, [other]) => format!("give `{}`", give("positive", other)),
            (false, false, [one, other]) => {
                let both = |positive: &str, negative: &str| {
                    format!("`{} {}`", give("positive", positive), give("negative", negative))
                };
                format!("give {} or {}", both(one, other), both(other, one))
            }
            (false, false, [only]) => format!(
                "add images of a second class, and give both names: `{} negative=NAME` or `positive=NAME {}`",
                give("positive", only),
                give("negative", only)
            ),
            (true, false, []) if !is_named(negative) => format!(
                "add images of a second class, in a folder or with a label of their own, beside {positive}"
            ),
            (true, false, []) => format!("add images of the class {negative}"),
            (false, true, []) => format!(
                "add images of the class {positive}, or give the names of both classes with `positive=` and `negative=`"
            ),
            (false, false, []) => {
                "put the images of each class into a folder with its name, and give both names: \
                                   `positive=NAME negative=NAME`"
                    .to_owned()
            }
            (true, true, _) => {
                "put images of both classes there, or name two others with `positive=` and `negative=`"
                    .to_owned()
            }
            (true, false, [other, ..]) => format!(
                "only two classes are supported: name the negative one, as in `{} {}`",
                give("positive", positive),
                give("negative", other)
            ),
            (_, _, [one, other, ..]) => format!(
                "only two classes are supported: name two, as in `{} {}`",
                give("positive", one),
                give("negative", other)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(positive: &str) -> ClassScheme {
        ClassScheme { positive: positive.to_owned(), ..ClassScheme::default() }
    }

    fn folders(files: &[&str], scheme: &ClassScheme) -> String {
        let file = |file: &&str| ImageFile {
            file: (*file).to_owned(),
            name: (*file).to_owned(),
            class: class_folder(&parts(file, &['/']), scheme).map(|(class, _)| class),
            group: None,
            part: None,
        };
        ClassNames::of_folders(&files.iter().map(file).collect::<Vec<_>>(), scheme).listed()
    }

    #[test]
    fn class_folders_are_those_beside_a_known_one_or_the_first_that_differ() {
        let files = ["x/train/ill/p1/a.png", "x/train/well/p1/b.png", "x/test/ill/p2/c.png", "x/stray.png"];
        assert_eq!(folders(&files, &scheme("ill")), "ill (2 images), well (1 image)");
        assert_eq!(folders(&files[..2], &scheme("other")), "ill (1 image), well (1 image)");
        assert_eq!(folders(&files, &scheme("other")), "ill (2 images), well (1 image)");
        assert_eq!(
            folders(&["p1/ill/a.png", "p2/well/b.png"], &scheme("ill")),
            "ill (1 image), well (1 image)"
        );
        assert_eq!(folders(&["a.png"], &scheme("ill")), "(none)");
    }

    #[test]
    fn the_other_class_is_the_only_other_one() {
        let of = |names: &[&str], positive: &str| {
            let names: ClassNames = names.iter().copied().collect();
            names.other_than_positive(&scheme(positive)).map(str::to_owned)
        };
        assert_eq!(of(&["ill", "well", "ill"], "ill").unwrap(), "well");
        assert_eq!(of(&["ill", "Uninfected", "more"], "ill").unwrap(), "Uninfected");
        let refused = |names: &[&str], positive: &str| {
            let (found, advice) = of(names, positive).unwrap_err();
            format!("{found}: {advice}")
        };
        assert_eq!(
            refused(&["a", "b", "c"], "a"),
            "the classes a (1 image), b (1 image), c (1 image): only two classes are supported: name the negative one, as in \
             `positive=a negative=b`"
        );
        assert!(
            refused(&["a", "b"], "c").contains("give `positive=a negative=b` or `positive=b negative=a`")
        );
        let spaced = refused(&["not ill", "ill"], "c");
        assert!(spaced.contains("give `positive=ill negative='not ill'` or"), "{spaced}");
        for names in [&["a"][..], &["a", "b"], &["a", "b", "c"], &[]] {
            for positive in ["a", "z"] {
                let default = ClassScheme::default();
                let of = |scheme: &ClassScheme| names.iter().copied().collect::<ClassNames>().advice(scheme);
                for advice in [of(&scheme(positive)), of(&default)] {
                    assert!(
                        !advice.contains(&default.positive) && !advice.contains(&default.negative),
                        "{advice}"
                    );
                }
            }
        }
        assert!(refused(&["a"], "a").contains("add images of a second class"));
        assert!(refused(&["b"], "a").contains("add images of a second class"));
    }
}
