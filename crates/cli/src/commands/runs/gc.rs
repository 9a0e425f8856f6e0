//! `ranklab runs gc`: removes files that no run needs.

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use indicatif::HumanBytes;
use ranklab_runs::{FEATURES, Garbage, GarbageRules, garbage};
use ranklab_store::{Location, Store};

use crate::{
    database::with_store,
    folders::Folders,
    ui::{output::print, printable::printable},
};

/// Remove run folders without a run, and checkpoints and feature caches that no run needs; without --yes, list
/// what would be removed.
#[derive(Args, Clone, Debug)]
pub(super) struct GcArgs {
    /// Also remove feature caches unused for this long, and checkpoints of runs interrupted this long ago: 30d, 12h, 45m.
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
    /// Also remove feature caches, the least recently used first, until they take no more than this: 20GB, 500MiB.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    keep_bytes: Option<u64>,
    /// Remove the files.
    #[arg(long)]
    yes: bool,
}

/// Removes the files that no run needs, or lists them.
pub(super) async fn gc(folders: &Folders, arguments: &GcArgs) -> anyhow::Result<()> {
    let (database, folder) = (&folders.database(), &folders.runs);
    let rules = GarbageRules {
        data_folder: Some(folders.data.clone()),
        older_than: arguments.older_than,
        keep_bytes: arguments.keep_bytes,
    };
    let found = with_store(database, async |store| Ok(garbage(store, folder, &rules).await?)).await?;
    let features = folder.join(FEATURES);
    if features.is_symlink() && (arguments.older_than.is_some() || arguments.keep_bytes.is_some()) {
        let features = printable(&features.to_string_lossy());
        print(&format!(
            "{features} is a link: its caches may serve other runs folders and are not removed\n"
        ))?;
    }
    if arguments.yes && !found.is_empty() { remove(database, &found).await } else { preview(&found) }
}

/// Lists the files and how much removing them would free.
fn preview(found: &[Garbage]) -> anyhow::Result<()> {
    let lines: String = found.iter().map(|garbage| line("would remove", garbage)).collect();
    let total = found.iter().map(|garbage| garbage.bytes).sum();
    match found {
        [] => print("nothing to remove\n"),
        _ => print(&format!("{lines}Nothing was removed; add --yes to free {}.\n", HumanBytes(total))),
    }
}

/// Removes the files that can be removed and lists them, even if another file cannot be removed.
async fn remove(database: &Location, found: &[Garbage]) -> anyhow::Result<()> {
    // A process that claims a run waits until its files are removed or kept.
    let store = Store::open(database).await?;
    let (mut text, mut total, mut kept) = (String::new(), 0, None);
    for garbage in found {
        match garbage.remove(&store).await {
            Ok(true) => {
                text += &line("removed", garbage);
                total += garbage.bytes;
            }
            Ok(false) => text += &line("kept, as it is now in use or has changed,", garbage),
            Err(problem) => {
                text += &line("could not remove", garbage);
                kept.get_or_insert(problem);
            }
        }
    }
    store.close().await;
    print(&format!("{text}{} freed\n", HumanBytes(total)))?;
    kept.map_or(Ok(()), |problem| Err(problem.into()))
}

/// One file with its size and why it is garbage.
fn line(verb: &str, garbage: &Garbage) -> String {
    let path = printable(&garbage.path.to_string_lossy());
    format!("{verb} {path} ({}): {}\n", HumanBytes(garbage.bytes), garbage.reason)
}

/// Reads an age such as `30d` or `1h 30m`.
fn age(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|problem| format!("`{text}` is not an age ({problem}); give 30d, 12h, 45m or 10s"))
}

/// Reads a number of bytes such as `20GB`, `500MiB` or `1000`.
fn bytes(text: &str) -> Result<u64, String> {
    let size: Result<ByteSize, String> = text.parse();
    size.map(|size| size.as_u64())
        .map_err(|_| format!("`{text}` is not a number of bytes; give 20GB, 500MiB or 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_have_units_and_nonsense_is_named() {
        assert_eq!(age("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(age("45m"), Ok(Duration::from_secs(2_700)));
        assert_eq!(age("0s"), Ok(Duration::ZERO));
        assert_eq!((bytes("0"), bytes("20GB"), bytes("8KiB")), (Ok(0), Ok(20_000_000_000), Ok(8 << 10)));
        for text in ["", "d", "-1d", "soon", "é", "99999999999999999999d", "9999999999999999d"] {
            assert!(age(text).unwrap_err().contains("is not an age"), "{text}");
        }
        for text in ["", "G", "-1", "much"] {
            assert!(bytes(text).unwrap_err().contains("is not a number of bytes"), "{text}");
        }
    }
}
