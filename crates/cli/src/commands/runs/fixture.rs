//! A database with finished runs and their files, for the tests of `ranklab runs`.

use std::fs;

use ranklab_store::{ArtifactRow, EpochMetric, Location, NewRun, PredictionRow, RunResult, Store};

/// A database with two finished runs whose files exist; `split` belongs to both.
pub(super) async fn two_runs() -> (tempfile::TempDir, Location) {
    let folder = tempfile::tempdir().unwrap();
    let database = Location::file(folder.path().join("ranklab.db"));
    let store = Store::open(&database).await.unwrap();
    for id in [1, 2] {
        let run = NewRun {
            label: format!("rank={id}"),
            config: r#"{"rank":5}"#.into(),
            config_hash: id.to_string(),
            ..NewRun::default()
        };
        assert_eq!(store.start_run(&run).await.unwrap(), id);
        let metric = EpochMetric { epoch: 1, metric: "train_loss".into(), value: 0.5 };
        store.record_epoch(id, &[metric]).await.unwrap();
        let model = format!("run-{id}/model/weights");
        let artifacts = [model.as_str(), "split", "../outside"].map(|path| ArtifactRow {
            kind: "model".into(),
            path: path.into(),
            sha256: "5ha".into(),
            bytes: 4,
        });
        for artifact in &artifacts[..2] {
            let path = folder.path().join(&artifact.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "data").unwrap();
        }
        let prediction =
            PredictionRow { image: "a".into(), patient: "C1".into(), label: 1, probability: 0.1 };
        store.finish_run(id, &RunResult::default(), &[prediction], &artifacts).await.unwrap();
    }
    store.close().await;
    (folder, database)
}
