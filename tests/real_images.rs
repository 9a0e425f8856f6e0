//! The main job on real images and weights, where both are at hand.

use std::{env, fs, path::PathBuf};

use crate::command::{Ranklab, succeeded};

/// `RANKLAB_DATA`'s images (or a `shared/data` folder beside the repository) and weights.
pub fn real() -> Option<(PathBuf, PathBuf)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = env::var_os("RANKLAB_DATA").map_or_else(|| root.join("data"), |folder| root.join(folder));
    let images = [data.join("cell_images.zip"), root.join("../shared/data/cell_images.zip")];
    let images = images.into_iter().find(|path| path.exists())?;
    let weights = data.join("vgg16_imagenet.safetensors");
    weights.exists().then_some((images, weights))
}

#[test]
fn a_rank_sweep_over_real_cells_beats_guessing_and_is_not_repeated() {
    let Some((images, weights)) = real() else {
        eprintln!("skipped: no real images or weights; see README");
        return;
    };
    let ranklab = Ranklab::new();
    fs::create_dir(ranklab.path("data")).unwrap();
    fs::copy(weights, ranklab.path("data/vgg16_imagenet.safetensors")).unwrap();
    let dataset = format!("dataset={}", images.canonicalize().unwrap().display());
    let arguments = [
        "sweep",
        "model=model_4,model_5",
        "rank=1,5",
        "limit=400",
        "epochs=3",
        "batch_norm_momentum=0.9",
        &dataset,
    ];
    assert!(succeeded(&ranklab.run(&arguments)).starts_with("sweep 1: 3 trained"));
    assert!(succeeded(&ranklab.run(&arguments)).starts_with("sweep 1: 0 trained, 3 finished before"));
    let rows = ranklab.stdout(&["query", "select accuracy, auc from leaderboard", "--format", "csv"]);
    for row in rows.lines().skip(1) {
        let auc: f64 = row.split(',').nth(1).unwrap().parse().unwrap();
        assert!(auc > 0.8, "{rows}");
    }
    ranklab.stdout(&["report"]);
}
