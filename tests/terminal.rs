//! What appears on a terminal: every line, whatever the terminal can do, and nothing that steers it.

mod screen;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
    terminal::screen::Screen,
};

/// Columns and rows of a terminal, and its TERM.
pub type Terminal<'a> = (u16, u16, Option<&'a str>);

const DUMB: Terminal<'_> = (80, 24, Some("dumb"));

/// Runs on a terminal of its own, on which both outputs are shown. It is closed when the file exists.
pub fn on_terminal(ranklab: &Ranklab, terminal: Terminal<'_>, hangup: &str, arguments: &[&str]) -> Output {
    terminal_command(ranklab, terminal, hangup, arguments).output().unwrap()
}

/// The command that does so, not yet started.
pub fn terminal_command(
    ranklab: &Ranklab,
    terminal: Terminal<'_>,
    hangup: &str,
    arguments: &[&str],
) -> Command {
    let (columns, rows, term) = terminal;
    let plain = ranklab.command(arguments);
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/terminal/on_terminal.py"));
    command.args([&columns.to_string(), &rows.to_string(), hangup]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(ranklab.folder.path());
    for name in [
        "RANKLAB_RUNS",
        "RANKLAB_DATA",
        "RANKLAB_REPORTS",
        "RANKLAB_CONFIG",
        "RANKLAB_DATABASE",
        "COLUMNS",
        "TERM",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    if let Some(term) = term {
        command.env("TERM", term);
    }
    command
}

/// Text without the escapes that bars are drawn with.
pub fn without_escapes(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| letter.is_ascii_alphabetic()).map_or(piece.len(), |end| end + 1);
        plain += &piece[end..];
    }
    plain.replace('\r', "\n")
}

/// What a line says besides times and speeds, which differ each time.
fn lasting(line: &str) -> String {
    let words = line.split(", ").filter(|part| !part.ends_with(" images/s") && !part.ends_with(" s"));
    words.collect::<Vec<_>>().join(", ").trim().to_owned()
}

/// Text without its spaces and line breaks.
fn packed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The beginning of a line whose figures a narrow terminal shows in part: of a trial or an epoch.
fn abridged(line: &str) -> Option<&str> {
    let is_message = [" DIVERGED: ", " FAILED: ", "interrupted"].iter().any(|word| line.contains(word));
    match line.split_once([':', ' ']) {
        Some((place, _)) if place.starts_with('[') && !is_message => Some(place),
        Some(("epoch", _)) => line.split_once(':').map(|(epoch, _)| epoch),
        _ => None,
    }
}

#[test]
fn every_line_appears_on_any_terminal_as_it_does_in_a_pipe() {
    let sweep = Ranklab::sweep_arguments(&["lr=1e38,0.005", "rank=1", "epochs=2"]);
    let piped = Ranklab::new();
    let output = piped.run(&sweep);
    failed(&output);
    let expected: Vec<String> = errors(&output)
        .lines()
        .chain(String::from_utf8_lossy(&output.stdout).lines().take(1))
        // Live lines show these where there are any.
        .filter(|line| !line.contains("images: ") && !line.trim_start().starts_with("features: "))
        .map(lasting)
        .collect();
    for must in [
        "DIVERGED: ",
        "sweep 1: 1 trained, ",
        "error: ",
        "epoch 2: loss ",
        "rank 1 · lr=0.005: run 2, accuracy ",
    ] {
        assert!(expected.iter().any(|line| line.contains(must)), "{must} is not in {expected:?}");
    }
    for terminal in [
        DUMB,
        (80, 24, None),
        (80, 24, Some("")),
        (0, 0, Some("dumb")),
        (80, 24, Some("xterm-256color")),
        (20, 5, Some("xterm")),
        (0, 0, Some("xterm")),
        (1, 1, Some("vt100")),
        (300, 1, Some("linux")),
    ] {
        let ranklab = Ranklab::new();
        let output = on_terminal(&ranklab, terminal, "-", &sweep);
        let raw = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{terminal:?}: {raw}");
        let shown = without_escapes(&raw);
        let all = packed(&shown.lines().map(lasting).collect::<Vec<_>>().join("\n"));
        for line in expected.iter().filter(|line| !line.starts_with("images")) {
            let narrow = (1..150).contains(&terminal.0);
            let must = abridged(line).filter(|_| narrow).unwrap_or(line);
            assert!(all.contains(&packed(must)), "{terminal:?}: no {must:?} in {raw:?}");
        }
        if matches!(terminal.2, None | Some("" | "dumb")) {
            assert!(!raw.contains('\u{1b}'), "{terminal:?}: {raw:?}");
        }
    }
}

#[test]
fn no_line_of_a_sweep_is_wider_than_its_terminal_and_a_table_ends_it() {
    let settings = ["model=model_4,model_5", "rank=1,16", "seed=0..1", "epochs=2", "jobs=3"];
    let sweep = Ranklab::sweep_arguments(&settings);
    for columns in [40, 80, 120] {
        let ranklab = Ranklab::new();
        let output = on_terminal(&ranklab, (columns, 24, Some("xterm-256color")), "-", &sweep);
        let raw = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{raw}");
        let screen = Screen::showing(usize::from(columns), &raw);
        assert_eq!(screen.overlong, Vec::<String>::new(), "{columns} columns");
        let was_seen =
            |parts: &[&str]| screen.seen.iter().any(|row| parts.iter().all(|part| row.contains(part)));
        let seen = &screen.seen;
        assert!(was_seen(&["seed=1", "epoch 1/2"]), "{columns} columns: {seen:?}");
        assert!(was_seen(&["/6", "estimating"]) || was_seen(&["/6", " left"]), "{columns} columns: {seen:?}");
        assert!(!was_seen(&["/6", " 0s left"]), "{columns} columns: {seen:?}");
        if columns == 120 {
            assert!(was_seen(&["model_5 · block5 · rank 16 · seed=1", "[", "epoch ", "loss "]), "{seen:?}");
        }
        let left = screen.text();
        assert!(!left.contains("elapsed") && !left.contains("estimating"), "{columns} columns:\n{left}");
        let counts = match columns {
            40 => "sweep 1: 6 trained, 0 finished before,\n    0 failed\n",
            _ => "sweep 1: 6 trained, 0 finished before, 0 failed\n",
        };
        let (_, end) = left.split_once(counts).unwrap();
        let table: Vec<&str> = end.lines().collect();
        assert!(table[1].contains("configuration") && table[1].contains("accuracy, %"), "{end}");
        assert!(end.contains(" ± "), "{end}");
        assert_eq!(table[3..6].iter().filter(|row| row.contains("rank 1")).count(), 2, "{end}");
        assert!(end.contains("★ model_") && end.contains("★ best by validation"), "{end}");
        assert_eq!(table[1].contains("trained parameters"), columns == 120, "{end}");
        assert_eq!(table.last(), Some(&"next: ranklab report --open"), "{end}");
    }
}

/// The characters that steer a terminal or reorder what is read, and some that look like it and do not.
fn characters() -> impl Iterator<Item = u32> {
    (0x01..0x20).chain(0x7f..0xa0).chain(0x200e..=0x2069)
}

fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(u32::from(letter), 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
}

/// No line of it holds what steers a terminal.
fn assert_harmless(what: &str, output: &[u8]) {
    let text = String::from_utf8(output.to_vec()).unwrap().replace("\r\n", "\n");
    let obeyed = text.chars().find(|letter| steers(*letter) && *letter != '\n');
    assert_eq!(obeyed, None, "{what}: {text:?}");
}

#[test]
fn no_name_value_or_argument_steers_a_terminal_and_csv_in_a_pipe_keeps_every_byte() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let hostile: String = characters().filter_map(char::from_u32).collect();
    let codes = characters().map(|code| code.to_string()).collect::<Vec<_>>().join(",");
    let value = format!("select 'a' || char({codes}) || 'b' as \"name {hostile}\"");
    let file = format!("x{}y.toml", hostile.replace('/', ""));
    fs::write(ranklab.path("e.toml"), format!("[training]\n\"{}\" = 3\n", "\u{9b}\u{202e}é")).unwrap();
    let dataset = format!("dataset={hostile}");
    let commands: [&[&str]; 16] = [
        &["query", &value],
        &["query", &value, "--format", "csv"],
        &["query", &value, "--json"],
        &["query", &format!("select * from \"{hostile}\"")],
        &["query", &format!("selec {hostile}")],
        &["sweep", "--dry-run", &dataset],
        &["sweep", "--dry-run", "--json", &dataset],
        &["sweep", &dataset, "weights=random"],
        &["sweep", &format!("{hostile}=1")],
        &["sweep", "-e", &file],
        &["sweep", "-e", "e.toml"],
        &["sweep", &format!("--{hostile}")],
        &[&hostile],
        &["data", "manifest", &hostile],
        &["runs", "backup", &format!("absent/{hostile}")],
        &["--runs-folder", &hostile, "runs"],
    ];
    for command in commands {
        let shown = on_terminal(&ranklab, DUMB, "-", command);
        assert_harmless(&format!("{command:?}"), &shown.stdout);
        let piped = ranklab.run(command);
        assert_eq!(piped.status.code(), shown.status.code(), "{command:?}");
        assert_harmless(&format!("{command:?} into a pipe"), &piped.stderr);
        if !command.contains(&"csv") {
            assert_harmless(&format!("{command:?} into a pipe"), &piped.stdout);
        }
    }
    // As data it is what it was.
    let csv = ranklab.run(&["query", &value, "--format", "csv"]).stdout;
    let quoted = |text: &str| format!("\"{text}\"\n");
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        quoted(&format!("name {hostile}")) + &quoted(&format!("a{hostile}b"))
    );
    let json = ranklab.stdout(&["query", &value, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0][format!("name {hostile}")], format!("a{hostile}b"));
}
