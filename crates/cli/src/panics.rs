//! A panic, of ranklab or of a library, as one line: what, where and what to do next.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

use crate::printable::printable_lines;

/// Sets how panics are reported. With `RUST_BACKTRACE=full` the backtrace follows.
pub(crate) fn report_in_one_line() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Not above the progress bars: whoever panicked may hold their lock.
        let _ = io::stderr().write_all(format!("{}\n", printable_lines(&line(panic))).as_bytes());
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value == "full") {
            default(panic);
        }
    }));
}

fn line(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("no message");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {}:{}", in_library(place.file()), place.line()));
    format!(
        "error: ranklab panicked{place}: {message}; what was recorded is safe: repeat the command, and file an issue with this line if it comes again"
    )
}

/// A library's file from the library's name and version on; other paths as they are.
fn in_library(file: &str) -> &str {
    let below_registry = file.split_once("/registry/src/").and_then(|(_, path)| path.split_once('/'));
    below_registry.map_or(file, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_librarys_file_is_named_without_the_folder_of_the_machine_that_built_it() {
        assert_eq!(in_library("/home/a/.cargo/registry/src/x-1/lib-1.2.3/src/a.rs"), "lib-1.2.3/src/a.rs");
        assert_eq!(in_library("crates/cli/src/main.rs"), "crates/cli/src/main.rs");
    }
}
