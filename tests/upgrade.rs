//! A runs folder that an earlier version wrote goes on under this one.
//!
//! `fixtures/upgrade.tar.gz` was written by commit 7a3accc with `scripts/upgrade-fixture.sh`: a finished run, a run that
//! was killed after a finished epoch, and feature caches.

use std::process::Command;

use crate::command::{Ranklab, SMALL, succeeded};

/// Settings of the fixture's sweeps besides rank and epochs.
const SETTINGS: &[&str] = &["batch=16", "batch_norm_momentum=0.9"];

fn fixture() -> Ranklab {
    let ranklab = Ranklab::new();
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/upgrade.tar.gz");
    let unpacked = Command::new("tar").args(["-xzf", archive]).current_dir(ranklab.folder.path()).status();
    assert!(unpacked.unwrap().success());
    ranklab
}

/// Whether this processor computes with the vectors of the one that wrote the fixture, and so to the same bits.
fn has_the_vectors_of_the_fixture() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512cd")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

#[test]
fn a_runs_folder_of_an_earlier_version_goes_on_and_trains_nothing_twice() {
    let ranklab = fixture();
    let settings = |more: &'static [&'static str]| [SETTINGS, more].concat();
    let finished = succeeded(&ranklab.sweep(&settings(&["rank=1", "epochs=2"])));
    assert!(finished.contains(": 0 trained, 1 finished before, 0 failed"), "{finished}");

    let resumed = ranklab.sweep(&settings(&["rank=2", "epochs=30"]));
    let messages = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert!(succeeded(&resumed).contains(": 1 trained, 0 finished before, 0 failed"), "{messages}");
    let epoch = messages.split("run 2 resumes after epoch ").nth(1).expect(&messages);
    assert!(!epoch.starts_with('0') && epoch.contains(" of 30"), "{messages}");
    // Two caches with their locks, as they were.
    assert_eq!(std::fs::read_dir(ranklab.path("runs/features")).unwrap().count(), 4, "{messages}");
    assert!(ranklab.stdout(&["query", "select count(*) from runs", "--format", "csv"]).ends_with("\n2\n"));

    if has_the_vectors_of_the_fixture() {
        // The first epochs are the earlier version's, the rest are this one's; all are computed again here.
        let verified = ranklab.stdout(&["verify", "-q", "2"]);
        assert!(verified.contains("is reproduced bit for bit"), "{verified}");
    } else {
        eprintln!("not compared bit by bit: the fixture was written by a processor with other vectors");
    }
}

/// Settings that this version gives other hashes would train everything again.
#[test]
fn hashes_of_the_earlier_version_are_those_of_this_one() {
    let ranklab = fixture();
    let hashes = "select config_hash, image_set_hash, split_hash, weights_hash from runs where id = 1";
    let before = ranklab.stdout(&["query", hashes, "--format", "csv"]);
    let again = Ranklab::new();
    let settings = [SETTINGS, &["rank=1", "epochs=2"]].concat();
    assert!(SMALL.contains(&"image_size=32"));
    succeeded(&again.sweep(&settings));
    assert_eq!(again.stdout(&["query", hashes, "--format", "csv"]), before);
    if has_the_vectors_of_the_fixture() {
        let model = "select model_hash from runs where id = 1";
        assert_eq!(
            again.stdout(&["query", model, "--format", "csv"]),
            ranklab.stdout(&["query", model, "--format", "csv"])
        );
    }
}
