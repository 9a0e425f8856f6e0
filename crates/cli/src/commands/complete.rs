//! `ranklab complete`: suggests how a command line goes on, for the completion scripts of shells.

use std::ffi::{OsStr, OsString};

use clap::Args;
use clap_complete::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter,
    engine::{self, ValueCompleter as _},
};
use ranklab_settings::{path_in_setting, suggestions};

use crate::ui::output::print_tabbed;

/// Suggest how a command line goes on, one suggestion per line with its meaning behind a tab.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompleteArgs {
    /// Words up to the cursor without the program's name; the last is still being typed.
    #[arg(last = true)]
    words: Vec<OsString>,
}

/// Prints suggestions for the last word, where `command` describes the whole tool.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn complete(arguments: &CompleteArgs, command: &mut clap::Command) -> anyhow::Result<()> {
    let mut words = vec![OsString::from("ranklab")];
    words.extend(arguments.words.iter().cloned());
    if words.len() == 1 {
        words.push(OsString::new());
    }
    let last = words.len() - 1;
    let folder = std::env::current_dir().ok();
    // A line that cannot be completed has no suggestions.
    let found = engine::complete(command, words, last, folder.as_deref()).unwrap_or_default();
    let rows: Vec<[String; 2]> = found.iter().map(row).collect();
    print_tabbed(&rows)
}

/// A suggestion and the first line of its meaning.
fn row(candidate: &CompletionCandidate) -> [String; 2] {
    let meaning = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let meaning = meaning.lines().next().unwrap_or_default().to_owned();
    [candidate.get_value().to_string_lossy().into_owned(), meaning]
}

/// Completes the name of a registered sweep.
pub(super) fn sweeps() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let meaning = "the sweep that was requested last";
        vec![CompletionCandidate::new("latest").help(Some(meaning.into()))]
    })
}

/// Completes a `key=value` setting of a sweep.
pub(crate) fn settings() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let Some(typed) = typed.to_str() else { return Vec::new() };
        let words = suggestions(typed).into_iter().map(|suggestion| {
            let meaning = Some(suggestion.meaning).filter(|meaning| !meaning.is_empty());
            CompletionCandidate::new(suggestion.word).help(meaning.map(Into::into))
        });
        let mut found: Vec<CompletionCandidate> = words.collect();
        if let Some(path) = path_in_setting(typed) {
            let key = &typed[..typed.len() - path.len()];
            let paths = PathCompleter::any().complete(OsStr::new(path));
            found.extend(paths.into_iter().map(|candidate| candidate.add_prefix(key)));
        }
        found
    })
}
