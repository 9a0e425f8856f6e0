//! Images in which a rule finds no group, in one line with counts and an example.

use ranklab_settings::{GroupRule, shell_word};

use crate::entry::ManifestEntry;

/// What is to be said of images without a group; `None` where each has one, or no groups are wanted. Each of them counts
/// as a group of its own.
pub fn missing_groups<'a>(
    entries: impl IntoIterator<Item = &'a ManifestEntry>,
    rule: &GroupRule,
) -> Option<String> {
    let (mut all, mut without, mut first) = (0_usize, 0_usize, None);
    for entry in entries {
        all += 1;
        if !entry.has_group() {
            without += 1;
            first = first.or(Some(entry.name.as_str()));
        }
    }
    let first = first.filter(|_| !rule.is_none())?;
    let rest = "each counts as a group of its own";
    let given = format!("group={}", shell_word(&rule.to_string()));
    Some(match (rule.is_column(), rule.is_default(), without == all) {
        (true, _, _) => {
            format!("{without} of {all} images have no group in the table's column, {first} first; {rest}")
        }
        (false, true, true) => format!(
            "no groups are known of {all} images such as {first}; if images belong together, as those of one patient or slide, \
             give group='(REGEX)' whose bracket matches the group in such names"
        ),
        (false, false, true) => format!(
            "{given} matches none of {all} images, {first} first; its bracket has to match the group in such names"
        ),
        (false, true, false) => format!("{without} of {all} images have no group, {first} first; {rest}"),
        (false, false, false) => {
            format!("{given} finds no group in {without} of {all} images, {first} first; {rest}")
        }
    })
}

#[cfg(test)]
mod tests {
    use ranklab_settings::Class;

    use super::*;

    fn line(groups: [Option<&str>; 3], rule: &str) -> Option<String> {
        let entry = |(number, group): (usize, Option<&str>)| {
            let name = format!("images/ill/{number}.png");
            ManifestEntry {
                file: name.clone(),
                group: group.map_or(name.clone(), str::to_owned),
                name,
                class: Class::Negative,
                part: None,
                width: 1,
                height: 1,
                content_hash: number.to_string(),
            }
        };
        let entries: Vec<ManifestEntry> = groups.into_iter().enumerate().map(entry).collect();
        missing_groups(&entries, &rule.parse().unwrap())
    }

    #[test]
    fn a_rule_that_finds_nothing_or_little_is_named_with_counts_and_an_image() {
        let none = line([None; 3], "(p[0-9]+)").unwrap();
        assert!(
            none.starts_with("group='(p[0-9]+)' matches none of 3 images, images/ill/0.png first; "),
            "{none}"
        );
        let some = line([Some("p1"), None, None], "(p[0-9]+)").unwrap();
        assert!(some.contains("finds no group in 2 of 3 images, images/ill/1.png first"), "{some}");
        let column = line([Some("p1"), None, None], "column").unwrap();
        assert!(column.starts_with("2 of 3 images have no group in the table's column"), "{column}");
        let default = line([None; 3], &GroupRule::default().to_string()).unwrap();
        assert!(default.contains("give group='(REGEX)'") && !default.contains("C[0-9]"), "{default}");
        assert_eq!(line([Some("p1"); 3], "(p[0-9]+)"), None);
        assert_eq!(line([None; 3], "none"), None);
    }
}
