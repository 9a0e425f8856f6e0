//! Every target on its corpus, and on so many mutations of it. `RANKLAB_MUTATIONS=10` makes it ten times as many,
//! `RANKLAB_FUZZ_SECONDS` as many as fit into that time; `just fuzz` is guided by coverage.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test may panic.

use std::{
    fs,
    io::Write,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ranklab_hostile::{TARGETS, Target};

/// Pseudo-random numbers of a seed (Steele et al. 2014, SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Bytes that often mean something: bounds of numbers, separators, digits.
const TELLING: [&[u8]; 14] = [
    &[0],
    &[0xff],
    &[0x7f, 0xff, 0xff, 0xff],
    &[0xff; 4],
    &[0xff; 8],
    &[0x80],
    &[0, 0, 0, 0x80],
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"nan",
    b"..",
    b"=,",
    b"[[",
];

/// One to eight changes of an input.
fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(8) {
        let place = random.below(bytes.len());
        let length = random.below(16).min(bytes.len() - place.min(bytes.len()));
        let telling = TELLING[random.below(TELLING.len())];
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[place] = random.next() as u8,
            2 => {
                bytes.splice(place..place, telling.iter().copied());
            }
            3 => {
                let end = (place + telling.len()).min(bytes.len());
                bytes.splice(place..end, telling.iter().copied());
            }
            4 => {
                bytes.drain(place..place + length);
            }
            5 => {
                let again = bytes[place..place + length].to_vec();
                bytes.splice(place..place, again);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                bytes.truncate(place);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|problem| panic!("{}: {problem}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Feeds one input; one that panics is kept in a file and named.
fn feed(name: &str, target: Target, input: &[u8], of: &str) {
    if panic::catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let kept = tempfile::Builder::new().prefix(&format!("ranklab-fuzz-{name}-")).tempfile().unwrap();
        let (mut file, path) = kept.keep().unwrap();
        file.write_all(input).unwrap();
        panic!("{name} panics on {of}, which is kept in {}", path.display());
    }
}

/// The corpus, then mutations: `count` of them or a multiple, the same ones every time, or as many as fit into the time
/// asked for.
fn run(name: &str, count: u64) {
    let (_, target) = *TARGETS.iter().find(|(found, _)| *found == name).unwrap();
    let setting = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seconds = setting("RANKLAB_FUZZ_SECONDS");
    let count = count * setting("RANKLAB_MUTATIONS").unwrap_or(1);
    let kept = corpus(name);
    assert!(!kept.is_empty(), "{name} has no corpus");
    for (path, input) in &kept {
        feed(name, target, input, &path.display().to_string());
    }
    let inputs: Vec<Vec<u8>> = kept.into_iter().map(|(_, input)| input).collect();
    let started = Instant::now();
    let mut random = Random(5);
    let mut fed = 0;
    while seconds.map_or(fed < count, |seconds| started.elapsed() < Duration::from_secs(seconds)) {
        feed(name, target, &mutate(&mut random, &inputs), &format!("mutation {fed}"));
        fed += 1;
    }
    println!("{name}: {} inputs kept, {fed} mutations", inputs.len());
}

#[test]
fn hostile_overrides() {
    run("overrides", 100_000);
}

#[test]
fn hostile_experiment_files() {
    run("experiment", 2000);
}

#[test]
fn hostile_zips_of_images() {
    run("images", 2000);
}

#[test]
fn hostile_manifests() {
    run("manifest", 100);
}

#[test]
fn hostile_weights_files() {
    run("trunk_weights", 2000);
}

#[test]
fn hostile_trained_models() {
    run("trained_model", 200_000);
}

#[test]
fn hostile_peft_adapters() {
    run("peft_adapter", 2000);
}

#[test]
fn hostile_checkpoints() {
    run("checkpoint", 500_000);
}

#[test]
fn hostile_pngs() {
    run("png", 200_000);
}

#[test]
fn every_target_is_run_here_and_has_a_program_for_libfuzzer() {
    for (name, _) in TARGETS {
        assert!(include_str!("mutations.rs").contains(&format!("    run(\"{name}\", ")), "{name} is not run");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fuzz/fuzz_targets/{name}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(program.contains(&format!("ranklab_hostile::{name}(data)")), "{name}");
    }
}
