//! Feature caches that are damaged after they were checked: named, never trained on, computed again.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    ops::ControlFlow,
    path::Path,
};

use ranklab_settings::{Network, TrainingConfig};
use ranklab_trainer::{Error, Event, run_together};

use crate::fixture::{COUNT, Squares, adapted, run, training, with_trial};

/// Something that happens to a cache in place.
type Damage<'a> = &'a dyn Fn(&Path);

/// Where records begin.
const HEADER: usize = 256;

fn overwrite(path: &Path, bytes: &[u8]) {
    // In place: whoever has it open sees it.
    OpenOptions::new().write(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn change(path: &Path, change: &dyn Fn(&mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    overwrite(path, &bytes);
}

fn records(bytes: &mut [u8]) -> std::slice::ChunksExactMut<'_, u8> {
    let record = (bytes.len() - HEADER) / COUNT - 4;
    bytes[HEADER..HEADER + record * COUNT].chunks_exact_mut(record)
}

/// Trains, and does `damage` to every cache when the second epoch begins.
fn damaged_in_use(network: &Network, training: &TrainingConfig, folder: &Path, damage: Damage<'_>) -> Error {
    with_trial(&Squares::new(), network, training, folder, |trial| {
        let mut caches = Vec::new();
        let outcome = run_together(&[trial], &mut |_, event| {
            match event {
                Event::Features { path: Some(path), .. } => caches.push(path),
                Event::EpochStarted { epoch: 2, .. } => caches.iter().for_each(|path| damage(path)),
                _ => {}
            }
            ControlFlow::Continue(())
        });
        outcome.expect_err("it trained on what was damaged")
    })
}

#[test]
fn a_cache_that_is_damaged_while_it_is_read_is_named_and_computed_again() {
    let damages: [(&str, &str, Damage<'_>); 5] = [
        ("a bit of every record flips", "have changed", &|path| {
            change(path, &|bytes| records(bytes).for_each(|record| record[17] ^= 4));
        }),
        ("numbers become NaN", "have changed", &|path| {
            change(path, &|bytes| records(bytes).for_each(|record| record[8..12].fill(0xff)));
        }),
        ("records change places", "have changed", &|path| {
            change(path, &|bytes| {
                let record = bytes[HEADER..].len() / COUNT - 4;
                bytes[HEADER..HEADER + COUNT * record].rotate_left(record);
            });
        }),
        ("a disk gives zeros", "have changed", &|path| {
            change(path, &|bytes| bytes[HEADER..].fill(0));
        }),
        ("its end is lost", "cannot be read", &|path| {
            OpenOptions::new().write(true).open(path).unwrap().set_len(300).unwrap();
        }),
    ];
    for network in [Network::Model4, adapted("block5")] {
        let folder = tempfile::tempdir().unwrap();
        let settings = training(3, 0);
        let (undisturbed, _) = run(&Squares::new(), &network, &settings, folder.path()).unwrap();
        for (what, expected, damage) in damages {
            let problem = damaged_in_use(&network, &settings, folder.path(), damage);
            let said = problem.to_string();
            assert!(matches!(problem, Error::DamagedCache { .. }), "{what}: {said}");
            assert!(
                said.contains(".features is damaged: the features of image ") && said.contains(expected),
                "{what}: {said}"
            );
            assert!(said.contains("repeat the command") && !said.contains('\n'), "{what}: {said}");
            // Whoever comes next does not use it.
            let (again, events) = run(&Squares::new(), &network, &settings, folder.path()).unwrap();
            let reused = events.iter().any(|event| matches!(event, Event::Features { reused: true, .. }));
            assert!(!reused, "{what}: it was used again");
            assert_eq!(again.model_hash, undisturbed.model_hash, "{what}");
        }
    }
}

#[test]
fn a_cache_that_is_damaged_before_the_frozen_part_is_computed_of_it_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (network, settings) = (adapted("block5"), training(1, 0));
    let problem = with_trial(&Squares::new(), &network, &settings, folder.path(), |trial| {
        let mut caches = Vec::new();
        let outcome = run_together(&[trial], &mut |_, event| {
            match event {
                Event::Features { path: Some(path), products_of: None, .. } => caches.push(path),
                Event::Features { products_of: Some(_), .. } => {
                    change(&caches[0], &|bytes| records(bytes).for_each(|record| record[0] ^= 1));
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
        outcome.expect_err("it computed with what was damaged")
    });
    assert!(matches!(problem, Error::DamagedCache { .. }), "{problem}");
    let whole = tempfile::tempdir().unwrap();
    let hash = |folder: &Path| run(&Squares::new(), &network, &settings, folder).unwrap().0.model_hash;
    assert_eq!(hash(folder.path()), hash(whole.path()));
}

#[test]
fn a_cache_of_an_earlier_format_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = training(1, 0);
    let (_, events) = run(&Squares::new(), &Network::Model4, &settings, folder.path()).unwrap();
    let Event::Features { path: Some(path), .. } = &events[0] else { panic!("{events:?}") };
    // As the version before wrote it: no checksums behind the records, another number in its first line.
    let mut bytes = fs::read(path).unwrap();
    assert!(bytes.starts_with(b"ranklab features 4\n"));
    bytes[17] = b'3';
    bytes.truncate(bytes.len() - 4 * COUNT);
    fs::write(path, bytes).unwrap();
    let (_, events) = run(&Squares::new(), &Network::Model4, &settings, folder.path()).unwrap();
    assert!(matches!(&events[0], Event::Features { reused: false, .. }), "{:?}", events[0]);
}
