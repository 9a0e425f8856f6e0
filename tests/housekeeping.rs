//! Copies of a database in use, and clearing up that takes nothing anybody needs.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::command::{Ranklab, failed, succeeded};

#[test]
fn a_backup_while_a_sweep_trains_is_whole_and_never_takes_another_files_place() {
    let ranklab = Ranklab::new();
    let mut child = ranklab.start_and_await_checkpoint(&["rank=1", "epochs=5000"]);
    let said = ranklab.stdout(&["runs", "backup", "kept/copy.db"]);
    assert!(said.contains("kept/copy.db (") && said.contains("trained models stay in runs"), "{said}");
    let error = failed(&ranklab.run(&["runs", "backup", "kept/copy.db"]));
    assert!(error.contains("kept/copy.db: there is something already; give another name"), "{error}");
    assert_eq!(child.try_wait().unwrap(), None, "the sweep was disturbed");
    assert_eq!(ranklab.value("select status from runs"), "running");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_dir(ranklab.path("kept")).unwrap().count(), 1, "something half-written was left");
    // The copy is a runs database with whole epochs.
    fs::rename(ranklab.path("kept/copy.db"), ranklab.path("kept/ranklab.db")).unwrap();
    let query =
        "select count(*) = max(epoch) and count(*) > 0 from epoch_metrics where metric = 'train_loss'";
    let whole = ranklab.stdout(&["query", query, "--format", "csv", "--runs-folder", "kept"]);
    assert_eq!(whole.lines().nth(1), Some("1"));
    let error = failed(&ranklab.run(&["runs", "backup", "x.db", "--runs-folder", "absent"]));
    assert!(error.contains("run `ranklab sweep` first") && !ranklab.path("x.db").exists(), "{error}");
}

/// Files of a folder by name, without its subfolders.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn gc_shows_first_what_it_would_remove_and_keeps_what_runs_and_strangers_need() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let runs = ranklab.path("runs");
    assert_eq!(ranklab.stdout(&["runs", "gc"]), "nothing to remove\n");
    // A folder that lost its run, a checkpoint that outlived its run's end, half a file, and files of others.
    fs::create_dir_all(runs.join("000099")).unwrap();
    fs::write(runs.join("000099/model.safetensors"), [0; 1000]).unwrap();
    fs::write(runs.join("000001/checkpoint"), b"x").unwrap();
    fs::write(runs.join("000001/model.77.part"), b"x").unwrap();
    // The last is named like a run's and holds something else besides a model.
    fs::create_dir_all(runs.join("002024")).unwrap();
    fs::write(runs.join("002024/model.safetensors"), b"mine").unwrap();
    let folders = ["99", "notes", "0000099", "002024"];
    for stranger in folders {
        fs::create_dir_all(runs.join(stranger)).unwrap();
        fs::write(runs.join(stranger).join("mine"), b"x").unwrap();
    }
    let mine = [
        "mine.features",
        "notes.txt",
        "mine-0123456789abcdef.npy",
        "mine-0123456789abcdef.features",
        "m-0123456789abcdef.log",
    ];
    let mut mine: Vec<String> = mine.iter().map(|name| format!("features/{name}")).collect();
    mine.extend(["mine.7.part", "000001/mine.part"].map(str::to_owned));
    for stranger in &mine {
        fs::write(runs.join(stranger), b"x").unwrap();
    }
    // A backup that was killed two hours ago, and one that may be under way.
    let copy = runs.join("copy.db.77.part");
    for copy in [&copy, &runs.join("copy.db.78.part")] {
        fs::copy(runs.join("ranklab.db"), copy).unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    fs::File::options().write(true).open(&copy).unwrap().set_modified(long_ago).unwrap();
    let shown = ranklab.stdout(&["runs", "gc"]);
    assert!(shown.contains("would remove runs/copy.db.77.part") && !shown.contains("copy.db.78"), "{shown}");
    fs::remove_file(&copy).unwrap();
    let shown = ranklab.stdout(&["runs", "gc"]);
    for garbage in ["000099 (1000 B)", "000001/checkpoint (1 B)", "000001/model.77.part (1 B)"] {
        assert!(shown.contains(&format!("would remove runs/{garbage}")), "{shown}");
    }
    assert!(shown.ends_with("Nothing was removed; add --yes to free 1002 B.\n"), "{shown}");
    assert!(runs.join("000099/model.safetensors").exists() && runs.join("000001/checkpoint").exists());
    let done = ranklab.stdout(&["runs", "gc", "--yes"]);
    assert!(done.lines().count() == 4 && done.ends_with("1002 B freed\n"), "{done}");
    assert!(!runs.join("000099").exists());
    assert_eq!(names(&runs.join("000001")), ["database", "mine.part", "model.safetensors"]);
    assert!(folders.iter().all(|stranger| runs.join(stranger).join("mine").exists()));
    assert_eq!(ranklab.stdout(&["runs", "gc"]), "nothing to remove\n");
    // Caches by size; what is computed again is what was.
    let caches = |folder: &Path| names(folder).iter().filter(|name| name.ends_with(".features")).count();
    assert!(caches(&runs.join("features")) > 0);
    let shown = ranklab.stdout(&["runs", "gc", "--keep-bytes", "0", "--older-than", "30d"]);
    assert!(shown.contains("a feature cache over the limit of --keep-bytes"), "{shown}");
    ranklab.stdout(&["runs", "gc", "--keep-bytes", "0", "--older-than", "0s", "--yes"]);
    assert_eq!(caches(&runs.join("features")), 2, "those of a stranger alone");
    assert!(mine.iter().all(|stranger| runs.join(stranger).exists()));
    assert!(ranklab.stdout(&["verify", "1", "-q"]).contains("is reproduced bit for bit"));
    // Behind a link may be what other runs folders use.
    let elsewhere = ranklab.path("elsewhere");
    fs::rename(runs.join("features"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, runs.join("features")).unwrap();
    succeeded(&ranklab.sweep(&["rank=2"]));
    let kept = caches(&elsewhere);
    assert!(kept > 2, "the caches are not behind the link");
    let said = ranklab.stdout(&["runs", "gc", "--keep-bytes", "0", "--yes"]);
    assert!(said.contains("features is a link") && said.ends_with("nothing to remove\n"), "{said}");
    assert_eq!(caches(&elsewhere), kept);
    for wrong in [["--older-than", "soon"], ["--keep-bytes", "much"]] {
        let output = ranklab.run(&["runs", "gc", wrong[0], wrong[1]]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains(wrong[1]));
    }
}

#[test]
fn gc_takes_nothing_from_a_run_that_trains_and_old_checkpoints_only_when_asked() {
    let ranklab = Ranklab::new();
    let mut child = ranklab.start_and_await_checkpoint(&["rank=1", "epochs=5000"]);
    let everything = ["runs", "gc", "--older-than", "0s", "--keep-bytes", "0", "--yes"];
    assert_eq!(ranklab.stdout(&everything), "nothing to remove\n");
    assert_eq!(child.try_wait().unwrap(), None, "the sweep was disturbed");
    child.kill().unwrap();
    child.wait().unwrap();
    // Interrupted, it can still be continued: its checkpoint is young. The kill may have met it while it wrote
    // the next one, and that half goes.
    ranklab.stdout(&["runs", "gc", "--older-than", "1d", "--yes"]);
    assert_eq!(names(&ranklab.path("runs/000001")), ["checkpoint", "database"]);
    assert_eq!(ranklab.stdout(&["runs", "gc", "--older-than", "1d"]), "nothing to remove\n");
    let shown = ranklab.stdout(&["runs", "gc", "--older-than", "0s"]);
    assert!(shown.contains("000001/checkpoint (") && shown.contains("which would start over"), "{shown}");
    assert!(shown.contains("a feature cache that was not used for long"), "{shown}");
}
