//! The names of a dataset's two classes, and the rule that finds an image's group in its name.

use std::{fmt, str::FromStr, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, table::is_table};

/// Negative class of the NIH/NLM malaria cells.
const NEGATIVE: &str = "Uninfected";
/// Positive class of the NIH/NLM malaria cells.
const POSITIVE: &str = "Parasitized";
/// Patient of an NIH/NLM malaria cell: `C33P1thinF_….png` shows a cell of patient C33. The rule agrees with the
/// official patient mapping for all 27,558 images.
const GROUP: &str = r"(?:^|/)(C[0-9]+)[^/]*$";
/// First folder in the names of NIH/NLM malaria cells, as in the official archive.
const ROOT: &str = "cell_images";
/// First folder in the names of all other images.
const OTHER_ROOT: &str = "images";
/// Text of the rule that assigns no groups.
const NO_GROUP: &str = "none";
/// Text of the rule that takes groups from a table's column.
const COLUMN: &str = "column";

/// One of the two classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Class 0.
    Negative,
    /// Class 1; networks predict its probability.
    Positive,
}

impl Class {
    /// Both classes, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Negative, Self::Positive];

    /// The number of the class: 0 or 1.
    pub fn number(self) -> u8 {
        match self {
            Self::Negative => 0,
            Self::Positive => 1,
        }
    }

    /// The class with this number; `None` unless it is 0 or 1.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|class| i32::from(class.number()) == number)
    }
}

/// The classes of a dataset, and the rule that finds an image's group. The default describes the NIH/NLM malaria
/// cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassScheme {
    /// Name of the negative class and of its folder.
    pub negative: String,
    /// Name of the positive class and of its folder.
    pub positive: String,
    /// Finds the group of an image in its name.
    pub group: GroupRule,
}

impl Default for ClassScheme {
    fn default() -> Self {
        Self { negative: NEGATIVE.to_owned(), positive: POSITIVE.to_owned(), group: GroupRule::default() }
    }
}

impl ClassScheme {
    /// Name of a class.
    pub fn name(&self, class: Class) -> &str {
        match class {
            Class::Negative => &self.negative,
            Class::Positive => &self.positive,
        }
    }

    /// The class whose folder has this name; `None` if there is none.
    pub fn class_of_folder(&self, name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| self.name(*class) == name)
    }

    /// The scheme for a dataset: a table gives groups by its column, unless another rule than the default is named.
    pub fn of_dataset(self, dataset: &str) -> Self {
        let group =
            if is_table(dataset) && self.group.is_default() { GroupRule::column() } else { self.group };
        Self { group, ..self }
    }

    /// Whether the positive class is named and the negative one is not, so that it is the dataset's other class.
    pub fn lacks_negative(&self) -> bool {
        self.positive != POSITIVE && self.negative == NEGATIVE
    }

    /// Whether the classes are those of the NIH/NLM malaria cells.
    pub fn has_default_classes(&self) -> bool {
        (self.negative.as_str(), self.positive.as_str()) == (NEGATIVE, POSITIVE)
    }

    /// First folder in the names of all images.
    pub fn root(&self) -> &'static str {
        if self.has_default_classes() { ROOT } else { OTHER_ROOT }
    }
}

/// A regular expression whose first bracket finds the group of an image in its name. The text `none` assigns no
/// groups; `column` takes them from the column `group` of a table.
#[derive(Clone, Debug)]
pub struct GroupRule {
    text: String,
    pattern: Option<Regex>,
}

impl GroupRule {
    /// The group of the image with this name; `None` if the rule finds none.
    pub fn group_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let found = self.pattern.as_ref()?.captures(name)?;
        found.get(1).map(|group| group.as_str()).filter(|group| !group.is_empty())
    }

    /// The rule that takes groups from a table's column.
    pub fn column() -> Self {
        Self { text: COLUMN.to_owned(), pattern: None }
    }

    /// Whether the rule assigns no groups.
    pub fn is_none(&self) -> bool {
        self.text == NO_GROUP
    }

    /// Whether groups are taken from a table's column.
    pub fn is_column(&self) -> bool {
        self.text == COLUMN
    }

    /// Name of the bracket that finds the group, as in `(?P<slide>s[0-9]+)`.
    pub(crate) fn bracket_name(&self) -> Option<&str> {
        self.pattern.as_ref()?.capture_names().nth(1)?
    }

    /// Whether this is the rule of the NIH/NLM malaria cells.
    pub fn is_default(&self) -> bool {
        self.text == GROUP
    }
}

impl Default for GroupRule {
    fn default() -> Self {
        // Compiled once: a default stands for every dataset and every run.
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(GROUP).ok());
        Self { text: GROUP.to_owned(), pattern: PATTERN.clone() }
    }
}

impl PartialEq for GroupRule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for GroupRule {}

impl fmt::Display for GroupRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for GroupRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == NO_GROUP || text == COLUMN {
            return Ok(Self { text: text.to_owned(), pattern: None });
        }
        let wrong = |problem: String| {
            let example = "give a regular expression whose first bracket finds the group in an image's path, as in \
                           `group=(patient_[0-9]+)`, or none, or column for a \
                           table's";
            Err(Error::Setting(format!("group: `{text}` {problem}; {example}")))
        };
        match Regex::new(text) {
            Ok(pattern) if pattern.captures_len() > 1 => {
                Ok(Self { text: text.to_owned(), pattern: Some(pattern) })
            }
            Ok(_) => wrong("has no bracket".to_owned()),
            Err(problem) => {
                // The first lines mark the position of the error; the last line names it.
                let reason = problem.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                wrong(format!("is no regular expression ({reason})"))
            }
        }
    }
}

impl Serialize for GroupRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for GroupRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rule_finds_the_patient_of_a_malaria_cell() {
        let rule = GroupRule::default();
        let name = "cell_images/Parasitized/C33P1thinF_IMG_20150619_114756a_cell_179.png";
        assert_eq!(rule.group_of(name), Some("C33"));
        assert_eq!(rule.group_of("Uninfected/C241NThinF_IMG.png"), Some("C241"));
        assert_eq!(rule.group_of("C7.png"), Some("C7"));
        for none in ["Uninfected/cell.png", "Uninfected/Cell.png", "C12/cell.png", "Uninfected/aC12.png"] {
            assert_eq!(rule.group_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_rule_of_the_users_finds_groups_anywhere_in_a_path() {
        let rule: GroupRule = "(patient_[0-9]+)/".parse().unwrap();
        assert_eq!(rule.group_of("images/benign/patient_12/3.png"), Some("patient_12"));
        for none in ["none", "column"] {
            assert_eq!(none.parse::<GroupRule>().unwrap().group_of("C33P1.png"), None);
        }
        assert_eq!("column".parse::<GroupRule>().unwrap(), GroupRule::column());
        for (wrong, reason) in [("C[0-9]+", "has no bracket"), ("(C", "is no regular expression")] {
            let refused = wrong.parse::<GroupRule>().unwrap_err().to_string();
            assert!(refused.contains(reason) && !refused.contains('\n'), "{refused}");
        }
    }

    #[test]
    fn a_folder_has_the_class_whose_name_it_bears() {
        let scheme = ClassScheme {
            negative: "benign".to_owned(),
            positive: "malignant".to_owned(),
            ..ClassScheme::default()
        };
        assert_eq!(scheme.class_of_folder("malignant"), Some(Class::Positive));
        assert_eq!(scheme.class_of_folder("benign"), Some(Class::Negative));
        assert_eq!(scheme.class_of_folder("Parasitized"), None);
        assert_eq!((scheme.root(), ClassScheme::default().root()), ("images", "cell_images"));
    }
}
