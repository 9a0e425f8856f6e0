//! Names of configurations beside each other: only what tells them apart.

use ranklab_store::NewRun;

use crate::analysis::{AgainstReference, Analysis, Configuration};

/// Names listed before the rest is only counted.
const LISTED: usize = 3;

/// What the others are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Baseline,
    BestByValidation,
    /// Where runs have no validation figures, nothing is chosen.
    First,
}

/// In what the configurations of a test set differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distinction {
    Rank,
    Layers,
    Everything,
}

/// How the configurations of one test set are called beside their reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortNames {
    by: Distinction,
    role: Role,
}

impl ShortNames {
    /// Names for the first test set, on which the answer rests.
    pub(crate) fn of_first_set(analysis: &Analysis) -> Self {
        let whole = Self { by: Distinction::Everything, role: Role::First };
        analysis.against.first().map_or(whole, |set| Self::of(analysis, set))
    }

    /// Names for the configurations of a test set.
    pub(crate) fn of(analysis: &Analysis, set: &AgainstReference) -> Self {
        let mut shown: Vec<&Configuration> =
            set.others.iter().map(|one| &analysis.configurations[one.configuration]).collect();
        if !set.is_baseline {
            shown.push(&analysis.configurations[set.reference]);
        }
        let all = |of: &dyn Fn(&Configuration) -> bool| !shown.is_empty() && shown.iter().all(|one| of(one));
        let alike = |of: fn(&Configuration) -> &str| all(&|one| of(one) == of(shown[0]));
        let reference = &analysis.configurations[set.reference].start;
        // The baseline may have the very rank or layers that the others would be called by.
        let is_free =
            |of: &dyn Fn(&NewRun) -> bool| !set.is_baseline || !shown.iter().any(|one| of(&one.start));
        let by = if all(&|one| one.start.rank.is_some_and(|rank| rank > 0))
            && alike(|one| &one.without_rank)
            && is_free(&|start| start.rank == reference.rank)
        {
            Distinction::Rank
        } else if all(&|one| one.start.layers.is_some())
            && alike(|one| &one.without_layers)
            && is_free(&|start| start.layers == reference.layers)
        {
            Distinction::Layers
        } else {
            Distinction::Everything
        };
        let by_validation = analysis.test_sets[set.test_set].references.by_validation;
        let role = match (set.is_baseline, by_validation) {
            (true, _) => Role::Baseline,
            (false, true) => Role::BestByValidation,
            (false, false) => Role::First,
        };
        Self { by, role }
    }

    /// A configuration's name: `rank 4`, `block5_conv3`, or all of it.
    pub(crate) fn of_one(self, configuration: &Configuration) -> String {
        let start = &configuration.start;
        match (self.by, start.rank, &start.layers) {
            (Distinction::Rank, Some(rank), _) => format!("rank {rank}"),
            (Distinction::Layers, _, Some(layers)) => layers.clone(),
            _ => configuration.name.clone(),
        }
    }

    /// What the names leave out, which all of them share: `model_5 · block5`; `None` where they leave nothing out.
    pub(crate) fn shared<'a>(self, analysis: &'a Analysis, set: &AgainstReference) -> Option<&'a str> {
        let one = &analysis.configurations[set.others.first()?.configuration];
        match self.by {
            Distinction::Rank => Some(&one.without_rank),
            Distinction::Layers => Some(&one.without_layers),
            Distinction::Everything => None,
        }
    }

    /// The reference in a sentence.
    pub(crate) fn reference(self) -> &'static str {
        match self.role {
            Role::Baseline => "the baseline",
            Role::BestByValidation => "the best by validation",
            Role::First => "the first configuration",
        }
    }

    /// The reference's part in a table.
    pub(crate) fn role(self) -> &'static str {
        match self.role {
            Role::Baseline => "baseline",
            Role::BestByValidation => "best by validation",
            Role::First => "first",
        }
    }

    /// All configurations but the reference, at the start of a sentence.
    pub(crate) fn all(self) -> &'static str {
        match self.by {
            Distinction::Rank => "All ranks",
            Distinction::Layers => "All choices of layers",
            Distinction::Everything => "All others",
        }
    }

    /// `ranks 1, 2 and 4`, of many the first.
    pub(crate) fn list(self, analysis: &Analysis, ids: &[usize]) -> String {
        let of = |id: &usize| &analysis.configurations[*id];
        let mut names: Vec<String> = match self.by {
            Distinction::Rank if ids.len() > 1 => {
                ids.iter().map(|id| of(id).start.rank.unwrap_or(0).to_string()).collect()
            }
            _ => ids.iter().map(|id| self.of_one(of(id))).collect(),
        };
        if names.len() > LISTED + 1 {
            let more = names.len() - LISTED;
            names.truncate(LISTED);
            names.push(format!("{more} more"));
        }
        let prefix = if self.by == Distinction::Rank && ids.len() > 1 { "ranks " } else { "" };
        match names.split_last() {
            None => String::new(),
            Some((only, [])) => format!("{prefix}{only}"),
            Some((last, before)) => format!("{prefix}{} and {last}", before.join(", ")),
        }
    }
}
