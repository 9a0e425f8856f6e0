//! `ranklab runs`: lists, shows and removes runs, and keeps the runs folder in order.

mod backup;
mod columns;
#[cfg(test)]
mod fixture;
mod gc;
mod list;
mod restore;
mod rm;
mod show;

use clap::{Args, Subcommand};

use crate::{folders::Folders, runtime::block_on};

/// List runs, show one, remove some, back up or restore the database, remove unneeded files.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  ranklab runs                 list all runs, the newest last
  ranklab runs --columns run,model,rank,accuracy
  ranklab runs show 3          show everything about run 3
  ranklab runs rm 3            list what removing run 3 would remove
  ranklab runs rm 3 --yes      remove run 3
  ranklab runs backup runs-of-today.db
  ranklab runs restore runs-of-today.db
  ranklab runs gc --older-than 30d --keep-bytes 20GB")]
pub(crate) struct RunsArgs {
    /// Subcommand; without one, runs are listed.
    #[command(subcommand)]
    command: Option<RunsCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

/// A subcommand of `ranklab runs`.
#[derive(Subcommand, Clone, Debug)]
enum RunsCommand {
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    Show(show::ShowArgs),
    Rm(rm::RmArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Gc(gc::GcArgs),
}

/// Runs a subcommand, or lists the runs.
pub(crate) fn runs(folders: &Folders, arguments: &RunsArgs) -> anyhow::Result<()> {
    let database = &folders.database();
    block_on(async {
        match &arguments.command {
            None => list::list(database, &arguments.list).await,
            Some(RunsCommand::List(arguments)) => list::list(database, arguments).await,
            Some(RunsCommand::Show(arguments)) => show::show(database, arguments).await,
            Some(RunsCommand::Rm(arguments)) => rm::rm(folders, arguments).await,
            Some(RunsCommand::Backup(arguments)) => backup::backup(folders, arguments).await,
            Some(RunsCommand::Restore(arguments)) => restore::restore(database, arguments).await,
            Some(RunsCommand::Gc(arguments)) => gc::gc(folders, arguments).await,
        }
    })
}
