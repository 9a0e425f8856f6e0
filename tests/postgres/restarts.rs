//! A server that is killed in the middle of a sweep, and comes back or not.

use std::{
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{server::Server, sweeps::figures_in_a_file};
use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{Moments, await_of, errors, setting},
};

/// RANKLAB_SERVER_KILLS makes it longer; RANKLAB_KILL_SEED chooses other moments.
#[test]
fn a_server_that_is_killed_and_restarted_at_random_moments_costs_nothing() {
    let Some(server) = Server::start() else { return };
    let sweep = ["rank=1,2,4", "epochs=12", "jobs=2"];
    let expected = figures_in_a_file(&sweep);
    let kills = setting("RANKLAB_SERVER_KILLS", 3);
    let mut moments = Moments(setting("RANKLAB_KILL_SEED", 5));
    let (mut killed, mut seconds, mut sweeps) = (0, None, 0);
    while killed < kills {
        let database = server.database();
        let ranklab = database.ranklab();
        let started = Instant::now();
        let mut child = ranklab.start(&Ranklab::sweep_arguments(&sweep));
        // The first sweep is undisturbed: it says how long one takes.
        if let Some(seconds) = seconds {
            for _ in 0..2 {
                sleep(Duration::from_secs_f64(moments.next() * seconds / 2.0));
                if child.try_wait().unwrap().is_none() {
                    server.kill();
                    sleep(Duration::from_secs_f64(moments.next()));
                    killed += u64::from(child.try_wait().unwrap().is_none());
                    server.up();
                }
            }
        }
        let output = child.wait_with_output().unwrap();
        seconds = seconds.or(Some(started.elapsed().as_secs_f64()));
        sweeps += 1;
        let said = errors(&output);
        if !output.status.success() {
            // Before its first record a command ends at once, in one line: the address may be wrong.
            let line = failed(&output);
            assert!(line.contains("cannot be reached") && !said.contains("epoch 1"), "{said}");
            succeeded(&ranklab.sweep(&sweep));
        }
        assert_eq!(ranklab.value("select count(*) from runs"), "3");
        assert!(ranklab.figures() == expected, "sweep {sweeps}: {said}");
    }
    eprintln!("{killed} kills of the server in {sweeps} sweeps; every figure is that of a sweep in a file");
}

/// Stops the server of a sweep that trains, and gives what became of the sweep.
fn left_alone(server: &Server, ranklab: &Ranklab, sweep: &[&str]) -> std::process::Output {
    let mut command = ranklab.command(&Ranklab::sweep_arguments(sweep));
    command.env("RANKLAB_DATABASE_WAIT", "4s");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child: Child = command.spawn().unwrap();
    await_of(&mut child, "a checkpoint or the end", |child| {
        ranklab.checkpoint().exists() || child.try_wait().unwrap().is_some()
    });
    server.kill();
    child.wait_with_output().unwrap()
}

#[test]
fn a_server_that_stays_away_is_one_line_and_with_it_the_sweep_resumes() {
    let Some(server) = Server::start() else { return };
    let sweep = ["rank=1,2", "epochs=60", "jobs=1"];
    let expected = figures_in_a_file(&sweep);
    for _ in 0..20 {
        let database = server.database();
        let ranklab = database.ranklab();
        let output = left_alone(&server, &ranklab, &sweep);
        // Nothing can be read meanwhile, which is one line as well.
        let reading = failed(&ranklab.run(&["runs"]));
        server.up();
        if output.status.success() {
            // The machine was slower to look than the sweep to end.
            continue;
        }
        let line = failed(&output);
        let begin = format!("error: the runs database {} cannot be reached: ", database.url());
        assert!(line.starts_with(&begin) && line.contains(", still after "), "{line}");
        assert!(line.ends_with("then repeat the command"), "{line}");
        assert!(reading.starts_with(&begin), "{reading}");
        let said = errors(&output);
        let waiting =
            format!("note: waiting for the runs database {}, which is away, for at most 4 s", database.url());
        assert!(said.contains(&waiting), "{said}");
        succeeded(&ranklab.sweep(&sweep));
        assert_eq!(ranklab.value("select count(*) from runs"), "2");
        assert!(ranklab.value("select sum(interruptions) from runs") != "0");
        assert!(ranklab.figures() == expected, "{said}");
        return;
    }
    panic!("no sweep was met before its end");
}
