//! Many seeds on all cores: each run is a world of its own, and one that fails says how it is repeated.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs `SANLING_SIM_SEED` alone, or the first `SANLING_SIM_SEEDS` (else `count`), and sums what they return.
pub fn each(test: &str, count: u64, run: impl Fn(u64) -> BTreeMap<String, u64> + Sync) -> BTreeMap<String, u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("SANLING_SIM_SEED") {
        let lived = run(seed);
        println!("{lived:#?}");
        return lived;
    }
    let count = number("SANLING_SIM_SEEDS").unwrap_or(count);
    let (next, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let sum: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count || failed.lock().is_ok_and(|failed| !failed.is_empty()) {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run(seed))) {
                        Ok(lived) => {
                            let mut sum = sum.lock().expect("nobody panics with it");
                            lived.into_iter().for_each(|(what, times)| *sum.entry(what).or_default() += times);
                        }
                        Err(_) => failed.lock().expect("nobody panics with it").push(seed),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics with it");
    if let Some(seed) = failed.first() {
        panic!("seed {seed} failed; repeat it with\n    SANLING_SIM_SEED={seed} cargo test --test sim {test}");
    }
    let sum = sum.into_inner().expect("nobody panics with it");
    println!("{count} seeds: {sum:#?}");
    sum
}
