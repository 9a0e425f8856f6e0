//! What is damaged while it is used, by `ranklab` as a whole.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
};

use crate::{
    command::{Ranklab, succeeded},
    disturbance::errors,
};

fn caches(ranklab: &Ranklab) -> Vec<PathBuf> {
    let files = fs::read_dir(ranklab.path("runs/features")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "features")).collect()
}

#[test]
fn features_damaged_under_a_sweep_are_named_cost_no_run_and_are_computed_again() {
    let sweep: &[&str] = &["rank=1,2", "epochs=16", "jobs=2"];
    let ranklab = Ranklab::new();
    let child = ranklab.start_and_await_checkpoint(sweep);
    for cache in caches(&ranklab) {
        let length = fs::metadata(&cache).unwrap().len();
        let mut file = OpenOptions::new().write(true).open(&cache).unwrap();
        // NaN, which would make any loss one.
        file.seek(SeekFrom::Start(256)).unwrap();
        file.write_all(&vec![0xff; length as usize - 256]).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let said = errors(&output);
    assert!(said.contains(".features is damaged: the features of image "), "{said}");
    assert!(said.contains("keeps its checkpoint; repeat the command to resume it"), "{said}");
    assert!(!said.contains("diverged") && !said.contains("panicked"), "{said}");
    assert_eq!(ranklab.value("select count(*) from runs where status = 'interrupted'"), "2");
    let output = ranklab.sweep(sweep);
    succeeded(&output);
    assert!(errors(&output).contains("resumes after epoch"), "{}", errors(&output));
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    assert!(ranklab.figures() == unbroken.figures());
}
