//! Snapshots of help texts and error messages: a changed wording is a changed file in `tests/snapshots`.
//!
//! `INSTA_UPDATE=always` in the environment of the tests writes the files anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::command::Ranklab;

/// The folder of the snapshots.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/snapshots")
}

/// Compares a text with the snapshot of this name.
pub fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What a command writes to standard error, under its arguments and above its exit code. The folder of the test is
/// shown as `[FOLDER]`.
pub fn message(ranklab: &Ranklab, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = ranklab.command(arguments).env("COLUMNS", "80").output().unwrap();
    let real = fs::canonicalize(ranklab.folder.path()).unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    let stderr = stderr.replace(real.to_str().unwrap(), "[FOLDER]");
    let stderr = stderr.replace(ranklab.folder.path().to_str().unwrap(), "[FOLDER]");
    let code = status.code().map_or("none".to_owned(), |code| code.to_string());
    format!("$ ranklab {}\n{stderr}exit code {code}\n\n", arguments.join(" "))
}

/// The messages of several commands.
pub fn messages(ranklab: &Ranklab, commands: &[&[&str]]) -> String {
    commands.iter().map(|arguments| message(ranklab, arguments)).collect()
}

/// The help of a command at 80 columns.
fn help(ranklab: &Ranklab, command: &[String]) -> String {
    let output = ranklab.command(&[]).args(command).arg("--help").env("COLUMNS", "80").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        // A description that is longer than the line goes on further to the right.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn help_of_every_command_at_80_columns() {
    let ranklab = Ranklab::new();
    let mut commands = vec![Vec::new()];
    let mut names = BTreeSet::new();
    while let Some(command) = commands.pop() {
        let text = help(&ranklab, &command);
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{command:?}: {text}");
        let name = [&["help".to_owned()], command.as_slice()].concat().join("_");
        assert_snapshot(&name, &text);
        names.insert(format!("{name}.snap"));
        commands.extend(subcommands(&text).into_iter().map(|name| [command.as_slice(), &[name]].concat()));
    }
    let kept = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept: BTreeSet<String> = kept.filter(|name| name.starts_with("help")).collect();
    assert_eq!(kept, names, "snapshots of commands that do not exist");
    assert!(names.len() > 20, "{names:?}");
}

#[test]
fn all_keys() {
    assert_snapshot("keys", &Ranklab::new().stdout(&["sweep", "--keys"]));
}

#[test]
fn usual_errors() {
    let ranklab = Ranklab::new();
    let text = messages(
        &ranklab,
        &[
            &["swep"],
            &["sweep", "--resume"],
            &["sweep", "--resume", "rank=1"],
            &["sweep", "--resume", "--dry-run"],
            &["sweep", "-e", "absent.toml"],
            &["sweep", "device=tch", "dataset=absent", "weights=absent.safetensors"],
            &["sweep"],
            &["train", "rank=1,2", "dataset=synthetic", "weights=random"],
            &["report"],
            &["report", "--margin", "many"],
            &["report", "--margin", "0"],
            &["report", "--prevalence", "100"],
            &["query", "select 1"],
            &["runs"],
            &["runs", "show"],
            &["runs", "rm", "7"],
            &["runs", "restore", "absent.db"],
            &["runs", "gc", "--older-than", "soon"],
            &["runs", "gc", "--keep-bytes", "much"],
            &["verify", "7"],
            &["check"],
            &["data", "fetch", "--sha256", "x"],
            &["data", "manifest"],
            &["weights", "show"],
        ],
    );
    assert_snapshot("errors", &text);
    assert!(!ranklab.path("runs").exists());
}
