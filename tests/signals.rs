//! Signals that end a process save what was trained, and those that it was started to ignore stay ignored.
#![cfg(unix)]

use std::{
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{
    command::{Ranklab, succeeded},
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
    for name in ["RANKLAB_RUNS", "RANKLAB_DATA", "RANKLAB_REPORTS"] {
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
