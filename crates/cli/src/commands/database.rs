//! `ranklab database`: where the runs database is, and copying it to another location.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use ranklab_store::{CopiedTable, Location, copy_database};

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::{output::print, printable::printable},
};

/// Show where the runs database is, or copy it to another location.
#[derive(Args, Clone, Debug)]
pub(crate) struct DatabaseArgs {
    #[command(subcommand)]
    command: DatabaseCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum DatabaseCommand {
    /// Show where the runs database is, and its id.
    Show,
    /// Copy all sweeps and runs of one database into an empty one; the runs folder stays where it is.
    Copy {
        /// Database to copy: a file, or postgres://USER@HOST/DATABASE.
        from: PathBuf,
        /// Empty database that takes the copy: a file that is not there yet, or postgres://USER@HOST/DATABASE.
        to: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn database(folders: &Folders, arguments: &DatabaseArgs) -> anyhow::Result<()> {
    match &arguments.command {
        DatabaseCommand::Show => show(&folders.database()),
        DatabaseCommand::Copy { from, to } => {
            let [from, to] = [parse(from)?, parse(to)?];
            print(&copied(&block_on(async { anyhow::Ok(copy_database(&from, &to).await?) })?, &from, &to))
        }
    }
}

fn parse(name: &std::path::Path) -> anyhow::Result<Location> {
    Location::parse(name).map_err(|problem| anyhow!(problem))
}

fn show(location: &Location) -> anyhow::Result<()> {
    let id = block_on(with_store(location, async |store| Ok(store.id().to_owned())))?;
    let kind = if location.as_file().is_some() { "SQLite" } else { "PostgreSQL" };
    print(&format!("database  {}\nkind      {kind}\nid        {id}\n", printable(&location.to_string())))
}

/// A row for each table: its name, its rows, and the first digits of the hash that both databases have.
fn copied(tables: &[CopiedTable], from: &Location, to: &Location) -> String {
    let mut text = String::new();
    for CopiedTable { table, rows, sha256 } in tables {
        text += &format!("{table:<24}{rows:>12} rows  sha256 {}\n", sha256.get(..16).unwrap_or(sha256));
    }
    let [from, to] = [from, to].map(|location| printable(&location.to_string()));
    text + &format!("copied {from} to {to}: counts and hashes of all tables are equal\n")
}
