//! Completion of command lines, asked of the shells themselves.

use std::{fs, process::Command};

use crate::command::{Ranklab, succeeded};

/// What bash offers at the end of `line`, whose first word is the program.
fn bash(ranklab: &Ranklab, line: &str) -> Vec<String> {
    // The program is called by its name, as on a command line.
    let program = env!("CARGO_BIN_EXE_ranklab");
    let script = r#"
        ranklab() { "$PROGRAM" "$@"; }
        COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
        source <(ranklab completions bash) || exit 9
        [[ "$(complete -p ranklab)" == *"-F _ranklab ranklab" ]] || exit 8
        COMP_LINE="$LINE" COMP_POINT=${#LINE}
        _ranklab ranklab
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", script])
        .env("PROGRAM", program)
        .env("LINE", line)
        .current_dir(ranklab.folder.path())
        .output()
        .unwrap();
    succeeded(&output).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_keys_and_values() {
    let ranklab = Ranklab::new();
    assert_eq!(bash(&ranklab, "ranklab swe"), ["sweep", "sweeps"]);
    assert!(!bash(&ranklab, "ranklab co").contains(&"complete".to_owned()));
    assert_eq!(bash(&ranklab, "ranklab report --ope"), ["--open"]);
    assert_eq!(bash(&ranklab, "ranklab sweep epo"), ["epochs="]);
    assert_eq!(bash(&ranklab, "ranklab sweep training.ep"), ["training.epochs="]);
    // Bash has the part up to `=` already.
    assert_eq!(bash(&ranklab, "ranklab sweep rank=4 model="), ["model_4", "model_5"]);
    assert_eq!(bash(&ranklab, "ranklab sweep model=model_4,"), ["model_4,model_5"]);
    assert_eq!(bash(&ranklab, "ranklab train split=p"), ["patient"]);
    assert_eq!(bash(&ranklab, "ranklab quickstart dora=t"), ["true"]);
    assert_eq!(bash(&ranklab, "ranklab runs --columns acc"), ["accuracy"]);
    assert_eq!(bash(&ranklab, "ranklab sweep --on slurm work"), ["workers="]);
    assert_eq!(bash(&ranklab, "ranklab sweep --on sl"), ["slurm"]);
    assert_eq!(bash(&ranklab, "ranklab cancel la"), ["latest"]);
    let keys = bash(&ranklab, "ranklab sweep ");
    for key in ["rank=", "model=", "seed=", "margin=", "jobs="] {
        assert!(keys.contains(&key.to_owned()), "{key} is missing in {keys:?}");
    }
    assert!(bash(&ranklab, "ranklab sweep rnak=").is_empty());
}

#[test]
fn bash_completes_the_path_of_a_dataset() {
    let ranklab = Ranklab::new();
    fs::create_dir(ranklab.path("cells")).unwrap();
    fs::write(ranklab.path("cells.zip"), "").unwrap();
    let mut found = bash(&ranklab, "ranklab sweep dataset=cel");
    found.sort();
    assert_eq!(found, ["cells.zip", "cells/"]);
    assert_eq!(bash(&ranklab, "ranklab sweep dataset=syn"), ["synthetic"]);
}

/// Whether a shell is installed.
fn has(shell: &str) -> bool {
    Command::new(shell).args(["-c", "exit 0"]).status().is_ok_and(|status| status.success())
}

#[test]
fn fish_completes_keys_and_values_with_their_meaning() {
    if !has("fish") {
        return;
    }
    let ranklab = Ranklab::new();
    let bin = ranklab.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ranklab"), bin.join("ranklab")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for (line, expected) in [
        ("ranklab sweep model=", "model=model_4\nmodel=model_5\n"),
        ("ranklab sweep epo", "epochs=\ta whole number from 1 to 100000\n"),
    ] {
        let script = format!("ranklab completions fish | source; complete --do-complete '{line}'");
        let output = Command::new("fish")
            .args(["--no-config", "-c", &script])
            .env("PATH", &path)
            .env("HOME", ranklab.folder.path())
            .output()
            .unwrap();
        assert_eq!(succeeded(&output), expected, "{line}");
    }
}

#[test]
fn every_shell_has_a_script_and_zsh_can_parse_its_own() {
    let ranklab = Ranklab::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(ranklab.stdout(&["completions", shell]).contains("ranklab"), "{shell}");
    }
    if has("zsh") {
        fs::write(ranklab.path("_ranklab"), ranklab.stdout(&["completions", "zsh"])).unwrap();
        let status = Command::new("zsh").args(["-n", "_ranklab"]).current_dir(ranklab.folder.path()).status();
        assert!(status.unwrap().success());
    }
}
