//! Maps of growing size, with keys that are chosen to make look-ups slow.
//!
//! The time of a look-up should grow no faster than the logarithm of the number of keys. An insertion
//! may also have to move the part of the index that follows the new key.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use neovm::{StackItem, types::Map};
use neovm_bench::criterion;

const SIZES: [i64; 3] = [10, 100, 1_000];

/// A kind of key: its name, and a function that returns the key with a given number.
type Keys = (&'static str, fn(i64) -> StackItem);

const KINDS: [Keys; 4] = [
    ("ascending", |n| n.into()),
    ("descending", |n| (-n).into()),
    ("bits reversed", |n| n.reverse_bits().into()),
    ("64 bytes, the last two differ", |n| [&[b'a'; 62][..], &(n as u16).to_be_bytes()].concat().as_slice().into()),
];

fn main() {
    let mut criterion = criterion();
    for (name, key) in KINDS {
        for size in SIZES {
            bench(&mut criterion, &format!("{name}, {size}"), &(0..size).map(key).collect::<Vec<_>>());
        }
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, id: &str, keys: &[StackItem]) {
    let mut group = criterion.benchmark_group("map keys");
    group.throughput(Throughput::Elements(keys.len() as u64));
    group.bench_function(format!("insert, {id}"), |bencher| bencher.iter(|| filled(keys)));
    let map = filled(keys);
    group.bench_function(format!("look up, {id}"), |bencher| {
        bencher.iter(|| keys.iter().for_each(|key| drop(black_box(map.get(key)))));
    });
    group.finish();
}

fn filled(keys: &[StackItem]) -> Map {
    let map = Map::default();
    for key in keys {
        map.insert(key.clone(), 1.into()).expect("a key");
    }
    map
}
