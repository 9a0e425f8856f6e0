//! `ranklab verify` trains a recorded run again and says whether it comes out the same.

use std::fs;

use ranklab_store::Store;

use crate::command::{Ranklab, failed, succeeded};

/// What the database holds, and the files of runs.
fn recorded(ranklab: &Ranklab) -> (String, Vec<String>) {
    let rows = [
        "select * from runs",
        "select * from epoch_metrics",
        "select * from step_metrics",
        "select * from predictions",
        "select * from sweeps",
    ];
    let rows = rows.map(|sql| ranklab.stdout(&["query", sql, "--format", "csv"])).concat();
    let files = fs::read_dir(ranklab.path("runs")).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files.map(|path| path.display().to_string()).collect();
    names.sort();
    (rows, names)
}

#[test]
fn a_run_is_repeated_to_the_last_bit_alone_with_other_company_and_without_its_features() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1,3", "epochs=2", "dropout=0.2"]));
    succeeded(&ranklab.sweep(&["model=model_4", "optimizer=adam"]));
    let before = recorded(&ranklab);
    for arguments in [&["verify", "1"][..], &["verify", "2", "--no-cache"], &["verify", "3", "-q"]] {
        let said = ranklab.stdout(arguments);
        assert!(said.contains("is reproduced bit for bit: ") && said.contains(", weights "), "{said}");
    }
    let json: serde_json::Value = serde_json::from_str(&ranklab.stdout(&["verify", "2", "--json"])).unwrap();
    assert_eq!(
        (&json["identical"], &json["epochs"], &json["test_predictions"]),
        (&true.into(), &2.into(), &6.into())
    );
    assert_eq!(recorded(&ranklab), before, "the recorded runs were changed");
}

#[tokio::test]
async fn a_run_that_was_recorded_otherwise_is_told_with_the_place_where_it_parts() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1", "epochs=2"]));
    // The same run, as a computer would have recorded it that errs once.
    let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
    let run = store.runs(&[1]).await.unwrap().remove(0);
    let again = store.start_run(&run.start).await.unwrap();
    let mut steps = store.step_metrics(1).await.unwrap();
    let place = steps.len() - 1;
    steps[place].value += 1e-9;
    store.record_steps(again, &steps).await.unwrap();
    let mut epochs = store.epoch_metrics(1).await.unwrap();
    let loss = epochs.iter_mut().find(|metric| metric.epoch == 2 && metric.metric == "train_loss").unwrap();
    loss.value += 0.5;
    store.record_epoch(again, &epochs).await.unwrap();
    store.record_validation(again, &store.validation_predictions(1).await.unwrap()).await.unwrap();
    let mut predictions = store.predictions(1).await.unwrap();
    for prediction in &mut predictions[..2] {
        prediction.probability = (prediction.probability - 0.125).abs();
    }
    let result = ranklab_store::RunResult { model_hash: "another".to_owned(), ..run.result.unwrap() };
    store.finish_run(again, &result, &predictions, &[]).await.unwrap();
    store.close().await;
    let output = ranklab.run(&["verify", "2", "-q"]);
    let error = failed(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    let step = steps[place].step;
    assert!(error.contains(&format!(
        "run 2 is not reproduced: metrics per step differ, from step {step} in epoch 2 on"
    )));
    assert!(said.contains("metrics per epoch: from epoch 2 on: train_loss was"), "{said}");
    assert!(said.contains("test predictions: 2 of 6 differ, by 1.25"), "{said}");
    assert!(said.contains("weights: their hash was another, now "), "{said}");
    assert!(!said.contains("validation predictions"), "{said}");
    // The first run's own model file.
    fs::write(ranklab.path("runs/000001/model.safetensors"), b"x").unwrap();
    let error = failed(&ranklab.run(&["verify", "1", "-q"]));
    assert!(error.contains("stored file differ, 000001/model.safetensors was changed since"), "{error}");
}

#[tokio::test]
async fn changed_and_absent_images_weights_versions_and_devices_are_named() {
    let ranklab = Ranklab::new();
    let said = ranklab.stdout(&["data", "synthetic", "--images", "40", "--patients", "4"]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("images")).unwrap();
    let weights = ranklab.path("trunk.safetensors");
    ranklab_zoo::weights::TrunkWeights::random(7).save(&weights).unwrap();
    succeeded(&ranklab.run(&[
        "sweep",
        "dataset=images",
        "weights=trunk.safetensors",
        "image_size=32",
        "epochs=1",
        "batch=8",
        "rank=1",
        "-q",
    ]));
    let refused = |run: &str| failed(&ranklab.run(&["verify", run, "-q"]));
    assert!(refused("7").contains("there is no run 7"));
    // Other weights, none, and the right ones again.
    let right = fs::read(&weights).unwrap();
    ranklab_zoo::weights::TrunkWeights::random(8).save(&weights).unwrap();
    let names = |error: &str, problem: &str, path: &str| error.contains(problem) && error.contains(path);
    let problem = "the weights of run 1 have changed: ";
    assert!(names(&refused("1"), problem, "/trunk.safetensors had the hash"));
    fs::remove_file(&weights).unwrap();
    assert!(names(&refused("1"), "no trunk weights at ", "/trunk.safetensors"));
    fs::write(&weights, right).unwrap();
    // One image fewer, and none.
    let class = ranklab.path("images/cell_images/Parasitized");
    let image = fs::read_dir(&class).unwrap().next().unwrap().unwrap().path();
    fs::rename(&image, ranklab.path("aside.png")).unwrap();
    assert!(names(&refused("1"), "the images of run 1 have changed: ", "/images had the hash"));
    fs::rename(ranklab.path("images"), ranklab.path("elsewhere")).unwrap();
    assert!(names(&refused("1"), "no images at ", "/images"));
    fs::rename(ranklab.path("elsewhere"), ranklab.path("images")).unwrap();
    fs::rename(ranklab.path("aside.png"), &image).unwrap();
    succeeded(&ranklab.run(&["verify", "1", "-q"]));
    // Rows of another version, another device, and one that is not finished.
    let store = Store::open(&ranklab.path("runs/ranklab.db")).await.unwrap();
    let run = store.runs(&[1]).await.unwrap().remove(0);
    let result = run.result.clone().unwrap();
    let config =
        |device: &str| run.start.config.replace("\"device\":\"flex\"", &format!("\"device\":\"{device}\""));
    let older = ranklab_store::NewRun { version: "0.0.1".to_owned(), ..run.start.clone() };
    let elsewhere = ranklab_store::NewRun { config: config("abacus"), ..run.start.clone() };
    for row in [&older, &elsewhere] {
        let id = store.start_run(row).await.unwrap();
        store.finish_run(id, &result, &[], &[]).await.unwrap();
    }
    let failing = store.start_run(&run.start).await.unwrap();
    store.fail_run(failing, "it was meant to").await.unwrap();
    store.close().await;
    assert!(refused("2").contains("run 2 was trained by ranklab 0.0.1, and this is"));
    assert!(refused("3").contains("run 3 was trained on abacus: device: `abacus` is unknown"));
    assert!(refused("4").contains("run 4 is failed: only a finished run can be verified"));
    // Asked for, it is compared: its row lacks everything that was recorded.
    let error = failed(&ranklab.run(&["verify", "2", "--any-version", "-q"]));
    assert!(
        error.contains("run 2 is not reproduced: metrics per step differ, from step 1 in epoch 1 on"),
        "{error}"
    );
}
