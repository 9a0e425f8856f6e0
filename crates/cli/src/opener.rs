//! Opens a page with the reader's browser: `$BROWSER`, else the system's opener.

use std::{
    env, io,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::ui::{output::log, printable::printable};

/// How long an opener may take to fail; one that still runs has opened the page.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the page at `path`. Where nothing opens it, a line says so with the path.
pub(crate) fn open_page(path: &Path) {
    // A browser has another current folder.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if with_browser(&path) {
        return;
    }
    if let Err(problem) = open::that_detached_with_timeout(&path, PATIENCE) {
        let reason = match problem.kind() {
            io::ErrorKind::NotFound => "this system has no program to open it with".to_owned(),
            _ => problem.to_string(),
        };
        log(format_args!(
            "note: {} was not opened: {}; open it in a browser",
            printable(&path.to_string_lossy()),
            printable(&reason)
        ));
    }
}

/// Opens the page with the first program of `$BROWSER` that starts. The variable holds commands separated by colons;
/// `%s` in one stands for the page.
fn with_browser(path: &Path) -> bool {
    let Ok(browsers) = env::var("BROWSER") else { return false };
    browsers.split(':').filter_map(|browser| command(browser, path)).any(|mut command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
    })
}

/// The command of one browser; `None` of an empty one.
fn command(browser: &str, path: &Path) -> Option<Command> {
    let mut words = browser.split_whitespace();
    let mut command = Command::new(words.next()?);
    let mut named = false;
    for word in words {
        if word == "%s" {
            command.arg(path);
            named = true;
        } else {
            command.arg(word);
        }
    }
    if !named {
        command.arg(path);
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_takes_the_page_where_it_says_or_at_the_end() {
        let words = |browser: &str| {
            let command = command(browser, Path::new("/r/a page.html")).unwrap();
            let words = [command.get_program()].into_iter().chain(command.get_args());
            words.map(|word| word.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(words("firefox"), ["firefox", "/r/a page.html"]);
        assert_eq!(words("chromium --app %s --new"), ["chromium", "--app", "/r/a page.html", "--new"]);
        assert!(command(" ", Path::new("x")).is_none());
    }
}
