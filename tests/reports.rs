//! Reports among files of others, written at once, killed, and of runs on several sets of test cells.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::command::{Ranklab, succeeded};

/// Two sweeps of other sizes, so that their reports differ in their figures.
fn two_sweeps() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    succeeded(&ranklab.sweep(&["rank=1,2", "seed=0,1"]));
    ranklab
}

/// The figures that a page's Markdown file links, and those in the folder.
fn figures(report: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let text =
        ["report.md", "details.md"].map(|file| fs::read_to_string(report.join(file)).unwrap()).join("\n");
    let linked = text.split("](figures/").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
    let there = fs::read_dir(report.join("figures")).unwrap();
    (linked.collect(), there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
}

#[test]
fn reports_that_are_written_at_once_leave_one_of_them_whole() {
    let ranklab = two_sweeps();
    for _ in 0..6 {
        let mut writers: Vec<_> = ["1", "2", "1", "2"]
            .map(|sweep| {
                ranklab
                    .command(&["report", "--no-pictures", "--sweep", sweep])
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .into();
        for writer in &mut writers {
            assert!(writer.wait().unwrap().success());
        }
        let (linked, there) = figures(&ranklab.path("reports/latest"));
        assert_eq!(linked, there);
        // Nothing else is left below the reports' folder.
        assert_eq!(fs::read_dir(ranklab.path("reports")).unwrap().count(), 3);
    }
}

#[test]
fn a_report_that_is_killed_leaves_the_old_one_or_the_new_one_and_the_next_clears_up() {
    let ranklab = two_sweeps();
    ranklab.stdout(&["report", "--no-pictures", "--sweep", "1"]);
    fs::write(ranklab.path("reports/latest/mine.txt"), "mine").unwrap();
    for delay in (0..160).step_by(8) {
        let sweep = if delay % 16 == 0 { "2" } else { "1" };
        let mut writer = ranklab
            .command(&["report", "--no-pictures", "--sweep", sweep])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(delay));
        let _ = writer.kill();
        writer.wait().unwrap();
        let (linked, there) = figures(&ranklab.path("reports/latest"));
        assert_eq!(linked, there, "after {delay} ms");
    }
    ranklab.stdout(&["report", "--no-pictures", "--sweep", "1"]);
    ranklab.stdout(&["report", "--no-pictures", "--sweep", "2"]);
    assert_eq!(fs::read_to_string(ranklab.path("reports/latest/mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_dir(ranklab.path("reports")).unwrap().count(), 3);
}

#[test]
fn figures_and_links_of_others_outlast_a_report() {
    let ranklab = two_sweeps();
    ranklab.stdout(&["report", "--no-pictures", "--sweep", "2"]);
    let latest = ranklab.path("reports/latest");
    fs::write(latest.join("figures/mine.png"), "mine").unwrap();
    fs::create_dir(ranklab.path("elsewhere")).unwrap();
    fs::write(ranklab.path("elsewhere/roc.svg"), "theirs").unwrap();
    let own = fs::read_dir(ranklab.path("reports")).unwrap().map(|entry| entry.unwrap().path());
    let own = own.into_iter().find(|path| path.file_name() != latest.file_name()).unwrap();
    fs::remove_dir_all(own.join("figures")).unwrap();
    symlink(ranklab.path("elsewhere"), own.join("figures")).unwrap();

    let output = ranklab.run(&["report", "--no-pictures", "--sweep", "2"]);
    succeeded(&output);
    assert_eq!(fs::read_to_string(latest.join("figures/mine.png")).unwrap(), "mine");
    let of_others: Vec<String> = fs::read_dir(ranklab.path("elsewhere"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(of_others, ["roc.svg"]);
    assert_eq!(fs::read_to_string(ranklab.path("elsewhere/roc.svg")).unwrap(), "theirs");
    assert!(own.join("figures/roc.svg").is_file());
    assert!(fs::symlink_metadata(own.join("figures.kept")).unwrap().is_symlink());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("figures was in the way of the report and was moved to"), "{said}");
}

#[test]
fn runs_on_different_test_cells_share_no_chart_and_no_place() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1,2", "split=random,patient"]));
    let sets = ranklab.stdout(&[
        "query",
        "--format",
        "csv",
        "select place, rank, split from leaderboard order by split, place",
    ]);
    let places: Vec<&str> = sets.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(places.iter().filter(|place| **place == "1").count(), 2, "{sets}");
    ranklab.stdout(&["report", "--no-pictures"]);
    let markdown = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    for set in ["test set 1: patient split", "test set 2: random split"] {
        assert!(markdown.contains(&format!("### ROC curves · {set}")), "{markdown}");
    }
}
