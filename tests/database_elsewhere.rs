//! A database outside the runs folder: every command finds both, whichever way the database is named.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use crate::{
    command::{Ranklab, failed, first_line, succeeded},
    disturbance::errors,
};

/// A folder whose defaults file puts the database into `records`, after a sweep of these settings.
fn after(settings: &[&str]) -> Ranklab {
    let ranklab = Ranklab::new();
    fs::write(ranklab.path("ranklab.toml"), "database = \"records/mine.db\"\n").unwrap();
    succeeded(&ranklab.sweep(settings));
    ranklab
}

#[test]
fn runs_stay_in_the_runs_folder_and_every_command_finds_them() {
    let settings = ["model=model_4,model_5", "rank=1,2"];
    let ranklab = after(&settings);
    assert!(ranklab.path("records/mine.db").is_file() && !ranklab.path("runs/ranklab.db").exists());
    for made in ["runs/000001/model.safetensors", "runs/features", "runs/manifests"] {
        assert!(ranklab.path(made).exists(), "{made}");
    }
    assert_eq!(ranklab.value("select count(*) from runs"), "3");
    let again = succeeded(&ranklab.sweep(&settings));
    assert_eq!(first_line(&again), "sweep 1: 0 trained, 3 finished before, 0 failed\n");
    let resumed = ranklab.stdout(&["sweep", "--resume"]);
    assert_eq!(first_line(&resumed), "sweep 1: 0 trained, 3 finished before, 0 failed\n");
    assert!(ranklab.stdout(&["runs", "show", "1"]).contains("000001/model.safetensors"));
    assert!(ranklab.stdout(&["verify", "1", "-q"]).contains("is reproduced bit for bit"));
    // Grad-CAM takes the weights from the runs folder.
    ranklab.stdout(&["report"]);
    let page = fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap();
    assert!(page.contains("<img src=\"data:image/png;base64,"), "the report has no pictures");
    assert!(!page.contains("is not explained by Grad-CAM"), "the weights were not found");
}

#[test]
fn backups_restores_and_removals_take_each_from_its_folder() {
    let ranklab = after(&["rank=1"]);
    let said = ranklab.stdout(&["runs", "backup", "copy.db"]);
    assert!(said.contains("trained models stay in runs\n"), "{said}");
    // A folder of a lost run is garbage; beside the database there is none.
    fs::create_dir_all(ranklab.path("runs/000099")).unwrap();
    fs::write(ranklab.path("runs/000099/model.safetensors"), [0; 1000]).unwrap();
    fs::create_dir_all(ranklab.path("records/000098")).unwrap();
    fs::write(ranklab.path("records/000098/model.safetensors"), [0; 1000]).unwrap();
    let said = ranklab.stdout(&["runs", "gc", "--yes"]);
    assert!(said.starts_with("removed runs/000099 (") && said.ends_with("1000 B freed\n"), "{said}");
    assert!(ranklab.path("records/000098").exists());
    let said = ranklab.stdout(&["runs", "rm", "1", "--yes"]);
    assert!(said.contains("runs/000001/model.safetensors ("), "{said}");
    assert!(!ranklab.path("runs/000001").exists());
    assert_eq!(ranklab.value("select count(*) from runs"), "0");
    let said = ranklab.stdout(&["runs", "restore", "copy.db"]);
    assert!(said.starts_with("restored records/mine.db from copy.db: 1 runs\n"), "{said}");
    assert_eq!(ranklab.value("select count(*) from runs"), "1");
}

#[test]
fn the_option_goes_before_the_variable_and_that_before_the_file() {
    let ranklab = Ranklab::new();
    let missing = |variable: Option<&str>, options: &[&str]| {
        let mut command = ranklab.command(&[&["runs"], options].concat());
        if let Some(variable) = variable {
            command.env("RANKLAB_DATABASE", variable);
        }
        failed(&command.output().unwrap())
    };
    let expected = |path: &str| format!("error: no runs database at {path}; run `ranklab sweep` first");
    assert_eq!(missing(None, &[]), expected("runs/ranklab.db"));
    assert_eq!(missing(None, &["--runs-folder", "other"]), expected("other/ranklab.db"));
    fs::create_dir(ranklab.path("below")).unwrap();
    fs::write(ranklab.path("below/mine.toml"), "database = \"of-file.db\"\n").unwrap();
    let config = ["--config", "below/mine.toml"];
    assert_eq!(missing(None, &config), expected("below/of-file.db"));
    // Also where the line names a runs folder.
    assert_eq!(missing(None, &[&config[..], &["--runs-folder", "x"]].concat()), expected("below/of-file.db"));
    assert_eq!(missing(Some("of-variable.db"), &config), expected("of-variable.db"));
    let line = [&config[..], &["--database", "of-line.db"]].concat();
    assert_eq!(missing(Some("of-variable.db"), &line), expected("of-line.db"));
}

#[test]
fn a_url_of_another_database_is_refused_in_one_line_without_its_password() {
    let ranklab = Ranklab::new();
    let url = "mysql://me:secret@host/runs";
    let refused = "error: --database (RANKLAB_DATABASE): mysql:// is not supported; give the path of a file, or \
         postgres://USER@HOST/DATABASE";
    assert_eq!(failed(&ranklab.run(&["runs", "--database", url])), refused);
    let mut command = ranklab.command(&["sweep", "--dry-run"]);
    assert_eq!(failed(&command.env("RANKLAB_DATABASE", url).output().unwrap()), refused);
    fs::write(ranklab.path("ranklab.toml"), format!("jobs = 1\ndatabase = \"{url}\"\n")).unwrap();
    let error = failed(&ranklab.run(&["report"]));
    let expected = "error: defaults file ranklab.toml: line 2: database: mysql:// is not supported; give the path of a \
                    file, or postgres://USER@HOST/DATABASE";
    assert_eq!(error, expected);
    // Help shows no password either.
    let help = ranklab.command(&["--help"]).env("RANKLAB_DATABASE", url).output().unwrap();
    assert!(!(succeeded(&help) + &errors(&help)).contains("secret"));
}

#[test]
fn a_check_reads_the_database_and_the_runs_folder() {
    let ranklab = after(&["rank=1"]);
    let said = ranklab.stdout(&["check"]);
    assert!(
        said.starts_with("checked: 1 database, 1 files of runs") && said.ends_with("all intact\n"),
        "{said}"
    );
    let model = ranklab.path("runs/000001/model.safetensors");
    fs::write(&model, "other").unwrap();
    let output = ranklab.run(&["check"]);
    assert_eq!(failed(&output), "error: 1 problem found; see above what to do about it");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("model.safetensors: it is not what run 1 stored")
    );
    fs::write(ranklab.path("records/mine.db"), "nothing").unwrap();
    let output = ranklab.run(&["check"]);
    failed(&output);
    assert!(String::from_utf8_lossy(&output.stdout).contains("records/mine.db: "));
}

#[test]
fn half_copies_beside_the_database_are_garbage_if_they_have_its_name() {
    let ranklab = after(&["rank=1"]);
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    for copy in ["mine.db.77.part", "other.db.77.part"].map(|name| ranklab.path("records").join(name)) {
        fs::copy(ranklab.path("records/mine.db"), &copy).unwrap();
        fs::File::options().write(true).open(&copy).unwrap().set_modified(long_ago).unwrap();
    }
    let said = ranklab.stdout(&["runs", "gc", "--yes"]);
    assert!(said.starts_with("removed records/mine.db.77.part (") && said.lines().count() == 2, "{said}");
    assert!(ranklab.path("records/other.db.77.part").exists());
}
