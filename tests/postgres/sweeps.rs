//! A sweep on a server has the very figures, tables and reports of one in a file, and goes on after kills.

use std::{collections::BTreeMap, fs, process::Child};

use serde_json::Value;

use super::server::Database;
use crate::{
    command::{Ranklab, first_line, succeeded},
    disturbance::{Trouble, errors, setting},
};

/// A sweep with something of everything that a report compares.
const SWEEP: &[&str] = &["model=model_4,model_5", "rank=1,2", "seed=0,1", "epochs=2"];

/// The figures of a sweep in a file, which no kind of database may change.
pub fn figures_in_a_file(sweep: &[&str]) -> String {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(sweep));
    ranklab.figures()
}

/// A report's Markdown files, without what no two sweeps share: times, speeds, memory and the database's location.
fn report(ranklab: &Ranklab) -> String {
    ranklab.stdout(&["report", "--no-pictures"]);
    let read = |file: &str| fs::read_to_string(ranklab.path("reports/latest").join(file)).unwrap();
    let text = read("report.md") + &read("details.md");
    let varies = |line: &str| VARIES.iter().any(|word| line.contains(word));
    text.lines().filter(|line| !varies(line)).map(|line| format!("{line}\n")).collect()
}

/// Words of lines that differ between two equal sweeps.
const VARIES: [&str; 6] = [" UTC", "accuracy-by-time", "**Time:**", "**Speed and memory:**", " MiB", " s |"];

#[test]
fn a_sweep_on_a_server_has_the_figures_tables_and_report_of_one_in_a_file() {
    let Some(database) = Database::new() else { return };
    let (file, server) = (Ranklab::new(), database.ranklab());
    let counts = [&file, &server].map(|ranklab| succeeded(&ranklab.sweep(SWEEP)));
    assert_eq!(first_line(&counts[0]), first_line(&counts[1]));
    assert!(!server.path("runs/ranklab.db").exists());
    assert!(file.figures() == server.figures(), "the figures differ");
    assert_eq!(report(&file), report(&server));
    // Commands that read give the same answers, to the last letter.
    for look in [
        &["query", "select run, model, layers, rank, seed, accuracy, auc, sensitivity from leaderboard"][..],
        &[
            "query",
            "select * from rank_comparison",
            "--format",
            "csv",
            "--columns",
            "rank,runs,seeds,accuracy,accuracy_sd",
        ],
        &["query", "select * from test_errors", "--format", "csv"],
        &["query", "select trials, finished, best_accuracy from sweep_progress", "--format", "json"],
        &["sweeps"],
        &["sweeps", "--json"],
        &["runs", "--columns", "run,status,model,rank,accuracy,auc"],
    ] {
        assert_eq!(file.stdout(look), server.stdout(look), "{look:?}");
    }
    // With so few seeds it is one line, by either.
    let power = [&file, &server].map(|ranklab| errors(&ranklab.run(&["power", "--sweep", "1"])));
    assert!(power[0] == power[1] && !power[0].is_empty(), "{power:?}");
    let checked = server.stdout(&["check"]);
    assert!(
        checked.starts_with("checked: 1 database, 6 files of runs") && checked.ends_with("all intact\n"),
        "{checked}"
    );
    assert!(server.stdout(&["verify", "1", "-q"]).contains("is reproduced bit for bit"));
    let shown = server.stdout(&["database", "show"]);
    assert!(shown.contains("kind      PostgreSQL\n") && shown.contains(database.name()), "{shown}");
    // Nothing is trained again, and the newest sweep is found.
    for again in [succeeded(&server.sweep(SWEEP)), server.stdout(&["sweep", "--resume"])] {
        assert_eq!(first_line(&again), "sweep 1: 0 trained, 6 finished before, 0 failed\n");
    }
}

#[test]
fn a_run_on_a_server_predicts_as_one_in_a_file() {
    let Some(database) = Database::new() else { return };
    let (file, server) = (Ranklab::new(), database.ranklab());
    let predicted = [&file, &server].map(|ranklab| {
        succeeded(&ranklab.sweep(&["rank=2"]));
        let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
        zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("all")).unwrap();
        let found = ranklab.stdout(&["predict", "best", "all", "--format", "json"]);
        let found: Value = serde_json::from_str(&found).unwrap();
        let images = found["predictions"].as_array().unwrap();
        assert_eq!(images.len(), 60);
        let bits = |image: &Value| image["probability"].as_f64().unwrap().to_bits();
        let name = |image: &Value| image["image"].as_str().unwrap().to_owned();
        images.iter().map(|image| (name(image), bits(image))).collect::<BTreeMap<_, _>>()
    });
    assert_eq!(predicted[0], predicted[1]);
}

/// RANKLAB_SERVER_KILLS makes it longer; RANKLAB_KILL_SEED chooses other moments.
#[test]
fn a_sweep_on_a_server_killed_at_random_moments_ends_with_the_figures_of_one_in_a_file() {
    if Database::new().is_none() {
        return;
    }
    let sweep = ["rank=1,2", "epochs=6"];
    let expected = figures_in_a_file(&sweep);
    let arguments = Ranklab::sweep_arguments(&sweep);
    let kills = Trouble {
        sweep: &arguments,
        times: setting("RANKLAB_SERVER_KILLS", 3),
        seed: setting("RANKLAB_KILL_SEED", 5),
        prepare: &|ranklab: &Ranklab| {
            let database = Database::new()?;
            database.give_to(ranklab);
            Some(database)
        },
        stop: &|mut child: Child, _| {
            child.kill().unwrap();
            child.wait_with_output().ok()
        },
    };
    eprintln!("kills with a server: {}", kills.make());
    let database = Database::new().unwrap();
    let ranklab = database.ranklab();
    let output = ranklab.sweep(&sweep);
    succeeded(&output);
    assert!(ranklab.figures() == expected, "{}", errors(&output));
}
