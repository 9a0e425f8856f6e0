//! Panics, of ranklab or of a library, as one line: what happened, in which file, and what to do.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

use super::printable::printable_lines;

/// Reports every later panic in one line. With `RUST_BACKTRACE=full` the backtrace follows.
pub(crate) fn report_in_one_line() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Not above the progress bars: the thread that panicked may hold their lock.
        let _ = io::stderr().write_all(format!("{}\n", printable_lines(&line(panic))).as_bytes());
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value == "full") {
            default(panic);
        }
    }));
}

fn line(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("no message");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let location = panic.location().map_or_else(String::new, |location| {
        format!(" at {}:{}", without_registry(location.file()), location.line())
    });
    format!(
        "error: ranklab panicked{location}: {message}; recorded results are safe: repeat the command, and if it panics again, report this line in an issue"
    )
}

/// The path of a library's file without the registry's folder; other paths unchanged.
fn without_registry(file: &str) -> &str {
    let below_registry = file.split_once("/registry/src/").and_then(|(_, path)| path.split_once('/'));
    below_registry.map_or(file, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_librarys_file_is_named_without_the_folder_of_the_machine_that_built_it() {
        assert_eq!(
            without_registry("/home/a/.cargo/registry/src/x-1/lib-1.2.3/src/a.rs"),
            "lib-1.2.3/src/a.rs"
        );
        assert_eq!(without_registry("crates/cli/src/main.rs"), "crates/cli/src/main.rs");
    }
}
