//! What was found is tried again: the seeds of each target, and its corpus.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, seeds};

/// Most files of a target and bytes of all, so that a clone stays quick.
const FILES_MAX: usize = 250;
const BYTES_MAX: usize = 2 << 20;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    files
}

#[test]
fn every_target_holds_on_its_seeds() {
    for target in TARGETS {
        let seeds = seeds::of(target.name);
        assert!(!seeds.is_empty(), "{}", target.name);
        for seed in &seeds {
            (target.run)(seed);
        }
    }
}

#[test]
fn every_target_holds_on_its_corpus() {
    for target in TARGETS {
        let files = files(&corpus().join(target.name));
        assert!((1..=FILES_MAX).contains(&files.len()), "{}", target.name);
        for file in files {
            // The name of the file is in the output of a test that fails.
            println!("{}", file.display());
            (target.run)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn a_target_holds_on_the_seeds_of_all_others() {
    let seeds: Vec<Vec<u8>> = TARGETS.iter().flat_map(|it| seeds::of(it.name)).collect();
    for target in TARGETS {
        seeds.iter().for_each(|seed| (target.run)(seed));
        (target.run)(&[]);
    }
}

#[test]
fn the_corpus_is_of_these_targets_and_small() {
    let folders: BTreeSet<String> = files(&corpus())
        .iter()
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
        .collect();
    let names: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(folders, names);
    let bytes: u64 = files(&corpus())
        .iter()
        .flat_map(|folder| files(folder))
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(bytes <= BYTES_MAX as u64, "{bytes} bytes");
}
