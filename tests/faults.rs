//! A sweep in which one file call fails, in every way that one can, ends with the figures of an undisturbed sweep when
//! the command is repeated. The calls are counted and made to fail by shim/faults.c, which is preloaded.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    command::{Ranklab, succeeded},
    disturbance::{errors, setting},
};

/// The ways to fail, of shim/faults.c.
const KINDS: [&str; 5] = ["kill", "torn", "eio", "enospc", "short"];

/// The shim, compiled; nothing where there is no compiler.
fn shim(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/shim/faults.c");
    let library = folder.join("faults.so");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl");
    match compiler.status() {
        Ok(status) => assert!(status.success(), "the shim does not compile"),
        Err(_) => return None,
    }
    Some(library)
}

/// A command in which the call of a number fails.
fn faulty(ranklab: &Ranklab, shim: &Path, arguments: &[&str], kind: &str, at: usize) -> Command {
    let mut command = ranklab.command(arguments);
    command
        .env("LD_PRELOAD", shim)
        .env("FAULTS_FOLDER", ranklab.folder.path())
        .env("FAULTS_KIND", kind)
        .env("FAULTS_AT", at.to_string())
        .env("FAULTS_COUNT", shim.with_file_name("calls"));
    command
}

/// What is compared: all figures, and what the database is.
fn outcome(ranklab: &Ranklab) -> String {
    assert_eq!(ranklab.value("pragma integrity_check"), "ok");
    ranklab.figures()
}

/// One fault, and what comes out when the command is repeated. Returns what went wrong.
fn inject(shim: &Path, sweep: &[&str], kind: &str, at: usize, expected: &str) -> Result<(), String> {
    let ranklab = Ranklab::new();
    let output = faulty(&ranklab, shim, sweep, kind, at).env_remove("FAULTS_COUNT").output().unwrap();
    let said = errors(&output);
    let lines = said.lines().filter(|line| line.starts_with("error: ")).count();
    let fine = match (kind, output.status.code()) {
        (_, Some(0)) => lines == 0,
        (_, Some(1)) => lines == 1,
        (kind, None) => matches!(kind, "kill" | "torn"),
        _ => false,
    };
    if !fine || said.contains("panicked") {
        return Err(format!("{:?}: {said}", output.status));
    }
    let again = ranklab.run(sweep);
    if !again.status.success() {
        return Err(format!("after {said}\nthe repetition failed: {}", errors(&again)));
    }
    let outcome = std::panic::catch_unwind(|| outcome(&ranklab));
    match outcome {
        Ok(outcome) if outcome == expected => Ok(()),
        Ok(_) => Err(format!("other figures, after {said}\nand {}", errors(&again))),
        Err(_) => Err(format!("something is left, after {said}\nand {}", errors(&again))),
    }
}

/// `just test-faults` makes every call fail in every way; here every 56th call does, in one way each.
#[test]
fn a_sweep_in_which_a_file_call_fails_ends_with_the_figures_of_an_undisturbed_one() {
    let folder = tempfile::tempdir().unwrap();
    let Some(shim) = shim(folder.path()) else {
        eprintln!("skipped: there is no C compiler");
        return;
    };
    let sweep = Ranklab::sweep_arguments(&["rank=1", "epochs=2", "images=40", "patients=4"]);
    let undisturbed = Ranklab::new();
    succeeded(&faulty(&undisturbed, &shim, &sweep, "count", 0).output().unwrap());
    let expected = outcome(&undisturbed);
    let calls: usize = fs::read_to_string(folder.path().join("calls")).unwrap().trim().parse().unwrap();
    assert!(calls > 50, "only {calls} calls were seen: the shim does not see them all");
    let every = setting("RANKLAB_FAULTS_EVERY", 56).max(1) as usize;
    let ways = (setting("RANKLAB_FAULTS_WAYS", 1) as usize).clamp(1, KINDS.len());
    let faults: Vec<(usize, &str)> = (1..=calls)
        .step_by(every)
        .enumerate()
        .flat_map(|(turn, at)| (0..ways).map(move |way| (at, KINDS[(turn + way) % KINDS.len()])))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((at, kind)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(problem) = inject(&shim, &sweep, kind, *at, &expected) {
                eprintln!("{kind} at call {at} of {calls}: {problem}");
                found.push(format!("{kind} at call {at}"));
            }
        }
        found
    };
    let found: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    eprintln!("{} of {} faults at {calls} calls were recovered", faults.len() - found.len(), faults.len());
    assert!(found.is_empty(), "{} faults were not recovered: {}", found.len(), found.join(", "));
}
