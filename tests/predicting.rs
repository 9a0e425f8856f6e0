//! Finished runs on images without labels, and on labelled images that they were not tested on.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::command::{Ranklab, failed, succeeded};

/// Images of one fold: more than any batch that predicts or evaluates.
const IMAGES: &str = "images=420";

/// A finished run on one fold of generated images, and the images of that fold in the folder `held_out`, by class.
fn with_held_out_fold(more: &[&str]) -> Ranklab {
    let ranklab = Ranklab::new();
    let split = [IMAGES, "patients=8", "split=patient", "folds=2", "rank=2"];
    succeeded(&ranklab.sweep(&[&split[..], more].concat()));
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("all")).unwrap();
    for image in tested(&ranklab).keys() {
        let target = ranklab.path("held_out").join(image);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(ranklab.path("all").join(image), target).unwrap();
    }
    ranklab
}

/// The run's own test images with their probabilities.
fn tested(ranklab: &Ranklab) -> BTreeMap<String, f64> {
    let sql = "select image, probability from predictions where run_id = 1";
    let rows = ranklab.stdout(&["query", sql, "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let row = |row: &Value| (row["image"].as_str().unwrap().to_owned(), row["probability"].as_f64().unwrap());
    rows.iter().map(row).collect()
}

fn predicted(ranklab: &Ranklab, arguments: &[&str]) -> Value {
    let all = [&["predict"], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&ranklab.stdout(&all)).unwrap()
}

/// Number of rows that a query finds.
fn count(ranklab: &Ranklab, from: &str) -> String {
    let sql = format!("select count(*) from {from}");
    ranklab.stdout(&["query", &sql, "--format", "csv"]).lines().last().unwrap().to_owned()
}

#[test]
fn predictions_are_bit_for_bit_those_of_the_runs_own_test() {
    for settings in [
        &["model=model_5"][..],
        &["model=model_4"],
        &["model=model_5", "precision=int8"],
        &["model=model_4", "precision=int16"],
        &["model=model_5", "precision=bf16"],
    ] {
        let ranklab = with_held_out_fold(settings);
        let tested = tested(&ranklab);
        assert!(tested.len() > 128, "{}", tested.len());
        let found = predicted(&ranklab, &["1", "held_out"]);
        let images = found["predictions"].as_array().unwrap();
        assert_eq!(images.len(), tested.len());
        for image in images {
            let name = image["image"].as_str().unwrap().strip_prefix("held_out/").unwrap();
            let probability = image["probability"].as_f64().unwrap();
            assert_eq!(probability.to_bits(), tested[name].to_bits(), "{settings:?}: {name}");
            let called = probability >= found["threshold"].as_f64().unwrap();
            assert_eq!(image["class"], if called { "Parasitized" } else { "Uninfected" });
        }
        let groups = found["groups"].as_array().unwrap();
        assert_eq!(groups.len(), 4);
        let counted: u64 = groups.iter().map(|group| group["images"].as_u64().unwrap()).sum();
        assert_eq!(counted, images.len() as u64);
        assert!(found["threshold_source"].as_str().unwrap().starts_with("chosen on "), "{found}");
    }
}

#[test]
fn an_evaluation_has_the_very_figures_of_the_runs_own_test_and_a_place_in_the_report() {
    let ranklab = with_held_out_fold(&[]);
    let printed = succeeded(&ranklab.run(&["evaluate", "1", "dataset=held_out"]));
    assert!(printed.contains("evaluation 1 of run 1"), "{printed}");
    let same = "evaluations e join runs r on r.id = e.run_id where e.accuracy = r.test_accuracy and e.loss = r.test_loss
        and e.auc = r.auc and e.sensitivity = r.sensitivity and e.specificity = r.specificity and e.f1 = r.f1
        and e.images = r.test_images and e.patients = r.test_patients
        and e.shared_images = 0 and e.shared_patients = 0 and e.audit_problem is null";
    assert_eq!(count(&ranklab, same), "1");
    let equal = "predictions p join evaluation_predictions e on e.image = p.image and e.patient = p.patient
        and e.label = p.label and e.probability = p.probability";
    assert_eq!(count(&ranklab, equal), tested(&ranklab).len().to_string());
    assert_eq!(count(&ranklab, "external_validation where external_auc = auc"), "1");

    // Again: nothing is computed, and nothing is added.
    let again = ranklab.run(&["evaluate", "latest", "dataset=held_out"]);
    let notes = String::from_utf8_lossy(&again.stderr).into_owned();
    succeeded(&again);
    assert!(notes.contains("run 1 was evaluated on these images before"), "{notes}");
    assert_eq!(count(&ranklab, "evaluations"), "1");

    // Images that the run has seen are no external validation.
    let all = ranklab.run(&["evaluate", "1", "dataset=all"]);
    let warned = String::from_utf8_lossy(&all.stderr).into_owned();
    succeeded(&all);
    assert!(warned.contains("this is no external validation"), "{warned}");
    assert_eq!(count(&ranklab, "evaluations where shared_images > 100 and shared_patients = 4"), "1");
    // The record is printed with its warning, and without groups of its own the run's rule finds them.
    let again = ranklab.run(&["evaluate", "1", "dataset=all"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("this is no external validation"));
    succeeded(&ranklab.run(&["evaluate", "1", "dataset=all", "group=none"]));
    assert_eq!(count(&ranklab, "evaluations where group_rule = 'none' and shared_patients = 4"), "1");

    succeeded(&ranklab.run(&["report"]));
    for file in ["index.html", "details.md"] {
        let text = fs::read_to_string(ranklab.path("reports/latest").join(file)).unwrap();
        assert!(text.contains("External validation") && text.contains("held_out"), "{file}");
        assert!(text.contains("not external"), "{file}");
    }
    succeeded(&ranklab.run(&["runs", "rm", "1", "--yes"]));
    assert_eq!(count(&ranklab, "evaluation_predictions"), "0");
}

#[test]
fn an_evaluation_says_when_the_runs_own_images_are_gone() {
    let ranklab = with_held_out_fold(&[]);
    fs::remove_dir_all(ranklab.path("held_out")).unwrap();
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    succeeded(&ranklab.run(&["data", "synthetic", "--images", "30", "--patients", "3"]));
    let other = fs::read_dir(ranklab.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let other = other.into_iter().find(|path| *path != zip).unwrap();
    let own = ranklab.path("own.zip");
    fs::rename(&other, &own).unwrap();
    let settings =
        ["dataset=all", "rank=1", "split=patient", "folds=2", "epochs=1", "image_size=32", "weights=random"];
    succeeded(&ranklab.run(&[&["sweep"], &settings[..]].concat()));
    fs::remove_dir_all(ranklab.path("all")).unwrap();
    let output = ranklab.run(&["evaluate", "2", "dataset=own.zip"]);
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    succeeded(&output);
    assert!(warned.contains("the run's own images cannot be read"), "{warned}");
    assert_eq!(count(&ranklab, "evaluations where shared_images is null and audit_problem is not null"), "1");
}

#[test]
fn images_come_as_files_folders_and_zips_and_leave_as_tables_and_pages() {
    let ranklab = with_held_out_fold(&[]);
    let tested = tested(&ranklab);
    let (name, probability) = tested.iter().next().unwrap();
    let file = format!("all/{name}");
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    let found = predicted(&ranklab, &["best", &file, zip.to_str().unwrap()]);
    let images = found["predictions"].as_array().unwrap();
    assert_eq!(images.len(), 421);
    assert_eq!(images[0]["probability"].as_f64().unwrap().to_bits(), probability.to_bits());

    let table = ranklab.stdout(&["predict", "1", &file, "--threshold", "1"]);
    for part in [
        "run 1: model_5 · block5 · rank 2",
        "trunk weights random",
        "32 × 32",
        "from probability 1.0000 on: given",
    ] {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
    let csv = ranklab.stdout(&["predict", "1", &file, "--format", "csv"]);
    assert_eq!(csv.lines().next(), Some("image,group,probability,class"));
    assert!(csv.lines().nth(1).unwrap().contains(&format!(",{probability},")), "{csv}");

    let page = ranklab.run(&["predict", "1", &file, "--explain"]);
    assert!(String::from_utf8_lossy(&page.stderr).contains("predictions-run-1/index.html"));
    let page = fs::read_to_string(ranklab.path("reports/predictions-run-1/index.html")).unwrap();
    assert!(page.contains("data:image/png;base64,") && page.contains(&file), "the picture and its name");
}

#[test]
fn an_image_that_cannot_be_read_is_named_and_the_others_are_predicted() {
    let ranklab = with_held_out_fold(&[]);
    let some = ranklab.path("some");
    fs::create_dir(&some).unwrap();
    let (first, second) = {
        let tested = tested(&ranklab);
        let mut names = tested.into_keys();
        (names.next().unwrap(), names.next().unwrap())
    };
    fs::copy(ranklab.path("all").join(first), some.join("a.png")).unwrap();
    crate::command::cut(&ranklab.path("all").join(second), &some.join("b.png"), 0.5);
    let output = ranklab.run(&["predict", "1", "some", "--format", "csv"]);
    assert!(failed(&output).contains("1 image cannot be read; the others are predicted"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("some/a.png") && !printed.contains("b.png"), "{printed}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not predicted: some/b.png:"));
}

#[test]
fn what_cannot_be_used_is_one_clear_line() {
    let ranklab = with_held_out_fold(&[]);
    let refused = |arguments: &[&str]| failed(&ranklab.run(arguments));
    assert!(refused(&["predict", "9", "held_out"]).contains("there is no run 9"));
    assert!(refused(&["predict", "rank=9", "held_out"]).contains("no finished run is called `rank=9`"));
    assert!(refused(&["predict", "1", "nowhere"]).contains("no images at nowhere: nothing is there"));
    fs::create_dir(ranklab.path("empty")).unwrap();
    assert!(refused(&["predict", "1", "empty"]).contains("it holds no images"));
    assert!(refused(&["predict", "1", "held_out", "--device", "abacus"]).contains("`abacus` is unknown"));
    assert!(refused(&["evaluate", "1", "rank=4"]).contains("`rank` is no setting of an evaluation"));
    assert!(refused(&["evaluate", "1", "dataset=nowhere"]).contains("no images at"));
    let reversed = ["evaluate", "1", "dataset=held_out", "positive=Uninfected", "negative=Parasitized"];
    assert!(refused(&reversed).contains("are the run's classes the wrong way round"));
    assert!(refused(&["evaluate", "1", "dataset=empty"]).contains("0 images of class Parasitized"));

    // Weights that are changed, then gone.
    let model = ranklab.path("runs/000001/model.safetensors");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    assert!(refused(&["predict", "1", "held_out"]).contains("is not what it stored"));
    fs::remove_file(&model).unwrap();
    for command in [["predict", "1", "held_out"], ["evaluate", "1", "dataset=held_out"]] {
        let line = refused(&command);
        assert!(line.contains("run 1 cannot be used") && line.contains("cannot be read"), "{line}");
    }
    assert_eq!(count(&ranklab, "evaluations"), "0");
    fs::write(&model, bytes).unwrap();
    succeeded(&ranklab.run(&["predict", "-q", "1", "held_out"]));
    assert!(!Path::new(&ranklab.path("reports")).exists(), "no page was asked for");
}

#[test]
fn the_best_run_is_of_the_latest_sweep_that_has_a_finished_one() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1,2"]));
    for rate in ["1e38", "1e37"] {
        assert!(!ranklab.sweep(&["rank=1", &format!("lr={rate}")]).status.success());
    }
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    let notes = |run: &str| {
        let output = ranklab.run(&["predict", run, zip.to_str().unwrap(), "--format", "csv"]);
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        succeeded(&output);
        notes
    };
    let said = notes("best");
    assert!(said.contains("of the finished runs of sweep 1, as sweeps 2 to 3 have none: "), "{said}");
    // Part of the latest sweep has finished.
    assert!(!ranklab.sweep(&["rank=3", "lr=0.002,1e36"]).status.success());
    let said = notes("best");
    assert!(said.contains("of the finished runs of sweep 4 (1 of 2 trials): "), "{said}");
}

#[test]
fn a_run_that_did_not_converge_is_said_wherever_it_is_used() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let shown = ranklab.stdout(&["runs", "show", "1", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let reason = shown["not_converged"][0].as_str().unwrap();
    let warning = format!("WARNING: run 1 has NOT CONVERGED: {reason}");
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    let zip = zip.to_str().unwrap();

    assert!(ranklab.stdout(&["predict", "1", zip, "--html"]).contains(&warning));
    let page = fs::read_to_string(ranklab.path("reports/predictions-run-1/index.html")).unwrap();
    assert!(page.contains("run 1 has NOT CONVERGED"));
    let csv = ranklab.run(&["predict", "1", zip, "--format", "csv"]);
    assert!(String::from_utf8_lossy(&csv.stderr).contains(&warning));
    assert!(!succeeded(&csv).contains("NOT CONVERGED"));
    assert_eq!(predicted(&ranklab, &["1", zip])["not_converged"][0], reason);

    let dataset = format!("dataset={zip}");
    assert!(ranklab.stdout(&["evaluate", "1", &dataset]).contains(&warning));
    let json: Value = serde_json::from_str(&ranklab.stdout(&["evaluate", "1", &dataset, "--json"])).unwrap();
    assert_eq!(json[0]["warnings"][0], warning);

    for (kind, target) in [("peft", "adapter"), ("safetensors", "net.safetensors"), ("onnx", "net.onnx")] {
        let output = ranklab.run(&["export", "1", "--to", kind, target]);
        assert!(String::from_utf8_lossy(&output.stderr).contains(&warning), "{kind}");
        succeeded(&output);
    }
    let card = fs::read_to_string(ranklab.path("adapter/README.md")).unwrap();
    assert!(card.contains("**WARNING**: run 1 has NOT CONVERGED: "), "{card}");
}

#[test]
fn images_that_get_one_probability_are_said_to_be_ranked_by_nothing() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    // Six files of one picture.
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("all")).unwrap();
    let name = tested(&ranklab).into_keys().next().unwrap();
    fs::create_dir(ranklab.path("same")).unwrap();
    for number in 0..6 {
        fs::copy(ranklab.path("all").join(&name), ranklab.path(&format!("same/{number}.png"))).unwrap();
    }
    let said = ranklab.stdout(&["predict", "1", "same"]);
    assert!(said.contains("WARNING: all 6 images have the same probability, "), "{said}");
    assert!(!ranklab.stdout(&["predict", "1", "all"]).contains("same probability"));
}

#[test]
fn a_run_without_a_result_predicts_nothing() {
    let ranklab = Ranklab::new();
    let none = failed(&ranklab.run(&["predict", "best", "data"]));
    assert!(none.contains("no runs database"), "{none}");
    let output = ranklab.sweep(&["rank=1", "lr=1e38"]);
    assert!(!output.status.success());
    let refused = |run: &str| failed(&ranklab.run(&["predict", run, "data"]));
    assert!(
        refused("1").contains("run 1 is diverged: only a finished run has trained weights"),
        "{}",
        refused("1")
    );
    for name in ["best", "latest"] {
        let line = refused(name);
        assert!(
            line.contains("has no finished run: run 1 is diverged; `ranklab runs show 1` says more"),
            "{line}"
        );
    }
}
