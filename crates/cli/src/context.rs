//! The context of a sweep or a verification, made from the folders and the command line.

use ranklab_store::without_secret;
use ranklab_sweep::Context;
use ranklab_trainer::Stop;

use crate::{build_info::source_commit, folders::Folders};

/// The context of work that trains at most `jobs` trials together and ends when `stop` is requested.
pub(crate) fn context(folders: &Folders, jobs: usize, stop: Stop) -> Context {
    Context {
        locations: folders.locations(),
        database: folders.database(),
        command: command_line(),
        jobs,
        stop,
        code: source_commit(),
    }
}

/// The command as it was typed, without the password of a database; bytes that are not text are replaced.
fn command_line() -> String {
    let words = std::env::args_os().map(|word| without_secret(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}
