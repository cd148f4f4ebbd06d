//! The fuzz targets with the seeds that are kept: what a fuzzer once found stays found.

use std::fs;
use std::path::Path;

#[expect(
    unreachable_pub,
    reason = "it is a crate of its own where a fuzzer drives it"
)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn every_seed_passes() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in targets::TARGETS {
        let files = fs::read_dir(seeds.join(name)).unwrap();
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            // A panic tells where, but not with what.
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
        target(&[]);
    }
}

#[test]
fn every_target_is_a_binary_of_the_fuzz_crate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut binaries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    binaries.sort();
    let mut targets = targets::TARGETS.map(|(name, _)| name.to_owned());
    targets.sort();
    assert_eq!(binaries, targets);
}
