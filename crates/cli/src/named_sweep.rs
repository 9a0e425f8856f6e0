//! A registered sweep as a user names it: by its number, or as the latest one.

use std::str::FromStr;

use anyhow::Context as _;
use ranklab_runs::SweepFolder;
use ranklab_store::{Store, SweepRow};
use ranklab_sweep::Plan;

use crate::{database::with_store, folders::Folders, runtime::block_on};

/// The name of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SweepName {
    /// The sweep that was requested last.
    Latest,
    /// The sweep with this number.
    Number(i64),
}

impl FromStr for SweepName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self::Number(number)),
            _ if text == "latest" => Ok(Self::Latest),
            _ => Err("give the number of a sweep, or latest; `ranklab sweeps` lists them".to_owned()),
        }
    }
}

impl SweepName {
    /// The row of the sweep.
    ///
    /// # Errors
    /// When there is no such sweep, or the database cannot be read.
    pub(crate) async fn find(self, store: &Store) -> anyhow::Result<SweepRow> {
        match self {
            Self::Number(sweep) => Ok(store.sweep(sweep).await?),
            Self::Latest => {
                let sweep = store.latest_sweep().await?;
                sweep.context("there is no sweep to resume; run `ranklab sweep` first")
            }
        }
    }
}

/// A registered sweep that was found by its name.
pub(crate) struct NamedSweep {
    /// Its number.
    pub(crate) sweep: i64,
    /// Its trials.
    pub(crate) plan: Plan,
    /// Its folder in the runs folder.
    pub(crate) folder: SweepFolder,
}

/// Finds a registered sweep.
///
/// # Errors
/// When there is no such sweep, or this version cannot read its trials.
pub(crate) fn named_sweep(folders: &Folders, name: SweepName) -> anyhow::Result<NamedSweep> {
    block_on(with_store(&folders.database(), async |store| {
        let row = name.find(store).await?;
        let plan = Plan::registered(&row, &store.trials(row.id).await?)?;
        let folder = SweepFolder::new(&folders.runs, store.id(), row.id);
        Ok(NamedSweep { sweep: row.id, plan, folder })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_named_by_its_number_or_as_the_latest() {
        assert_eq!("12".parse(), Ok(SweepName::Number(12)));
        assert_eq!("latest".parse(), Ok(SweepName::Latest));
        for text in ["", "0", "-1", "last", "1.5", "99999999999999999999"] {
            assert!(text.parse::<SweepName>().is_err(), "{text}");
        }
    }
}
