//! Frozen trunks of lower precision, from a sweep to its report and its predictions.

use std::{collections::BTreeSet, fs};

use crate::command::{Ranklab, failed, succeeded};

/// A column of a query's answer.
fn column(ranklab: &Ranklab, sql: &str) -> Vec<String> {
    let answer = ranklab.stdout(&["query", sql, "--format", "csv"]);
    answer.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn every_precision_is_a_configuration_of_its_own_and_repeats_bit_for_bit() {
    let ranklab = Ranklab::new();
    let sweep = ["images=420", "rank=2", "precision=f32,bf16,int16,int8", "seed=0,1"];
    succeeded(&ranklab.sweep(&[&sweep[..], &["split=patient", "folds=2"]].concat()));
    let distinct = |what: &str| {
        column(&ranklab, &format!("select distinct {what} from runs where status = 'finished'")).len()
    };
    assert_eq!((distinct("config_hash"), distinct("family"), distinct("model_hash")), (8, 4, 8));
    // The default leaves no trace in what is stored.
    let named = "select count(*) from runs where config like '%precision%'";
    assert_eq!(column(&ranklab, named), ["6"]);

    let kept: BTreeSet<String> = fs::read_dir(ranklab.path("data/features"))
        .or_else(|_| fs::read_dir(ranklab.path("runs/features")))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".features"))
        .collect();
    for part in ["block4_pool-bf16-", "block4_pool-int16-", "block4_pool-int8-"] {
        assert_eq!(kept.iter().filter(|name| name.starts_with(part)).count(), 1, "{kept:?}");
    }
    for run in ["3", "5", "7"] {
        for arguments in [&["verify", run][..], &["verify", run, "--no-cache"]] {
            let said = ranklab.stdout(arguments);
            assert!(said.contains("is reproduced bit for bit: "), "{said}");
        }
    }

    // What is computed already is not computed again, however it is written.
    let again = succeeded(&ranklab.sweep(&[&sweep[..], &["split=patient", "folds=2", "jobs=1"]].concat()));
    assert!(again.contains("8"), "{again}");
    assert_eq!(column(&ranklab, "select count(*) from runs"), ["8"]);

    succeeded(&ranklab.run(&["report", "--baseline", "precision=f32"]));
    let text = fs::read_to_string(ranklab.path("reports/latest/details.md")).unwrap();
    for precision in ["f32", "bf16", "int16", "int8"] {
        assert!(text.contains(&format!("precision={precision}")), "{precision}");
    }
}

#[test]
fn a_trunk_that_is_not_there_has_no_precision() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["layers=all", "rank=1"]));
    succeeded(&ranklab.sweep(&["layers=all", "rank=1", "precision=int8"]));
    assert_eq!(column(&ranklab, "select count(*) from runs"), ["1"]);
}

#[test]
fn a_precision_that_a_device_lacks_is_refused_with_what_to_give() {
    let ranklab = Ranklab::new();
    let error = failed(&ranklab.sweep(&["precision=int8", "device=tch"]));
    assert!(
        error.contains("precision=int8 is computed on device=flex alone; give device=flex or precision=f32"),
        "{error}"
    );
    let error = failed(&ranklab.sweep(&["precision=f16"]));
    assert!(error.contains("f32 or bf16 or int16 or int8"), "{error}");
    succeeded(&ranklab.sweep(&["precision=int8"]));
    assert_eq!(column(&ranklab, "select count(*) from runs"), ["1"]);
}

#[test]
fn an_export_says_that_its_files_are_more_exact_than_the_run() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["precision=f32,int8"]));
    for (run, is_rounded) in [("1", false), ("2", true)] {
        let exported = ranklab.run(&["export", "--to", "peft", run, run]);
        succeeded(&exported);
        let said = String::from_utf8_lossy(&exported.stderr).into_owned();
        assert_eq!(said.contains("was trained with precision=int8"), is_rounded, "{said}");
        let card = fs::read_to_string(ranklab.path(run).join("README.md")).unwrap();
        assert_eq!(card.contains("computed in precision `int8`"), is_rounded, "{card}");
    }
    let quiet = ranklab.run(&["export", "-q", "--to", "onnx", "network.onnx", "2"]);
    succeeded(&quiet);
    assert!(!String::from_utf8_lossy(&quiet.stderr).contains("precision="));
}
