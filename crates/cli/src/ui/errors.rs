//! Errors on standard error: each problem as one line that holds its causes, none of them twice.

use std::{error::Error, ffi::OsString, fmt};

use super::{output::log, printable::printable};

/// Several problems that are reported at once, each on its line.
#[derive(Debug)]
pub(crate) struct Problems(pub(crate) Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("; "))
    }
}

impl Error for Problems {}

/// The lines that report an error: one per problem.
pub(crate) fn error_lines(error: &anyhow::Error) -> Vec<String> {
    if let Some(Problems(problems)) = error.downcast_ref() {
        return problems.iter().map(|problem| printable(problem)).collect();
    }
    let settings = error.downcast_ref().or_else(|| match error.downcast_ref() {
        Some(ranklab_sweep::Error::Settings(settings)) => Some(settings),
        _ => None,
    });
    if let Some(several @ ranklab_settings::Error::Multiple(_)) = settings {
        return several.to_string().lines().map(printable).collect();
    }
    vec![error_line(error)]
}

/// An error and its causes in one line, separated by colons. A cause that an error already states in its message is
/// not repeated.
pub(crate) fn error_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let message = joined_lines(&cause.to_string());
        if !message.is_empty() && !states(&line, &message) {
            line += if line.is_empty() { "" } else { ": " };
            line += &message;
        }
    }
    printable(&line)
}

/// A message in one line. Line breaks of a library become spaces; spaces within a line may belong to a name.
fn joined_lines(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a message holds `cause` as a part: at its start, after a colon or a bracket, and up to a punctuation mark
/// or its end. A word within a sentence or a path is no such part.
fn states(message: &str, cause: &str) -> bool {
    message.match_indices(cause).any(|(start, _)| {
        let (before, after) = (&message[..start], &message[start + cause.len()..]);
        let begins = before.is_empty() || before.ends_with(": ") || before.ends_with('(');
        let ends = after.is_empty() || after.starts_with([';', ':', ',', ')', '.']);
        begins && ends
    })
}

/// Prints help, the version or what is wrong with the arguments, and ends the process.
pub(crate) fn exit_with_usage(problem: &clap::Error) -> ! {
    // clap repeats arguments as they are, and colours its words with the same escapes that an argument could hold.
    let is_hostile = |argument: OsString| {
        let argument = argument.to_string_lossy();
        printable(&argument) != argument
    };
    if problem.use_stderr() && std::env::args_os().any(is_hostile) {
        log(problem.to_string().trim_end());
        std::process::exit(problem.exit_code());
    }
    problem.exit()
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    /// An error with a message and a cause.
    #[derive(Debug)]
    struct Failure(&'static str, Option<Box<Self>>);

    impl fmt::Display for Failure {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Failure {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    /// The line of an error with these messages, the cause of each behind it.
    fn line(messages: &[&'static str]) -> String {
        let chain =
            messages.iter().rev().fold(None, |cause, message| Some(Box::new(Failure(message, cause))));
        error_line(&anyhow::Error::new(*chain.unwrap()))
    }

    #[test]
    fn causes_follow_their_errors_whether_or_not_a_message_states_its_cause() {
        let cases: [(&[&str], &str); 7] = [
            (&["reading a.toml failed", "permission denied"], "reading a.toml failed: permission denied"),
            (
                &["reading a.toml failed: permission denied", "permission denied"],
                "reading a.toml failed: permission denied",
            ),
            (
                &["storing b failed: disk full; free some space", "disk full"],
                "storing b failed: disk full; free some space",
            ),
            (&["c is no zip (bad header): fetch it", "bad header"], "c is no zip (bad header): fetch it"),
            (&["the sweep failed", "no images", "no images"], "the sweep failed: no images"),
            (&["x: y: z", "y: z", "z"], "x: y: z"),
            (&["run 12 failed: disk full", "disk"], "run 12 failed: disk full: disk"),
        ];
        for (messages, expected) in cases {
            assert_eq!(line(messages), expected);
        }
    }

    #[test]
    fn a_cause_that_happens_to_stand_within_a_word_or_a_path_is_kept() {
        assert_eq!(line(&["cannot read /data/5/x.db", "5"]), "cannot read /data/5/x.db: 5");
        assert_eq!(line(&["the database is damaged", "base"]), "the database is damaged: base");
    }

    #[test]
    fn a_message_of_several_lines_becomes_one_and_keeps_the_spaces_of_names() {
        assert_eq!(line(&["TOML\n  |\n 1 | a  b\n"]), "TOML | 1 | a  b");
        assert_eq!(line(&["x\u{1b}[2J"]), "x\\u{1b}[2J");
    }

    #[test]
    fn problems_have_a_line_each_and_context_stands_before_its_cause() {
        let problems = Problems(vec!["no images".into(), "no weights".into()]);
        assert_eq!(error_lines(&problems.into()), ["no images", "no weights"]);
        let error = Err::<(), _>(Failure("disk full", None)).context("cannot write").unwrap_err();
        assert_eq!(error_lines(&error), ["cannot write: disk full"]);
    }
}
