//! Signals that end a process save what was trained, and those that it was started to ignore stay ignored.
#![cfg(unix)]

use std::{
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{
    command::{Ranklab, first_line, succeeded},
    disturbance::{await_of, errors, send},
    terminal::on_terminal,
};

const LONG: &[&str] = &["rank=1", "epochs=5000"];

/// Starts a long sweep in which a signal was first ignored or given its default, and awaits its first checkpoint.
fn started(ranklab: &Ranklab, signal: &str, disposition: &str) -> Child {
    let plain = ranklab.command(&Ranklab::sweep_arguments(LONG));
    let program = format!(
        "import os, signal, sys; signal.signal(signal.{signal}, signal.{disposition}); os.execv(sys.argv[1], sys.argv[1:])"
    );
    let mut command = Command::new("python3");
    command.args(["-c", &program]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(ranklab.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["RANKLAB_RUNS", "RANKLAB_DATA", "RANKLAB_REPORTS", "RANKLAB_CONFIG", "RANKLAB_DATABASE"] {
        command.env_remove(name);
    }
    let mut child = command.spawn().unwrap();
    await_of(&mut child, "a checkpoint", |child| {
        assert_eq!(child.try_wait().unwrap(), None, "the sweep ended before the signal");
        ranklab.checkpoint().exists()
    });
    child
}

#[test]
fn every_signal_that_ends_a_process_saves_first() {
    for (signal, number) in [("SIGHUP", 1), ("SIGUSR1", 10), ("SIGUSR2", 12), ("SIGXCPU", 24)] {
        let ranklab = Ranklab::new();
        let child = started(&ranklab, signal, "SIG_DFL");
        send(&signal.replace("SIG", "-"), &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(128 + number), "{signal}: {}", errors(&output));
        let last = errors(&output).lines().last().unwrap().to_owned();
        assert!(last.starts_with(&format!("interrupted by {signal} with 1 trial left, saved")), "{last}");
        assert_eq!(ranklab.value("select status from runs"), "interrupted");
        assert!(ranklab.checkpoint().exists());
    }
}

/// A sweep of two trials, one after the other, that a signal met in its second, and what it said.
fn interrupted_in_its_second_trial(more: &[&str]) -> (Ranklab, Output) {
    let second = |ranklab: &Ranklab| ranklab.path("runs/000002/checkpoint").exists();
    // A busy machine may be slower to look than the sweep to end.
    for _ in 0..20 {
        let ranklab = Ranklab::new();
        let sweep = Ranklab::sweep_arguments(&["rank=1,2", "epochs=60", "jobs=1"]);
        let mut child = ranklab.start(&[&sweep, more].concat());
        await_of(&mut child, "the second checkpoint or the end", |child| {
            second(&ranklab) || child.try_wait().unwrap().is_some()
        });
        if child.try_wait().unwrap().is_none() {
            send("-INT", &child);
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code() == Some(130) {
            return (ranklab, output);
        }
    }
    panic!("no signal met the second trial");
}

#[test]
fn an_interrupted_sweep_ends_with_its_results_what_is_open_and_how_to_resume() {
    let (ranklab, output) = interrupted_in_its_second_trial(&[]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(first_line(&said), "sweep 1: 1 trained, 0 finished before, 0 failed, 1 left\n");
    let row = said.lines().find(|line| line.contains("model_5 · block5 · rank 1")).unwrap();
    let accuracy: f64 = ranklab.value("select 100 * test_accuracy from runs where id = 1").parse().unwrap();
    assert!(row.contains(&format!("{accuracy:.2}")), "{row}");
    assert!(said.ends_with("open: 1 interrupted\nnext: ranklab sweep --resume\n"), "{said}");
    assert!(errors(&output).lines().last().unwrap().starts_with("interrupted by SIGINT with 1 trial left"));
    let resumed = ranklab.stdout(&["sweep", "--resume"]);
    assert_eq!(first_line(&resumed), "sweep 1: 1 trained, 1 finished before, 0 failed\n");
    assert!(resumed.ends_with("next: ranklab report --open\n"), "{resumed}");
}

#[test]
fn an_interrupted_sweep_counts_what_is_left_for_programs() {
    let (_, output) = interrupted_in_its_second_trial(&["--json"]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["trained"], &result["left"]), (&1.into(), &1.into()));
    let (_, output) = interrupted_in_its_second_trial(&["--quiet"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "sweep 1: 1 trained, 0 finished before, 0 failed, 1 left\n");
}

#[test]
fn a_terminal_that_is_closed_saves_and_ends_the_sweep() {
    let sweep = Ranklab::sweep_arguments(LONG);
    for term in ["xterm", "dumb"] {
        let ranklab = Ranklab::new();
        let output = on_terminal(&ranklab, (80, 24, Some(term)), "runs/000001/checkpoint", &sweep);
        assert_eq!(output.status.code(), Some(129), "{term}: {}", errors(&output));
        assert_eq!(ranklab.value("select status from runs"), "interrupted");
    }
}

#[test]
fn a_sweep_that_was_started_by_nohup_outlives_its_terminal() {
    let ranklab = Ranklab::new();
    let mut child = started(&ranklab, "SIGHUP", "SIG_IGN");
    for _ in 0..2 {
        send("-HUP", &child);
        sleep(Duration::from_millis(300));
        assert_eq!(child.try_wait().unwrap(), None, "SIGHUP ended what nohup started");
    }
    send("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", errors(&output));
    succeeded(&ranklab.run(&["runs"]));
}
