//! Sweeps that are killed at random moments end with the very numbers of undisturbed ones.

use std::{
    fs,
    process::{Child, Output},
};

use crate::{
    command::Ranklab,
    disturbance::{Trouble, setting},
    real_images::real,
};

/// SIGKILL.
fn kill<Place>(mut child: Child, _: &mut Place) -> Option<Output> {
    child.kill().unwrap();
    Some(child.wait_with_output().unwrap())
}

/// `just test-kills 500` is the longer form; RANKLAB_KILL_SEED chooses other moments.
#[test]
fn a_sweep_killed_at_random_moments_ends_with_the_very_numbers_of_an_unbroken_one() {
    let sweep =
        Ranklab::sweep_arguments(&["model=model_4,model_5", "rank=1,2", "seed=0,1", "epochs=6", "jobs=3"]);
    let kills = Trouble {
        sweep: &sweep,
        times: setting("RANKLAB_KILLS", 3),
        seed: setting("RANKLAB_KILL_SEED", 5),
        prepare: &|_| Some(()),
        stop: &kill,
    };
    eprintln!("generated cells, SIGKILL: {}", kills.make());
}

#[test]
fn a_sweep_of_real_cells_killed_at_random_moments_ends_with_the_very_numbers_of_an_unbroken_one() {
    let Some((images, weights)) = real() else {
        eprintln!("skipped: no real images or weights; see README");
        return;
    };
    let dataset = format!("dataset={}", images.canonicalize().unwrap().display());
    let sweep =
        ["sweep", "model=model_4,model_5", "rank=1,5", "split=patient", "limit=400", "epochs=4", &dataset];
    let kills = Trouble {
        sweep: &sweep,
        times: setting("RANKLAB_REAL_KILLS", 2),
        seed: setting("RANKLAB_KILL_SEED", 5),
        prepare: &|ranklab| {
            fs::create_dir(ranklab.path("data")).unwrap();
            fs::copy(&weights, ranklab.path("data/vgg16_imagenet.safetensors")).unwrap();
            Some(())
        },
        stop: &kill,
    };
    eprintln!("real cells, SIGKILL: {}", kills.make());
}
