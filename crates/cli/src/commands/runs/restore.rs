//! `ranklab runs restore`: replaces the database by a backup.

use std::path::{Path, PathBuf};

use clap::Args;
use ranklab_store::Location;

use crate::ui::{output::print, printable::printable};

/// Replace the database by a backup; the replaced database is kept beside it.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// File that `ranklab runs backup` wrote.
    path: PathBuf,
}

/// Replaces the database and prints where the replaced one is kept.
pub(super) async fn restore(
    database: &Location,
    RestoreArgs { path: backup }: &RestoreArgs,
) -> anyhow::Result<()> {
    let restored = ranklab_store::restore(backup, database).await?;
    let name = |path: &Path| printable(&path.to_string_lossy());
    let mut text = format!(
        "restored {} from {}: {} runs\n",
        printable(&database.to_string()),
        name(backup),
        restored.runs
    );
    if let Some(replaced) = &restored.replaced {
        text += &format!(
            "the replaced database is kept as {}; delete it when you no longer need it\n",
            name(replaced)
        );
    }
    print(&text)
}
