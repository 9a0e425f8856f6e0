//! Groups that a run's own images share with others, also where the two sides name groups by other rules.

use std::collections::BTreeSet;

use ranklab_data::ManifestEntry;
use ranklab_settings::GroupRule;

/// Images with the rule that named their groups.
pub(crate) struct Grouped<'a> {
    /// The images.
    pub(crate) entries: Vec<&'a ManifestEntry>,
    /// The rule.
    pub(crate) rule: &'a GroupRule,
}

impl Grouped<'_> {
    /// The groups that `rule` finds, as they are compared; a table's column is known under its own rule alone.
    fn under(&self, rule: &GroupRule) -> BTreeSet<String> {
        let group = |entry: &&'_ ManifestEntry| match rule == self.rule {
            true => entry.has_group().then(|| compared(&entry.group)),
            false => rule.group_of(&entry.name).map(compared),
        };
        self.entries.iter().filter_map(group).collect()
    }
}

/// A group's name without what programs write differently: `P1` is `p1`, and `7.0` of a column of floats is `7`.
fn compared(group: &str) -> String {
    let whole = group.split_once('.').filter(|(whole, rest)| {
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        are_digits(whole) && are_digits(rest) && rest.bytes().all(|byte| byte == b'0')
    });
    whole.map_or(group, |(whole, _)| whole).to_lowercase()
}

/// Number of groups of `others` that are groups of `own`. The rule of either side is tried on both, and the names that
/// each side's own rule gives are compared; the largest number counts.
///
/// # Errors
/// When no group is shared and no rule finds groups on both sides, with the reason.
pub(crate) fn shared_groups(own: &Grouped<'_>, others: &Grouped<'_>) -> Result<usize, String> {
    let shared = |ours: BTreeSet<String>, theirs: BTreeSet<String>| ours.intersection(&theirs).count();
    let mut most = shared(own.under(own.rule), others.under(others.rule));
    let mut is_comparable = false;
    for rule in [others.rule, own.rule] {
        let (ours, theirs) = (own.under(rule), others.under(rule));
        is_comparable |= !ours.is_empty() && !theirs.is_empty();
        most = most.max(shared(ours, theirs));
    }
    if most > 0 || is_comparable {
        return Ok(most);
    }
    Err(format!(
        "no rule finds groups both in the run's own images (group={}) and in these (group={}); evaluate with a `group=` \
         that does",
        own.rule, others.rule
    ))
}

#[cfg(test)]
mod tests {
    use ranklab_settings::Class;

    use super::*;

    /// Images with the groups that `rule` finds in their names, or else those given.
    fn images(rule: &GroupRule, images: &[(&str, &str)]) -> Vec<ManifestEntry> {
        let entry = |(name, given): &(&str, &str)| ManifestEntry {
            file: (*name).to_owned(),
            name: (*name).to_owned(),
            class: Class::Positive,
            group: if rule.is_column() { *given } else { rule.group_of(name).unwrap_or(name) }.to_owned(),
            part: None,
            width: 1,
            height: 1,
            content_hash: String::new(),
        };
        images.iter().map(entry).collect()
    }

    fn shared(own: (&str, &[(&str, &str)]), others: (&str, &[(&str, &str)])) -> Result<usize, String> {
        let rules = [own.0, others.0].map(|rule| rule.parse::<GroupRule>().unwrap());
        let entries = [images(&rules[0], own.1), images(&rules[1], others.1)];
        let side = |side: usize| Grouped { entries: entries[side].iter().collect(), rule: &rules[side] };
        shared_groups(&side(0), &side(1))
    }

    const OWN: &[(&str, &str)] = &[("ill/patient_0_1.png", "0.0"), ("ill/patient_7_1.png", "7.0")];
    const OTHERS: &[(&str, &str)] = &[("ill/PATIENT_0_9.png", "0"), ("ill/patient_7_3.png", "7")];

    #[test]
    fn groups_are_found_again_under_another_rule_and_another_spelling() {
        let whole = "(patient_[0-9]+)";
        assert_eq!(shared((whole, OWN), (whole, OTHERS)), Ok(1));
        assert_eq!(shared((whole, OWN), ("(?i)(patient_[0-9]+)", OTHERS)), Ok(2));
        for other in ["patient_([0-9]+)", "none", "column"] {
            assert_eq!(shared((whole, OWN), (other, OTHERS)), Ok(1), "{other}");
        }
        assert_eq!(shared(("none", OWN), (whole, OTHERS)), Ok(1));
        // Floats of a parquet column, and a column against a rule that gives its names.
        assert_eq!(shared(("column", OWN), ("column", OTHERS)), Ok(2));
        assert_eq!(shared(("column", OWN), ("patient_([0-9]+)", OTHERS)), Ok(1));
        assert_eq!(shared((whole, OWN), (whole, &[("ill/patient_70_1.png", "")])), Ok(0));
    }

    #[test]
    fn that_no_rule_finds_groups_on_both_sides_is_told() {
        let refused = shared(("none", OWN), ("none", OTHERS)).unwrap_err();
        assert!(refused.contains("(group=none)") && !refused.contains('\n'), "{refused}");
        let others: &[(&str, &str)] = &[("a/1.png", "x"), ("a/2.png", "y")];
        assert!(shared(("(patient_[0-9]+)", OWN), ("column", others)).is_err());
        assert_eq!([compared("7.0"), compared("7.5"), compared("v7.0")], ["7", "7.5", "v7.0"]);
    }
}
