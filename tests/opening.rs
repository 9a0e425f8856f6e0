//! Reports that open in a browser, and systems without one.
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
};

/// A folder with a finished run and a folder `bin` for openers.
fn with_run() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    fs::create_dir(ranklab.path("bin")).unwrap();
    ranklab
}

/// Puts a program into `bin` that notes its arguments, one a line, in the file `opened-NAME`.
fn put_opener(ranklab: &Ranklab, name: &str) {
    let file = ranklab.path("bin").join(name);
    let noted = ranklab.path(&format!("opened-{name}"));
    let script =
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{0}.part'\n/bin/mv '{0}.part' '{0}'\n", noted.display());
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A command that finds only the programs in `bin`.
fn command(ranklab: &Ranklab, arguments: &[&str], browser: Option<&str>) -> Command {
    let mut command = ranklab.command(arguments);
    command.env("PATH", ranklab.path("bin")).env_remove("BROWSER");
    if let Some(browser) = browser {
        command.env("BROWSER", browser);
    }
    command
}

/// What the opener was started with, which may take a moment; the file is removed.
fn opened(ranklab: &Ranklab, name: &str) -> Vec<String> {
    let noted = ranklab.path(&format!("opened-{name}"));
    let start = Instant::now();
    while !noted.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{name} was not started");
        sleep(Duration::from_millis(20));
    }
    let lines = fs::read_to_string(&noted).unwrap().lines().map(str::to_owned).collect();
    fs::remove_file(noted).unwrap();
    lines
}

/// The latest page with its whole path.
fn page(ranklab: &Ranklab) -> PathBuf {
    fs::canonicalize(ranklab.folder.path()).unwrap().join("reports/latest/index.html")
}

#[test]
fn a_report_and_the_latest_report_open_with_the_systems_program() {
    let ranklab = with_run();
    put_opener(&ranklab, "xdg-open");
    let page = page(&ranklab).display().to_string();
    succeeded(&command(&ranklab, &["report", "--no-pictures", "--open"], None).output().unwrap());
    assert_eq!(opened(&ranklab, "xdg-open"), [page.as_str()]);
    let output = command(&ranklab, &["open"], None).output().unwrap();
    assert_eq!(succeeded(&output), "reports/latest/index.html\n");
    assert_eq!(errors(&output), "");
    assert_eq!(opened(&ranklab, "xdg-open"), [page.as_str()]);
}

#[test]
fn the_variable_browser_comes_first_and_may_hold_arguments_and_alternatives() {
    let ranklab = with_run();
    put_opener(&ranklab, "xdg-open");
    put_opener(&ranklab, "chosen");
    let page = page(&ranklab).display().to_string();
    succeeded(&ranklab.run(&["report", "--no-pictures"]));
    for (browser, expected) in [
        ("chosen", vec![page.as_str()]),
        ("chosen --new-window %s --last", vec!["--new-window", &page, "--last"]),
        ("absent:chosen", vec![&page]),
    ] {
        succeeded(&command(&ranklab, &["open"], Some(browser)).output().unwrap());
        assert_eq!(opened(&ranklab, "chosen"), expected, "{browser}");
    }
    succeeded(&command(&ranklab, &["open"], Some("absent")).output().unwrap());
    assert_eq!(opened(&ranklab, "xdg-open"), [page.as_str()]);
}

#[test]
fn without_a_program_a_line_names_the_page_and_the_report_has_succeeded() {
    let ranklab = with_run();
    for arguments in [&["report", "--no-pictures", "--open"][..], &["open"]] {
        let output = command(&ranklab, arguments, None).output().unwrap();
        assert!(succeeded(&output).contains("reports/latest/index.html"));
        let notes = errors(&output);
        let notes: Vec<&str> = notes.lines().filter(|line| line.contains("was not opened")).collect();
        let expected = format!(
            "note: {} was not opened: this system has no program to open it with; open it in a browser",
            page(&ranklab).display()
        );
        assert_eq!(notes, [expected.as_str()]);
    }
}

#[test]
fn there_is_nothing_to_open_before_the_first_report() {
    let error = failed(&Ranklab::new().run(&["open"]));
    assert_eq!(error, "error: there is no report at reports/latest/index.html; run `ranklab report` first");
}
