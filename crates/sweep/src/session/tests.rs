//! Checkpoints and rows of runs after errors around them.

use std::fs;

use burn::tensor::Device;
use ranklab_runs::{DATABASE, FEATURES, Locations, runtime};
use ranklab_settings::Experiment;
use ranklab_store::{Liveness, RunStatus};
use tempfile::TempDir;

use super::*;
use crate::{Code, Plan, SweepSummary, execute};

/// A runs folder with a plan of one trial on generated images.
struct Fixture {
    folder: TempDir,
    plan: Plan,
}

impl Fixture {
    fn new(more: &[&str]) -> Self {
        let small =
            ["dataset=synthetic", "images=40", "patients=4", "image_size=32", "weights=random", "batch=16"];
        let settings = small.iter().chain(more).copied();
        let plan = Plan::new(&Experiment::default().with_overrides(settings).unwrap()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), plan }
    }

    fn context(&self) -> Context {
        let runs = self.folder.path().join("runs");
        Context {
            database: runs.join(DATABASE).into(),
            locations: Locations {
                features_folder: runs.join(FEATURES),
                runs_folder: runs,
                data_folder: self.folder.path().join("data"),
                imagenet_weights: "none".into(),
            },
            command: "ranklab sweep".to_owned(),
            jobs: 1,
            stop: ranklab_trainer::Stop::default(),
            code: Code::default(),
        }
    }

    /// Runs the sweep; `on_event` receives each event and may request a stop.
    fn sweep(
        &self,
        device_of: DeviceOf<'_>,
        on_event: impl Fn(&SweepEvent, &ranklab_trainer::Stop),
    ) -> SweepSummary {
        let context = self.context();
        execute(&self.plan, &context, device_of, &mut |event| on_event(&event, &context.stop)).unwrap()
    }

    /// A sweep that is stopped after its first checkpoint.
    fn interrupted(more: &[&str]) -> Self {
        let fixture = Self::new(more);
        let summary = fixture.sweep(&|_| Ok(Device::flex()), |event, stop| {
            if matches!(event, SweepEvent::Training { event: Event::Checkpoint(_), .. }) {
                stop.request();
            }
        });
        assert_eq!((summary.left, fixture.status()), (1, RunStatus::Interrupted));
        assert!(fixture.checkpoint().exists());
        fixture
    }

    fn checkpoint(&self) -> std::path::PathBuf {
        self.folder.path().join("runs/000001/checkpoint")
    }

    fn ask<T>(&self, ask: impl AsyncFnOnce(&Store) -> T) -> T {
        runtime().unwrap().block_on(async {
            let store = Store::open(&self.folder.path().join("runs").join(DATABASE)).await.unwrap();
            let answer = ask(&store).await;
            store.close().await;
            answer
        })
    }

    fn status(&self) -> RunStatus {
        self.ask(async |store| store.runs(&[1]).await.unwrap()[0].status)
    }
}

#[test]
fn a_device_that_gives_trouble_costs_a_run_no_checkpoint() {
    let fixture = Fixture::interrupted(&["rank=1", "epochs=400"]);
    let before = fs::read(fixture.checkpoint()).unwrap();
    let summary = fixture.sweep(&|_| Err("device: it is busy".to_owned()), |_, _| {});
    let [(_, reason)] = summary.failed.try_into().unwrap();
    assert_eq!(reason, "device: it is busy; run 1 keeps its checkpoint; repeat the command to resume it");
    assert_eq!(fixture.status(), RunStatus::Interrupted);
    assert!(fs::read(fixture.checkpoint()).unwrap() == before);
    // The same command, with the device back.
    let resumed = std::cell::Cell::new(false);
    fixture.sweep(&|_| Ok(Device::flex()), |event, stop| match event {
        SweepEvent::Notice(line) if line.contains("run 1 resumes after epoch") => resumed.set(true),
        SweepEvent::Training { .. } => stop.request(),
        _ => {}
    });
    assert!(resumed.get());
}

#[test]
fn a_run_without_a_checkpoint_fails_with_its_device() {
    let fixture = Fixture::new(&["rank=1", "epochs=1"]);
    let summary = fixture.sweep(&|_| Err("device: it is busy".to_owned()), |_, _| {});
    assert_eq!(summary.failed[0].1, "device: it is busy");
    assert_eq!(fixture.status(), RunStatus::Failed);
}

#[test]
fn a_run_that_another_process_took_over_is_left_alone_with_its_checkpoint() {
    // Of a kind that would end it, and of one that would interrupt it.
    for device in ["flex", "broken"] {
        let fixture = Fixture::interrupted(&["rank=1", "epochs=400"]);
        let take_over = |_: &str| {
            fixture.ask(async |store| {
                let run = store.runs(&[1]).await.unwrap().remove(0).start;
                assert_eq!(store.mark_interrupted(&|_| Liveness::Gone).await.unwrap(), [1]);
                assert_eq!(store.claim(&run, process_start().as_deref()).await.unwrap(), Claim::Continued(1));
            });
            fs::write(fixture.checkpoint(), b"the other's").unwrap();
            if device == "broken" { Err("device: it is busy".to_owned()) } else { Ok(Device::flex()) }
        };
        let summary = fixture.sweep(&take_over, |event, stop| {
            if matches!(event, SweepEvent::TrialInterrupted { .. }) {
                stop.request();
            }
        });
        assert_eq!((summary.left, summary.failed), (1, Vec::new()), "{device}");
        assert_eq!(fixture.status(), RunStatus::Running, "{device}");
        assert_eq!(fs::read(fixture.checkpoint()).unwrap(), b"the other's", "{device}");
    }
}

#[test]
fn a_run_that_starts_over_and_diverges_at_once_keeps_no_useless_checkpoint() {
    let fixture = Fixture::new(&["rank=1", "epochs=2", "lr=1e38"]);
    // Its configuration is claimed and left with a checkpoint that belongs to no run.
    fixture.sweep(&|_| Err("device: it is busy".to_owned()), |_, _| {});
    fixture.ask(async |store| {
        let run = store.runs(&[1]).await.unwrap().remove(0).start;
        store.delete_run(1).await.unwrap();
        assert_eq!(store.claim(&run, None).await.unwrap(), Claim::New(2));
        store.interrupt_run(2).await.unwrap();
    });
    let checkpoint = fixture.folder.path().join("runs/000002/checkpoint");
    fs::create_dir_all(checkpoint.parent().unwrap()).unwrap();
    fs::write(&checkpoint, b"of another program").unwrap();
    let summary = fixture.sweep(&|_| Ok(Device::flex()), |_, _| {});
    let [(_, reason)] = summary.diverged.try_into().unwrap();
    assert!(reason.contains("of epoch 1") && !reason.contains("is kept in"), "{reason}");
    assert_eq!(fixture.ask(async |store| store.artifacts(2).await.unwrap()), []);
    assert!(!checkpoint.exists());
}

#[test]
fn trouble_of_one_run_costs_the_others_of_its_group_nothing() {
    let fixture = Fixture::new(&["rank=1,2,3", "epochs=40"]);
    let context = Context { jobs: 3, ..fixture.context() };
    let met = std::cell::Cell::new(false);
    let summary = execute(&fixture.plan, &context, &|_| Ok(Device::flex()), &mut |event| match event {
        // Checkpoints are written while training goes on: the first one may come after the second event.
        SweepEvent::Training { event: Event::Checkpoint(_), .. }
            if fixture.checkpoint().exists() && !met.replace(true) =>
        {
            fixture.ask(async |store| {
                store.query("UPDATE runs SET owner = 'another handle' WHERE id = 1").await.unwrap();
                store.delete_run(2).await.unwrap();
            });
        }
        // It is another's, as far as its row says, and would be waited for.
        SweepEvent::TrialInterrupted { run: 1, .. } => context.stop.request(),
        _ => {}
    })
    .unwrap();
    assert_eq!((summary.finished, summary.left), (1, 1));
    assert_eq!(
        summary.failed,
        [("model_5 · block5 · rank 2".to_owned(), "run 2 was removed while it was trained".to_owned())]
    );
    let states = fixture.ask(async |store| {
        store.all_runs().await.unwrap().iter().map(|run| (run.id, run.status)).collect::<Vec<_>>()
    });
    assert_eq!(states, [(1, RunStatus::Running), (3, RunStatus::Finished)]);
    let runs = fixture.folder.path().join("runs");
    assert!(!runs.join("000002").exists(), "files of the removed run are left");
    assert!(runs.join("000003/model.safetensors").exists() && fixture.checkpoint().exists());
}
