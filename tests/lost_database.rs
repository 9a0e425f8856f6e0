//! A database that is removed, moved, replaced or overwritten while a sweep trains, and getting it back.

use std::{
    fs,
    path::Path,
    process::{Child, Output},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{await_of, errors, send},
};

/// Something that happens to the runs folder of a sweep that trains.
type Mishap<'a> = &'a dyn Fn(&Path);

/// What a sweep says that trains while something happens to its runs folder.
fn said_after(mishap: Mishap<'_>) -> (Ranklab, Output) {
    let ranklab = Ranklab::new();
    let child = ranklab.start_and_await_checkpoint(&["rank=1,2", "epochs=100000"]);
    succeeded(&ranklab.run(&["runs", "backup", "backup.db"]));
    mishap(ranklab.folder.path());
    (ranklab, child.wait_with_output().unwrap())
}

#[test]
fn a_sweep_whose_database_goes_ends_in_one_line_that_says_where_everything_is() {
    let mishaps: [(&str, Mishap<'_>); 6] = [
        ("was removed", &|folder| fs::remove_file(folder.join("runs/ranklab.db")).unwrap()),
        ("was removed", &|folder| {
            for ending in ["", "-wal", "-shm"] {
                fs::remove_file(folder.join(format!("runs/ranklab.db{ending}"))).unwrap();
            }
        }),
        ("elsewhere.db holds", &|folder| {
            fs::rename(folder.join("runs/ranklab.db"), folder.join("elsewhere.db")).unwrap();
        }),
        // Others would look for the log beside the file that the link leads to.
        ("elsewhere.db holds", &|folder| {
            fs::rename(folder.join("runs/ranklab.db"), folder.join("elsewhere.db")).unwrap();
            std::os::unix::fs::symlink("../elsewhere.db", folder.join("runs/ranklab.db")).unwrap();
        }),
        ("was replaced by another file", &|folder| {
            fs::rename(folder.join("backup.db"), folder.join("runs/ranklab.db")).unwrap();
        }),
        ("was overwritten by a copy", &|folder| {
            fs::copy(folder.join("backup.db"), folder.join("runs/ranklab.db")).unwrap();
        }),
    ];
    for (expected, mishap) in mishaps {
        let (ranklab, output) = said_after(mishap);
        let error = failed(&output);
        assert!(error.contains(expected) && error.contains("runs/ranklab.db"), "{error}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("trained"), "{expected}");
        // What it names brings the runs back, with their metrics.
        let saved = error.split('`').find_map(|part| part.strip_prefix("ranklab runs restore "));
        match saved.filter(|saved| *saved != "FILE") {
            Some(saved) => {
                let said = succeeded(&ranklab.run(&["runs", "restore", saved]));
                assert!(said.contains("2 runs"), "{said}");
            }
            None if expected.contains("elsewhere") => {
                fs::rename(ranklab.path("elsewhere.db"), ranklab.path("runs/ranklab.db")).unwrap();
            }
            None => {}
        }
        assert_eq!(ranklab.value("select count(*) from runs"), "2", "{expected}");
        assert_eq!(ranklab.value("select count(*) > 1 from epoch_metrics"), "1", "{expected}");
        // The sweep goes on, from the checkpoint where the database has all that belongs to it.
        let mut child = ranklab.start(&["sweep", "--resume"]);
        await_of(&mut child, "the sweep to go on", |_| {
            ranklab.value("select max(interruptions) from runs") != "0"
        });
        send("-INT", &child);
        let said = errors(&child.wait_with_output().unwrap());
        if expected != "was overwritten by a copy" {
            assert!(said.contains("resumes after epoch"), "{expected}: {said}");
        }
    }
}

#[test]
fn a_trial_that_ends_after_its_database_went_is_not_called_trained() {
    let ranklab = Ranklab::new();
    let mut child =
        ranklab.start(&Ranklab::sweep_arguments(&["rank=1", "seed=0..19", "jobs=1", "epochs=30"]));
    let model = ranklab.path("runs/000001/model.safetensors");
    await_of(&mut child, "the first model", |_| model.exists());
    fs::remove_dir_all(ranklab.path("runs")).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = failed(&output);
    assert!(error.contains("was removed") && error.contains("ranklab.db.saved-"), "{error}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("trained"));
}

#[test]
fn a_new_database_beside_the_folders_of_a_lost_one_writes_over_none_of_them() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1,2"]));
    let models = ["000001", "000002"].map(|run| ranklab.path(&format!("runs/{run}/model.safetensors")));
    let before = models.clone().map(|model| fs::read(model).unwrap());
    fs::remove_file(ranklab.path("runs/ranklab.db")).unwrap();
    succeeded(&ranklab.sweep(&["rank=4"]));
    assert_eq!(ranklab.value("select id from runs"), "3");
    assert!(models.clone().map(|model| fs::read(model).unwrap()) == before);
    // Clearing up and removing leave what belongs to the lost one.
    succeeded(&ranklab.run(&["runs", "gc", "--yes"]));
    assert!(models.iter().all(|model| model.exists()));
}

#[test]
fn a_run_is_not_continued_in_a_folder_of_another_database() {
    let ranklab = Ranklab::killed_after_its_checkpoint(&["rank=1", "epochs=20"]);
    let id = ranklab.path("runs/000001/database");
    assert_eq!(fs::read_to_string(&id).unwrap().trim(), ranklab.value("select id from database_identity"));
    fs::write(&id, "0123456789abcdef0123456789abcdef\n").unwrap();
    let before = fs::read(ranklab.checkpoint()).unwrap();
    let error = failed(&ranklab.sweep(&["rank=1", "epochs=20"]));
    assert!(error.contains("runs/000001 belongs to another database"), "{error}");
    assert!(fs::read(ranklab.checkpoint()).unwrap() == before);
    assert_eq!(fs::read_dir(ranklab.path("runs/000001")).unwrap().count(), 2);
    // The next one trains it in a folder of its own.
    succeeded(&ranklab.sweep(&["rank=1", "epochs=20"]));
    assert_eq!(ranklab.value("select id from runs where status = 'finished'"), "2");
    succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
    assert!(fs::read(ranklab.checkpoint()).unwrap() == before);
}

#[test]
fn restore_refuses_a_database_in_use_and_keeps_the_one_that_it_replaces() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    succeeded(&ranklab.run(&["runs", "backup", "backup.db"]));
    let mut child: Child = ranklab.start(&Ranklab::sweep_arguments(&["rank=2", "epochs=100000"]));
    let checkpoint = ranklab.path("runs/000002/checkpoint");
    await_of(&mut child, "a checkpoint", |_| checkpoint.exists());
    let error = failed(&ranklab.run(&["runs", "restore", "backup.db"]));
    let process = format!("process {} (ranklab)", child.id());
    assert!(error.contains("is in use") && error.contains(&process), "{error}");
    assert_eq!(child.try_wait().unwrap(), None, "the sweep was disturbed");
    send("-INT", &child);
    child.wait().unwrap();
    let said = ranklab.stdout(&["runs", "restore", "backup.db"]);
    assert!(said.contains("1 runs") && said.contains("runs/ranklab.db.replaced-1"), "{said}");
    assert_eq!(ranklab.value("select count(*) from runs"), "1");
    // A run that the copy does not know keeps its folder.
    let before = fs::read(&checkpoint).unwrap();
    succeeded(&ranklab.sweep(&["rank=3"]));
    assert_eq!(ranklab.value("select max(id) from runs"), "3");
    assert!(fs::read(&checkpoint).unwrap() == before);
    // And back.
    succeeded(&ranklab.run(&["runs", "restore", "runs/ranklab.db.replaced-1"]));
    assert_eq!(ranklab.value("select group_concat(status) from runs"), "\"finished,interrupted\"");
    for wrong in ["none.db", "runs", "runs/ranklab.db"] {
        assert!(failed(&ranklab.run(&["runs", "restore", wrong])).contains(wrong));
    }
}
