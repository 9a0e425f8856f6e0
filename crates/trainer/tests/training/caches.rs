//! Feature caches: computed once, shared, and noticed when they are damaged.

use std::{
    fs,
    ops::ControlFlow,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use ranklab_settings::Network;
use ranklab_trainer::{Error, Event, Stop};

use crate::fixture::{COUNT, Squares, adapted, run, run_until, training, with_trial};

fn cache_file(events: &[Event]) -> (std::path::PathBuf, u64, bool) {
    match &events[0] {
        Event::Features { path: Some(path), bytes, reused, .. } => (path.clone(), *bytes, *reused),
        other => panic!("the first event is {other:?}"),
    }
}

#[test]
fn features_are_computed_once_for_trials_with_the_same_cut_and_told_in_size_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (first, events) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
    let (path, bytes, reused) = cache_file(&events);
    assert!(!reused);
    assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);

    // block4+block5 starts from block3_pool, as model_4 does.
    let network = adapted("block4+block5");
    let (_, events) = run(&images, &network, &training(1, 0), folder.path()).unwrap();
    assert!(cache_file(&events).2);
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);

    let (again, _) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
    assert_eq!(first.model_hash, again.model_hash);
}

#[test]
fn a_damaged_cache_is_noticed_and_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (first, events) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
    let (path, ..) = cache_file(&events);
    let whole = fs::read(&path).unwrap();
    for damage in ["a flipped bit", "a lost tail", "nothing but an empty file"] {
        let mut bytes = whole.clone();
        match damage {
            "a flipped bit" => bytes[whole.len() / 2] ^= 1,
            "a lost tail" => bytes.truncate(whole.len() - 1),
            _ => bytes.clear(),
        }
        // Written anew, as a map of the old file may still be open.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let (again, events) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
        assert!(!cache_file(&events).2, "{damage} was taken for a sound cache");
        assert_eq!(first.model_hash, again.model_hash);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn trials_that_want_the_same_features_at_once_compute_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap());
        }
    });
    assert_eq!(images.loaded.load(Ordering::Relaxed), COUNT);
}

#[test]
fn a_wish_to_stop_ends_the_wait_for_features_that_somebody_else_computes() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (_, events) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
    let (cache, ..) = cache_file(&events);
    fs::remove_file(&cache).unwrap();
    // Whoever computes features holds this locked.
    let lock = fs::File::options().write(true).open(cache.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let outcome = run_until(&images, &Network::Model4, &training(1, 0), folder.path(), &stop);
            matches!(outcome, Err(Error::Stopped))
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "it did not wait");
        stop.request();
        let asked = Instant::now();
        while !waiting.is_finished() && asked.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let stopped = waiting.is_finished();
        drop(lock);
        assert!(stopped && waiting.join().unwrap(), "it went on waiting");
    });
}

/// Where locks do not hold between hosts, another one may compute the same cache at the same time.
#[test]
fn a_cache_that_another_host_finished_meanwhile_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let images = Squares::new();
    let (first, events) = run(&images, &Network::Model4, &training(1, 0), folder.path()).unwrap();
    let (cache, ..) = cache_file(&events);
    let (finished, elsewhere) = (fs::read(&cache).unwrap(), cache.with_extension("elsewhere"));
    fs::rename(&cache, &elsewhere).unwrap();
    let (mut parts, mut again) = (0, None);
    with_trial(&images, &Network::Model4, &training(1, 0), folder.path(), |trial| {
        let outcome = trial.run(&mut |event| {
            if matches!(event, Event::FeatureProgress { .. }) && elsewhere.exists() {
                let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
                parts = names.filter(|path| path.extension().is_some_and(|kind| kind == "part")).count();
                fs::rename(&elsewhere, &cache).unwrap();
            }
            ControlFlow::Continue(())
        });
        again = Some(outcome.unwrap());
    });
    assert_eq!(parts, 1);
    assert_eq!(first.model_hash, again.unwrap().model_hash);
    assert_eq!(fs::read(&cache).unwrap(), finished);
    // The file of the other host is not replaced, and nothing of this one is left.
    let mut kinds: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path().extension().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["features", "lock"]);
}

#[test]
fn with_adapters_from_the_first_convolution_on_no_cache_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (outcome, events) = run(&Squares::new(), &adapted("all"), &training(1, 0), folder.path()).unwrap();
    assert!(matches!(events[0], Event::Features { path: None, .. }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(outcome.probabilities.len(), COUNT - 40);
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = run(&Squares::new(), &Network::Model4, &training(1, 0), &blocked.join("cache")).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("feature cache") && !message.contains('\n'), "{message}");
}
