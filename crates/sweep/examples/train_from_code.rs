//! Trains two ranks of an adapter on generated cells and prints their test accuracies.
//!
//!     cargo run --release --package ranklab-sweep --example train_from_code -- example-runs
//!
//! It takes seconds and downloads nothing: the weights are random, so that the accuracies mean nothing. Running it
//! again trains nothing. The examples read_database of ranklab-store and draw_report of ranklab-report read its runs.

use std::{env, error::Error, path::PathBuf};

use burn::tensor::Device;
use ranklab_runs::{DATABASE, FEATURES, Locations};
use ranklab_settings::Experiment;
use ranklab_sweep::{Code, Context, Plan, SweepEvent, execute};
use ranklab_trainer::Stop;

fn main() -> Result<(), Box<dyn Error>> {
    let runs_folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "example-runs".to_owned()));

    // The settings of `ranklab sweep`, in its spelling. A list, such as that of the rank, makes several trials.
    let experiment = Experiment::default().with_overrides([
        "dataset=synthetic",
        "images=120",
        "patients=6",
        "image_size=32",
        "weights=random",
        "rank=1,4",
        "epochs=4",
        "batch=8",
        // Few steps: the running statistics of batch norm must forget their initial values sooner.
        "batch_norm_momentum=0.8",
    ])?;
    let mut plan = Plan::new(&experiment)?;
    plan.name = "two ranks from code".to_owned();

    let context = Context {
        database: runs_folder.join(DATABASE).into(),
        locations: Locations {
            features_folder: runs_folder.join(FEATURES),
            data_folder: runs_folder.join("data"),
            // Only `weights=imagenet` reads this file.
            imagenet_weights: runs_folder.join("vgg16_imagenet.safetensors"),
            runs_folder,
        },
        command: "train_from_code".to_owned(),
        // Trials that train together share the frozen part of the network.
        jobs: 2,
        // A clone of it, given to a signal handler or to another thread, ends the sweep early.
        stop: Stop::default(),
        code: Code::default(),
    };

    // The device is chosen by name; `flex` is the processor.
    let device_of = |name: &str| match name {
        "flex" => Ok(Device::flex()),
        other => Err(format!("this example has no device {other}")),
    };

    let summary = execute(&plan, &context, &device_of, &mut |event| match event {
        SweepEvent::Notice(notice) => println!("note: {notice}"),
        SweepEvent::TrialFinished { label, run, result, .. } => {
            println!("run {run}, {label}: test accuracy {:.3}", result.test_accuracy);
        }
        _ => {}
    })?;
    println!("sweep {}: {} trained, {} finished before", summary.sweep, summary.finished, summary.skipped);
    Ok(())
}
