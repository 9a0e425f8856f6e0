//! Trials that find no room in memory are refused before anything is allocated.

use std::process::{Command, Output};

use crate::command::{Ranklab, failed, succeeded};

/// A sweep whose process may have so many GiB of addresses.
fn limited(ranklab: &Ranklab, gibibytes: f64, settings: &[&str]) -> Output {
    let kibibytes = (gibibytes * f64::from(1 << 20)) as u64;
    Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {kibibytes}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_ranklab"))
        .args(Ranklab::sweep_arguments(settings))
        .current_dir(ranklab.folder.path())
        .output()
        .unwrap()
}

#[test]
fn trials_that_find_no_room_in_memory_are_refused_in_one_line() {
    let ranklab = Ranklab::new();
    let cases: [(f64, &[&str], &str); 4] = [
        (6.0, &["image_size=512", "layers=all", "rank=512", "batch=32"], "model_5"),
        (3.0, &["model=model_4", "image_size=512"], "model_4"),
        (4.0, &["rank=1,2", "image_size=32,512", "layers=block2+block3", "batch=64"], "image_size=512"),
        (4.0, &["layers=block1_conv2", "image_size=288", "batch=60", "dora=true"], "model_5"),
    ];
    for (gibibytes, settings, named) in cases {
        let output = limited(&ranklab, gibibytes, settings);
        let error = failed(&output);
        assert!(error.contains("training takes about ") && error.contains(" GiB of memory"), "{error}");
        assert!(
            error.contains("limit of its address space") && error.contains("smaller image_size"),
            "{error}"
        );
        assert!(error.contains(named), "{settings:?}: {error}");
    }
    let output =
        limited(&ranklab, 6.0, &["image_size=512", "layers=all", "rank=512", "batch=32", "--dry-run"]);
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && noted.contains("note: model_5 · all · rank 512: "), "{noted}");
    assert!(noted.contains("training takes about ") && noted.contains("smaller image_size"), "{noted}");
    assert_eq!(ranklab.value("select (select count(*) from runs) + (select count(*) from sweeps)"), "0");
    // Where not even threads can be started, a library panics: that is one line as well.
    let output = limited(&ranklab, 0.55, &["rank=1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{said}");
    assert!(!said.contains("stack backtrace"), "{said}");
    // What finds room is trained.
    succeeded(&limited(&ranklab, 4.0, &["rank=1,2"]));
}

#[test]
fn trials_that_find_no_room_together_train_in_smaller_groups() {
    let ranklab = Ranklab::new();
    let settings = ["rank=1,2,3,4", "image_size=192", "images=24", "jobs=4"];
    let said = succeeded(&limited(&ranklab, 4.0, &settings));
    assert!(said.contains("4 trained") && said.contains("0 failed"), "{said}");
    let together = Ranklab::new();
    succeeded(&together.sweep(&settings));
    assert!(ranklab.figures() == together.figures());
}
